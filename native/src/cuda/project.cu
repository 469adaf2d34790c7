// Π_k by radix selection: the threshold's digits, 11 + 11 + 10 bits from the top, are found one after the other by counting
// how many entries have each value of it; then the mask is written. The vector is read for the first two digits and for the
// mask; for the third only those few entries that have the first. All segments go together, in five launches, or four where
// the update has counted the first digit already; nothing waits for the host.
//
// Keys order as the floats do, as in ops/selection.cpp, with which this agrees bit for bit. The host could learn of a NaN
// by waiting alone, so a NaN becomes one in the mask, and so in the loss.
#include <algorithm>
#include <cmath>
#include <limits>

#include "device.cuh"

namespace mb::cuda {
namespace {

constexpr int max_pieces = 128;  // in one launch: kernels take 4 kB of parameters
constexpr uint32_t group = 8;    // values that a thread loads at once
constexpr int64_t max_blocks = 1024;  // more of them would wait for the first to end
constexpr uint32_t bins = 2048;
// How far right a key moves for a digit to be its last.
template <int digit>
constexpr int shift = digit == 0 ? 21 : digit == 1 ? 10 : 0;

struct Piece {
  int64_t offset;
  uint32_t length, drop;
  uint32_t first;  // the index of its first block
};

struct Pieces {
  int count;
  uint32_t blocks;
  uint32_t chunk;  // entries for each block
  bool backwards;  // each block takes its last entries first
  Piece at[max_pieces];
};

// What is known of one segment's threshold. `prefix[d]`, `rank[d]`: its digits down to the d-th, and its rank among the
// entries that have them. The histogram and the ticket are zeros between two launches.
struct ThresholdSearch {
  uint32_t histogram[bins];
  uint32_t ticket, prefix[3], rank[3];
};

// A selection's device memory, see selection_bytes.
struct Workspace {
  ThresholdSearch* searches;  // by segment
  uint32_t* ties;             // by block
  uint32_t* count;            // by block: how many of its entries have the first digit looked for
  float* candidates;          // those, in any order; `chunk` of them for each block, as many as it may have
};

uint32_t chunk_of(const Segment* segments, int64_t count) {
  int64_t length = 0;
  for (int64_t s = 0; s < count; ++s) length += segments[s].length;
  const int64_t grain = int64_t{threads} * group;
  return static_cast<uint32_t>(grain * std::clamp<int64_t>((length + grain * max_blocks - 1) / (grain * max_blocks), 1, 64));
}

__host__ __device__ uint32_t chunks_of(int64_t length, uint32_t chunk) {
  return static_cast<uint32_t>((length + chunk - 1) / chunk);
}

size_t blocks_of(const Segment* segments, int64_t count, uint32_t chunk) {
  size_t blocks = 0;
  for (int64_t s = 0; s < count; ++s) blocks += chunks_of(segments[s].length, chunk);
  return blocks;
}

// Calls body(pieces, workspace) for as many segments at a time as fit in one launch.
template <typename Body>
void launch_in_groups(const Selection& selection, const Body& body) {
  const uint32_t chunk = chunk_of(selection.segments, selection.count);
  Workspace workspace{};
  workspace.searches = static_cast<ThresholdSearch*>(selection.workspace);
  workspace.ties = reinterpret_cast<uint32_t*>(workspace.searches + selection.count);
  const size_t blocks = blocks_of(selection.segments, selection.count, chunk);
  workspace.count = workspace.ties + blocks;
  workspace.candidates = reinterpret_cast<float*>(workspace.count + blocks);
  for (int64_t begin = 0; begin < selection.count; begin += max_pieces) {
    Pieces pieces{};
    pieces.chunk = chunk;
    for (int64_t s = begin; s < std::min(selection.count, begin + max_pieces); ++s) {
      const Segment& segment = selection.segments[s];
      pieces.at[pieces.count++] = {segment.offset, static_cast<uint32_t>(segment.length),
                                   static_cast<uint32_t>(segment.drop), pieces.blocks};
      pieces.blocks += chunks_of(segment.length, chunk);
    }
    if (pieces.blocks > 0) body(pieces, workspace);
    workspace.searches += pieces.count;
    workspace.ties += pieces.blocks;
    workspace.count += pieces.blocks;
    workspace.candidates += size_t{pieces.blocks} * chunk;
  }
}

template <bool magnitude>
__host__ __device__ uint32_t key_of(float value) {
  uint32_t bits = same_bits<uint32_t>(value);
  if (magnitude) return bits << 1;
  if (bits == 0x80000000u) bits = 0;  // −0 and 0 are one
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

// A segment has a threshold only where some of its entries are kept and some are not.
__device__ bool is_split(const Piece& piece) { return piece.drop > 0 && piece.drop < piece.length; }

// Finds the bin that holds the entry of the rank looked for, and clears the histogram.
template <int digit>
__device__ void choose_bin(const Piece& piece, ThresholdSearch& search) {
  __shared__ uint32_t sums[threads];
  constexpr uint32_t share = bins / threads;
  const volatile uint32_t* const histogram = search.histogram + threadIdx.x * share;
  uint32_t counted[share], own = 0;
  for (uint32_t b = 0; b < share; ++b) counted[b] = histogram[b];
  for (uint32_t b = 0; b < share; ++b) own += counted[b];
  scan(sums, own);
  const uint32_t rank = digit == 0 ? piece.drop : search.rank[digit > 0 ? digit - 1 : 0];
  const uint32_t above = digit == 0 ? 0 : search.prefix[digit > 0 ? digit - 1 : 0] << (digit == 2 ? 10 : 11);
  uint32_t before = sums[threadIdx.x] - own;
  for (uint32_t b = 0; b < share; ++b) {
    if (rank >= before && rank - before < counted[b]) {
      search.prefix[digit] = above | (threadIdx.x * share + b);
      search.rank[digit] = rank - before;
    }
    before += counted[b];
  }
  for (uint32_t b = 0; b < share; ++b) search.histogram[threadIdx.x * share + b] = 0;
}

// A block's part of the vector.
struct Part {
  const Piece& piece;
  int s;
  uint32_t length;  // entries
  int64_t from;     // this thread's first
};

__device__ Part part_of(const Pieces& pieces) {
  const int s = piece_index(pieces);
  const Piece& piece = pieces.at[s];
  const uint32_t begin = (blockIdx.x - piece.first) * pieces.chunk, left = piece.length - begin;
  return {piece, s, left < pieces.chunk ? left : pieces.chunk, piece.offset + begin + threadIdx.x};
}

// Calls body(i, load(i)) for the indices i in the vector of a block's entries, `group` of a thread's at once. A launch that
// goes backwards begins with what the one before read last, which the cache still has.
template <uint32_t group, typename Load, typename Body>
__device__ void for_part(const Pieces& pieces, const Part& part, Load load, Body body) {
  constexpr uint32_t reach = group * threads;
  const uint32_t groups = pieces.chunk / reach;
  for (uint32_t g = 0; g < groups; ++g) {
    uint32_t e = (pieces.backwards ? groups - 1 - g : g) * reach;
    if (e + threadIdx.x + reach - threads < part.length) {
      load_together<group>([&](uint32_t n) { return load(part.from + e + n * threads); },
                     [&](uint32_t n, const auto& loaded) { body(part.from + e + n * threads, loaded); });
      continue;
    }
    const uint32_t end = part.length < e + reach ? part.length : e + reach;
    for (; e + threadIdx.x < end; e += threads) body(part.from + e, load(part.from + e));
  }
}

// Counts one digit of the keys that body(add) adds for a block's part of its segment. The segment's last block chooses.
template <int digit, typename Body>
__device__ void count_digit(const Pieces& pieces, const Part& part, ThresholdSearch& search, Body body) {
  __shared__ uint32_t counts[bins];
  for (uint32_t b = threadIdx.x; b < bins; b += threads) counts[b] = 0;
  __syncthreads();
  body([&](uint32_t key) { atomicAdd(&counts[key >> shift<digit> & (digit == 2 ? 1023u : 2047u)], 1u); });
  if (!is_split(part.piece)) return;
  __syncthreads();
  for (uint32_t b = threadIdx.x; b < bins; b += threads) {
    if (counts[b] > 0) atomicAdd(&search.histogram[b], counts[b]);
  }
  if (is_last_block(&search.ticket, chunks_of(part.piece.length, pieces.chunk))) choose_bin<digit>(part.piece, search);
}

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

// The update of one entry.
struct Update {
  float *latent, *velocity;
  const float* gradient;
  Descent by;
  struct Entry {
    float z, v, g;
  };
  __device__ Entry load(int64_t i) const { return {latent[i], velocity[i], gradient[i]}; }
  // Gives the latent afterwards.
  __device__ float step(int64_t i, const Entry& entry, float rate) const {
    const float z = entry.z;
    const float sign = static_cast<float>(z > 0) - static_cast<float>(z < 0);
    const float g = (by.straight_through ? entry.g * sign : entry.g) + by.decay * (z - by.centre);
    const float v = by.momentum * entry.v + g;
    velocity[i] = v;
    return latent[i] = clip(z - rate * v, by.low, by.high);
  }
};

struct UpdateWithoutCount {
  Update update;
  __device__ void operator()(int64_t i) const {
    update.step(i, update.load(i), static_cast<float>(value_of(update.by.rate)));
  }
};

template <bool magnitude>
__global__ void update_and_count(Pieces pieces, Workspace workspace, Update update) {
  const Part part = part_of(pieces);
  const float rate = static_cast<float>(value_of(update.by.rate));
  count_digit<0>(pieces, part, workspace.searches[part.s], [&](auto add) {
    for_part<group / 2>(  // of three values each
        pieces, part, [=](int64_t i) { return update.load(i); },
        [&](int64_t i, const Update::Entry& entry) {
          add(key_of<magnitude>(update.step(i, entry, rate)));
        });
  });
}

struct AdamUpdate {
  float *latent, *first, *second;
  const float* gradient;
  Adam by;
  __device__ void operator()(int64_t i) const {
    const float z = latent[i], g = gradient[i] + by.decay * z;
    const float mean = by.beta1 * first[i] + by.rest1 * g, square = by.beta2 * second[i] + by.rest2 * (g * g);
    const float size = static_cast<float>(value_of(by.size)), root = static_cast<float>(value_of(by.root));
    first[i] = mean;
    second[i] = square;
    latent[i] = clip(z - size * mean / (sqrtf(square) / root + by.epsilon), by.low, by.high);
  }
};

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

void descend(float* latent, float* velocity, const float* gradient, int64_t length, const Descent& by,
             const Selection* counting, void* stream) {
  const Update update{latent, velocity, gradient, by};
  if (!counting) return for_each(length, stream, UpdateWithoutCount{update});
  launch_in_groups(*counting, [&](const Pieces& pieces, const Workspace& workspace) {
    const auto kernel = counting->magnitude ? update_and_count<true> : update_and_count<false>;
    launch(kernel, pieces.blocks, stream, pieces, workspace, update);
  });
}

void descend_adam(float* latent, float* first, float* second, const float* gradient, int64_t length, const Adam& by,
                  void* stream) {
  for_each(length, stream, AdamUpdate{latent, first, second, gradient, by});
}

}  // namespace mb::cuda
