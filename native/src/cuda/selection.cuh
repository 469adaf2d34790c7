// What the projection and the update share: a flat vector's segments cut into blocks, and the count of one digit of its keys.
// The threshold of each segment is found by it, see project.cu; the update can count the first digit on its way.
#pragma once

#include <algorithm>

#include "device.cuh"

namespace mb::cuda {

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

inline uint32_t chunk_of(const Segment* segments, int64_t count) {
  int64_t length = 0;
  for (int64_t s = 0; s < count; ++s) length += segments[s].length;
  const int64_t grain = int64_t{threads} * group;
  return static_cast<uint32_t>(grain * std::clamp<int64_t>((length + grain * max_blocks - 1) / (grain * max_blocks), 1, 64));
}

__host__ __device__ inline uint32_t chunks_of(int64_t length, uint32_t chunk) {
  return static_cast<uint32_t>((length + chunk - 1) / chunk);
}

inline size_t blocks_of(const Segment* segments, int64_t count, uint32_t chunk) {
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
__device__ inline bool is_split(const Piece& piece) { return piece.drop > 0 && piece.drop < piece.length; }

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

__device__ inline Part part_of(const Pieces& pieces) {
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

}  // namespace mb::cuda
