// Π_k by radix selection: the threshold's digits, 11 + 11 + 10 bits from the top, are found one after the other by counting
// how many entries have each value of it; then the mask is written. The vector is read for the first two digits and for the
// mask; for the third only those few entries that have the first. All segments go together, in five launches, or four where
// the update has counted the first digit already; nothing waits for the host.
//
// Keys order as the floats do, as in ops/selection.cpp, with which this agrees bit for bit. The host could learn of a NaN
// by waiting alone, so a NaN becomes one in the mask, and so in the loss.
#include <cmath>
#include <limits>

#include "selection.cuh"

namespace mb::cuda {
namespace {

template <bool magnitude>
__global__ void count_first(Pieces pieces, Workspace workspace, const float* values) {
  const Part part = part_of(pieces);
  if (!is_split(part.piece)) return;
  count_digit<0>(pieces, part, workspace.searches[part.s], [&](auto add) {
    for_part<group>(
        pieces, part, [=](int64_t i) { return values[i]; },
        [&](int64_t, float value) { add(key_of<magnitude>(value)); });
  });
}

template <bool magnitude>
__global__ void count_second(Pieces pieces, Workspace workspace, const float* values) {
  __shared__ uint32_t found_count;
  const Part part = part_of(pieces);
  if (!is_split(part.piece)) return;
  if (threadIdx.x == 0) found_count = 0;
  ThresholdSearch& search = workspace.searches[part.s];
  const uint32_t first = search.prefix[0];
  float* const candidates = workspace.candidates + size_t{blockIdx.x} * pieces.chunk;
  count_digit<1>(pieces, part, search, [&](auto add) {
    for_part<group>(
        pieces, part, [=](int64_t i) { return values[i]; },
        [&](int64_t, float value) {
          const uint32_t key = key_of<magnitude>(value);
          if (key >> shift<0> != first) return;
          add(key);
          candidates[atomicAdd(&found_count, 1u)] = value;
        });
    __syncthreads();
    if (threadIdx.x == 0) workspace.count[blockIdx.x] = found_count;
  });
}

template <bool magnitude>
__global__ void count_third(Pieces pieces, Workspace workspace) {
  const Part part = part_of(pieces);
  if (!is_split(part.piece)) return;
  ThresholdSearch& search = workspace.searches[part.s];
  const uint32_t prefix = search.prefix[1], length = workspace.count[blockIdx.x];
  const float* const candidates = workspace.candidates + size_t{blockIdx.x} * pieces.chunk;
  count_digit<2>(pieces, part, search, [&](auto add) {
    for (uint32_t e = threadIdx.x; e < length; e += threads) {
      const uint32_t key = key_of<magnitude>(candidates[e]);
      if (key >> shift<1> == prefix) add(key);
    }
  });
}

// Entries with key >= from are kept, but for the first `dropped` of those with key == from.
struct Threshold {
  uint32_t from, dropped;
};

__device__ Threshold threshold_of(const Piece& piece, const ThresholdSearch& search, uint32_t above) {
  Threshold threshold{0, 0};
  if (is_split(piece)) {
    threshold = {search.prefix[2], search.rank[2]};
  } else if (piece.drop > 0) {
    threshold = {0xffffffffu, 0};  // no number has that key
  }
  if (above > threshold.from) threshold = {above, 0};
  return threshold;
}

// The smallest magnitude that is kept: 0 where all are, infinite where none is.
__device__ float min_kept_magnitude(const Piece& piece, const ThresholdSearch& search) {
  if (is_split(piece)) return same_bits<float>(search.prefix[2] >> 1);
  return same_bits<float>(piece.drop > 0 ? 0x7f800000u : 0u);
}

// An entry of the mask; `last` is used only where `relative`. That is a kernel of its own, because one for both takes more
// registers, so that fewer of its blocks would run at once.
template <bool relative>
__device__ float entry_of(float value, bool bit, float alpha, const Mix& mix, float last) {
  if (value != value) return value;
  if (alpha == 1) return bit ? 1.0f : 0.0f;
  if (!relative) return (1 - alpha) * clip(value, mix.low, mix.high) + (bit ? alpha : 0.0f);
  const float ratio = fabsf(value) / last * 0.5f;  // NaN where both are 0 or infinite
  return (1 - alpha) * (ratio < 1 ? ratio : 1.0f) + (bit ? alpha : 0.0f);
}

template <bool magnitude, bool relative>
__global__ void write_mask(Pieces pieces, Workspace workspace, const float* values, uint32_t above, Mix mix, float* mask) {
  __shared__ uint32_t equal;
  if (threadIdx.x == 0) equal = 0;
  __syncthreads();
  const Part part = part_of(pieces);
  const Threshold threshold = threshold_of(part.piece, workspace.searches[part.s], above);
  const float alpha = static_cast<float>(value_of(mix.alpha));
  const float last = relative ? min_kept_magnitude(part.piece, workspace.searches[part.s]) : 0;
  uint32_t own = 0;
  for_part<group>(
      pieces, part, [=](int64_t i) { return values[i]; },
      [&](int64_t i, float value) {
        const uint32_t key = key_of<magnitude>(value);
        mask[i] = entry_of<relative>(value, key >= threshold.from, alpha, mix, last);
        own += key == threshold.from;
      });
  if (own > 0) atomicAdd(&equal, own);
  __syncthreads();
  if (threadIdx.x == 0) workspace.ties[blockIdx.x] = equal;
}

// Drops the first of the entries that tie with the threshold, in order.
template <bool magnitude, bool relative>
__global__ void drop_ties(Pieces pieces, Workspace workspace, const float* values, uint32_t above, Mix mix, float* mask) {
  __shared__ uint32_t sums[threads];
  const Part part = part_of(pieces);
  const Threshold threshold = threshold_of(part.piece, workspace.searches[part.s], above);
  if (threshold.dropped == 0 || workspace.ties[blockIdx.x] == 0) return;
  uint32_t earlier = 0;
  for (uint32_t b = part.piece.first + threadIdx.x; b < blockIdx.x; b += threads) earlier += workspace.ties[b];
  scan(sums, earlier);
  const uint32_t before = sums[threads - 1];
  if (before >= threshold.dropped) return;
  __syncthreads();
  // Each thread takes neighbours here, so that the order is that of the threads.
  const uint32_t entries = pieces.chunk / threads;
  const uint32_t begin = threadIdx.x * entries;
  const int64_t from = part.from - threadIdx.x + begin;
  const auto tied = [&](uint32_t e) {
    return begin + e < part.length && key_of<magnitude>(values[from + e]) == threshold.from;
  };
  uint32_t own = 0;
  for (uint32_t e = 0; e < entries; ++e) own += tied(e);
  scan(sums, own);
  uint32_t tie = before + sums[threadIdx.x] - own;
  const float alpha = static_cast<float>(value_of(mix.alpha));
  const float last = relative ? min_kept_magnitude(part.piece, workspace.searches[part.s]) : 0;
  for (uint32_t e = 0; e < entries && tie < threshold.dropped; ++e) {
    if (!tied(e)) continue;
    mask[from + e] = entry_of<relative>(values[from + e], false, alpha, mix, last);
    ++tie;
  }
}

template <bool magnitude, bool relative>
void launch_projection(const Selection& selection, const float* values, bool counted, float floor, Mix mix, float* mask,
                void* stream) {
  uint32_t above = 0;
  if (floor != -std::numeric_limits<float>::infinity() && !(magnitude && floor < 0)) {
    above = key_of<magnitude>(floor) + 1;
  }
  launch_in_groups(selection, [&](Pieces pieces, const Workspace& workspace) {
    const auto by = [&](auto kernel, auto... more) {
      launch(kernel, pieces.blocks, stream, pieces, workspace, more...);
    };
    if (!counted) by(count_first<magnitude>, values);
    pieces.backwards = true;
    by(count_second<magnitude>, values);
    by(count_third<magnitude>);
    pieces.backwards = false;
    by(write_mask<magnitude, relative>, values, above, mix, mask);
    by(drop_ties<magnitude, relative>, values, above, mix, mask);
  });
}

}  // namespace

size_t selection_bytes(const Segment* segments, int64_t count) {
  const uint32_t chunk = chunk_of(segments, count);
  const size_t each = 2 * sizeof(uint32_t) + chunk * sizeof(float);
  return static_cast<size_t>(count) * sizeof(ThresholdSearch) + blocks_of(segments, count, chunk) * each;
}

void project_top_k(const Selection& selection, const float* values, bool counted, float floor, Mix mix, float* mask,
                   void* stream) {
  auto run = launch_projection<false, false>;
  if (selection.magnitude) run = mix.relative ? launch_projection<true, true> : launch_projection<true, false>;
  run(selection, values, counted, floor, mix, mask, stream);
}

}  // namespace mb::cuda
