// Π_k by radix selection: the threshold's digits, 11 + 11 + 10 bits from the top, are found one after the other by counting
// how many entries have each value of it; then the mask is written. All segments go together, in five launches, or four
// where the update has counted the first digit already; nothing waits for the host.
//
// Keys order as the floats do, as in ../projection.cpp, with which this agrees bit for bit. A NaN can't be told to the host
// without waiting: it becomes a NaN in the mask, and so in the loss.
#include <algorithm>
#include <limits>

#include "device.cuh"

namespace mb::cuda {
namespace {

constexpr int most_pieces = 128;  // in one launch: kernels take 4 kB of parameters
constexpr uint32_t group = 8;     // entries that a thread has under way at once
constexpr uint32_t few = 2, many = 8;  // groups of a thread: few for the sake of waiting, many for the histograms'
constexpr int64_t long_from = int64_t{1} << 22;  // entries of a selection that has many
constexpr uint32_t bins = 2048;
constexpr int shifts[] = {21, 10, 0};

struct Piece {
  int64_t offset;
  uint32_t length, drop;
  uint32_t first;  // of its blocks
};

struct Pieces {
  int count;
  uint32_t blocks;
  uint32_t chunk;  // entries of a block
  Piece at[most_pieces];
};

// Of one segment. `prefix[d]`, `rank[d]`: the threshold's digits down to the d-th, and its place among the entries that
// have them. The histogram and the ticket are zeros between two launches.
struct Found {
  uint32_t histogram[bins];
  uint32_t ticket, prefix[3], rank[3];
};

uint32_t chunk_of(const Selected* segments, int64_t count) {
  int64_t length = 0;
  for (int64_t s = 0; s < count; ++s) length += segments[s].length;
  return threads * group * (length >= long_from ? many : few);
}

__host__ __device__ uint32_t chunks_of(int64_t length, uint32_t chunk) {
  return static_cast<uint32_t>((length + chunk - 1) / chunk);
}

// Calls body(pieces, found, ties), for as many segments at a time as fit: `ties` has a place for every block.
template <typename Body>
void in_groups(const Selection& selection, const Body& body) {
  Found* found = static_cast<Found*>(selection.room);
  uint32_t* ties = reinterpret_cast<uint32_t*>(found + selection.count);
  const uint32_t chunk = chunk_of(selection.segments, selection.count);
  for (int64_t begin = 0; begin < selection.count; begin += most_pieces) {
    Pieces pieces{};
    pieces.chunk = chunk;
    for (int64_t s = begin; s < std::min(selection.count, begin + most_pieces); ++s) {
      const Selected& segment = selection.segments[s];
      pieces.at[pieces.count++] = {segment.offset, static_cast<uint32_t>(segment.length),
                                   static_cast<uint32_t>(segment.drop), pieces.blocks};
      pieces.blocks += chunks_of(segment.length, chunk);
    }
    if (pieces.blocks > 0) body(pieces, found, ties);
    found += pieces.count;
    ties += pieces.blocks;
  }
}

template <bool magnitude>
__host__ __device__ uint32_t key_of(float value) {
  uint32_t bits = same_bits<uint32_t>(value);
  if (bits == 0x80000000u) bits = 0;  // −0 and 0 are one
  if (magnitude) return bits & 0x7fffffffu;
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

// Finds the bin that holds the entry of the rank looked for, and clears the histogram.
template <int digit>
__device__ void choose(const Piece& piece, Found& found) {
  __shared__ uint32_t sums[threads];
  constexpr uint32_t share = bins / threads;
  const volatile uint32_t* const counted = found.histogram + threadIdx.x * share;
  uint32_t own = 0;
  for (uint32_t b = 0; b < share; ++b) own += counted[b];
  scan(sums, own);
  const uint32_t rank = digit == 0 ? piece.drop - 1 : found.rank[digit > 0 ? digit - 1 : 0];
  uint32_t before = sums[threadIdx.x] - own;
  if (rank >= before && rank < before + own) {
    uint32_t bin = 0;
    while (rank >= before + counted[bin]) before += counted[bin++];
    const uint32_t above = digit == 0 ? 0 : found.prefix[digit > 0 ? digit - 1 : 0] << (digit == 2 ? 10 : 11);
    found.prefix[digit] = above | (threadIdx.x * share + bin);
    found.rank[digit] = rank - before;
  }
  for (uint32_t b = 0; b < share; ++b) found.histogram[threadIdx.x * share + b] = 0;
}

// Calls body(i, load(i)) for the places i in the vector of a block's entries. A thread's loads of a group are all under way
// before the first is looked at: one after the other, they would use a third of the memory's bandwidth.
template <typename Load, typename Body>
__device__ void over_block(const Pieces& pieces, const Piece& piece, Load load, Body body) {
  const uint32_t begin = (blockIdx.x - piece.first) * pieces.chunk, room = piece.length - begin;
  const uint32_t length = room < pieces.chunk ? room : pieces.chunk;
  const int64_t from = piece.offset + begin;
  uint32_t e = threadIdx.x;
  for (; e + (group - 1) * threads < length; e += group * threads) {
    decltype(load(from)) loaded[group];
    for (uint32_t g = 0; g < group; ++g) loaded[g] = load(from + e + g * threads);
    for (uint32_t g = 0; g < group; ++g) body(from + e + g * threads, loaded[g]);
  }
  for (; e < length; e += threads) body(from + e, load(from + e));
}

// Counts one digit of a block's entries; key(i, load(i)) gives that of the entry at place i of the vector. The last block
// of a segment chooses.
template <int digit, typename Load, typename Key>
__device__ void count(const Pieces& pieces, Found* all, Load load, Key key) {
  __shared__ uint32_t counts[bins];
  const int s = piece_of(pieces);
  const Piece& piece = pieces.at[s];
  Found& found = all[s];
  const bool wanted = piece.drop > 0;
  if (digit > 0 && !wanted) return;
  const uint32_t prefix = digit > 0 ? found.prefix[digit > 0 ? digit - 1 : 0] : 0;
  constexpr int shift = shifts[digit];
  for (uint32_t b = threadIdx.x; b < bins; b += threads) counts[b] = 0;
  __syncthreads();
  // Neighbours often share their leading digit: they are added together.
  uint32_t bin = 0, run = 0;
  over_block(pieces, piece, load, [&](int64_t i, auto loaded) {
    const uint32_t found_key = key(i, loaded);
    if (digit == 1 && found_key >> 21 != prefix) return;
    if (digit == 2 && found_key >> 10 != prefix) return;
    const uint32_t own = found_key >> shift & (digit == 2 ? 1023u : 2047u);
    if (own != bin) {
      if (run > 0) atomicAdd(&counts[bin], run);
      bin = own;
      run = 0;
    }
    ++run;
  });
  if (run > 0) atomicAdd(&counts[bin], run);
  if (!wanted) return;
  __syncthreads();
  for (uint32_t b = threadIdx.x; b < bins; b += threads) {
    if (counts[b] > 0) atomicAdd(&found.histogram[b], counts[b]);
  }
  if (last_of(&found.ticket, chunks_of(piece.length, pieces.chunk))) choose<digit>(piece, found);
}

template <int digit, bool magnitude>
__global__ void count_values(Pieces pieces, Found* found, const float* values) {
  count<digit>(
      pieces, found, [=](int64_t i) { return values[i]; },
      [](int64_t, float value) { return key_of<magnitude>(value); });
}

// Entries with key >= from are kept, but for the first `dropped` of those with key == from.
struct Threshold {
  uint32_t from, dropped;
};

__device__ Threshold threshold_of(const Piece& piece, const Found& found, uint32_t above) {
  Threshold threshold{0, 0};
  if (piece.drop > 0) threshold = {found.prefix[2], found.rank[2] + 1};
  if (above > threshold.from) threshold = {above, 0};
  return threshold;
}

__device__ float entry_of(float value, bool bit, float alpha, const Mix& mix) {
  if (value != value) return value;
  if (alpha == 1) return bit ? 1.0f : 0.0f;
  const float raised = value < mix.low ? mix.low : value;
  const float clipped = mix.high < raised ? mix.high : raised;
  return (1 - alpha) * clipped + (bit ? alpha : 0.0f);
}

template <bool magnitude>
__global__ void write_mask(Pieces pieces, const Found* found, const float* values, uint32_t above, Mix mix, float* mask,
                           uint32_t* ties) {
  __shared__ uint32_t equal;
  if (threadIdx.x == 0) equal = 0;
  __syncthreads();
  const int s = piece_of(pieces);
  const Piece& piece = pieces.at[s];
  const Threshold threshold = threshold_of(piece, found[s], above);
  const float alpha = static_cast<float>(value_of(mix.alpha));
  uint32_t own = 0;
  over_block(
      pieces, piece, [=](int64_t i) { return values[i]; },
      [&](int64_t i, float value) {
        const uint32_t key = key_of<magnitude>(value);
        mask[i] = entry_of(value, key >= threshold.from, alpha, mix);
        own += key == threshold.from;
      });
  if (own > 0) atomicAdd(&equal, own);
  __syncthreads();
  if (threadIdx.x == 0) ties[blockIdx.x] = equal;
}

// What is left to the first of the ties, in order.
template <bool magnitude>
__global__ void drop_ties(Pieces pieces, const Found* found, const float* values, uint32_t above, Mix mix, float* mask,
                          const uint32_t* ties) {
  __shared__ uint32_t sums[threads];
  const int s = piece_of(pieces);
  const Piece& piece = pieces.at[s];
  const Threshold threshold = threshold_of(piece, found[s], above);
  if (threshold.dropped == 0 || ties[blockIdx.x] == 0) return;
  uint32_t earlier = 0;
  for (uint32_t b = piece.first + threadIdx.x; b < blockIdx.x; b += threads) earlier += ties[b];
  scan(sums, earlier);
  const uint32_t before = sums[threads - 1];
  if (before >= threshold.dropped) return;
  __syncthreads();
  // Each thread takes neighbours here, so that the order is that of the threads.
  const uint32_t entries = pieces.chunk / threads;
  const uint32_t begin = (blockIdx.x - piece.first) * pieces.chunk + threadIdx.x * entries;
  const auto tied = [&](uint32_t i) {
    return i < piece.length && key_of<magnitude>(values[piece.offset + i]) == threshold.from;
  };
  uint32_t own = 0;
  for (uint32_t e = 0; e < entries; ++e) own += tied(begin + e);
  scan(sums, own);
  uint32_t place = before + sums[threadIdx.x] - own;
  const float alpha = static_cast<float>(value_of(mix.alpha));
  for (uint32_t e = 0; e < entries && place < threshold.dropped; ++e) {
    if (!tied(begin + e)) continue;
    const int64_t i = piece.offset + begin + e;
    mask[i] = entry_of(values[i], false, alpha, mix);
    ++place;
  }
}

template <bool magnitude>
void project_by(const Selection& selection, const float* values, bool counted, float floor, Mix mix, float* mask,
                void* stream) {
  uint32_t above = 0;
  if (floor != -std::numeric_limits<float>::infinity() && !(magnitude && floor < 0)) {
    above = key_of<magnitude>(floor) + 1;
  }
  in_groups(selection, [&](const Pieces& pieces, Found* found, uint32_t* ties) {
    const auto by = [&](auto kernel, auto... more) { launch(kernel, pieces.blocks, stream, pieces, found, values, more...); };
    if (!counted) by(count_values<0, magnitude>);
    by(count_values<1, magnitude>);
    by(count_values<2, magnitude>);
    by(write_mask<magnitude>, above, mix, mask, ties);
    by(drop_ties<magnitude>, above, mix, mask, ties);
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
  // The latent afterwards.
  __device__ float step(int64_t i, const Entry& entry, float rate) const {
    const float z = entry.z;
    const float sign = static_cast<float>(z > 0) - static_cast<float>(z < 0);
    const float g = (by.straight_through ? entry.g * sign : entry.g) + by.decay * (z - by.centre);
    const float v = by.momentum * entry.v + g;
    velocity[i] = v;
    const float moved = z - rate * v;
    // NaN must pass through, to be seen: both comparisons are false for it.
    return latent[i] = moved < by.low ? by.low : moved > by.high ? by.high : moved;
  }
};

struct UpdateAlone {
  Update update;
  __device__ void operator()(int64_t i) const {
    update.step(i, update.load(i), static_cast<float>(value_of(update.by.rate)));
  }
};

template <bool magnitude>
__global__ void update_and_count(Pieces pieces, Found* found, Update update) {
  const float rate = static_cast<float>(value_of(update.by.rate));
  count<0>(
      pieces, found, [=](int64_t i) { return update.load(i); },
      [=](int64_t i, const Update::Entry& entry) { return key_of<magnitude>(update.step(i, entry, rate)); });
}

}  // namespace

size_t selection_room(const Selected* segments, int64_t count) {
  size_t blocks = 0;
  const uint32_t chunk = chunk_of(segments, count);
  for (int64_t s = 0; s < count; ++s) blocks += chunks_of(segments[s].length, chunk);
  return static_cast<size_t>(count) * sizeof(Found) + blocks * sizeof(uint32_t);
}

void project(const Selection& selection, const float* values, bool counted, float floor, Mix mix, float* mask,
             void* stream) {
  const auto by = selection.magnitude ? project_by<true> : project_by<false>;
  by(selection, values, counted, floor, mix, mask, stream);
}

void descend(float* latent, float* velocity, const float* gradient, int64_t length, const Descent& by,
             const Selection* counting, void* stream) {
  const Update update{latent, velocity, gradient, by};
  if (!counting) return each(length, stream, UpdateAlone{update});
  in_groups(*counting, [&](const Pieces& pieces, Found* found, uint32_t*) {
    const auto kernel = counting->magnitude ? update_and_count<true> : update_and_count<false>;
    launch(kernel, pieces.blocks, stream, pieces, found, update);
  });
}

}  // namespace mb::cuda
