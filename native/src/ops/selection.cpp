// Π_k: the exact top-k mask of a segment, without sorting it.
//
// Floats are compared as integers ("keys") that order the same way. A bracket is guessed that the threshold lies in: it
// lay close by when the same vector was projected last, or it is taken from a sample. One pass counts what lies below the
// bracket and collects the few that lie inside; selection among those gives the threshold exactly; a second pass writes the
// mask. Values that pile up, as at the ends of the box [0, 1], are only counted. Should the bracket miss, a sample's is
// tried, and then everything: a wrong guess costs time, never the result.
#include "selection.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "../runtime/status.hpp"

namespace mb {
namespace {

using Guess = mb_vector::Guess;

constexpr int64_t block = 4096;  // entries handled while they are in the first-level cache
constexpr int64_t tile = 128;    // entries that are counted before any of them is collected
constexpr int64_t sample_size = 1 << 14;
constexpr uint32_t infinity_bits = 0x7f800000u;

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Keys order as the values do, except for NaN; −0 and 0 get one key.
template <bool magnitude>
inline uint32_t key_of(float value) {
  const uint32_t bits = bits_of(value + 0.0f);
  if (magnitude) return bits & 0x7fffffffu;
  return bits ^ (static_cast<uint32_t>(static_cast<int32_t>(bits) >> 31) | 0x80000000u);
}

// Entries with key >= from are kept, but for the first `dropped` of those with key == from.
struct Threshold {
  uint32_t from;
  int64_t dropped;
};

constexpr Threshold all_kept{0, 0}, none_kept{0xffffffffu, 0};  // no number has that key

// Keys from low to high; those equal to `pile` are counted, not collected.
struct Bracket {
  uint32_t low, high, pile;
};

constexpr Bracket everything{0, 0xffffffffu, 0};

struct Counts {
  int64_t below = 0, piled = 0, inside = 0;
};

// Runs body(chunk, begin, end) for `chunks` contiguous, block-aligned parts of [0, length).
template <typename Body>
void for_each_chunk(int64_t length, int64_t chunks, const Body& body) {
  const int64_t blocks = (length + block - 1) / block;
  at::parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      const int64_t begin = std::min(length, blocks * chunk / chunks * block);
      const int64_t end = std::min(length, blocks * (chunk + 1) / chunks * block);
      body(chunk, begin, end);
    }
  });
}

int64_t count_chunks(int64_t length) {
  return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), length / (4 * block)));
}

// Memory that is kept between calls, so that the steady state allocates nothing.
struct Scratch {
  std::vector<uint32_t> inside, sample, ties;
  std::vector<std::pair<int64_t, Counts>> parts;
};

// Counts a part of the segment against a bracket, and collects in `inside` the keys that lie in it.
template <bool magnitude>
Counts count_keys(const float* values, int64_t begin, int64_t end, Bracket bracket, uint32_t* inside) {
  const uint32_t width = bracket.high - bracket.low;
  Counts counts;
  uint32_t keys[tile];
  int64_t start = begin;
  // Three counts, each up to `tile`, share one number, so that a tile costs one sum.
  for (; start + tile <= end; start += tile) {
    uint32_t sum = 0;
    for (int64_t i = 0; i < tile; ++i) {
      const uint32_t key = key_of<magnitude>(values[start + i]);
      keys[i] = key;
      sum += static_cast<uint32_t>(key < bracket.low) | static_cast<uint32_t>(key - bracket.low <= width) << 10 |
             static_cast<uint32_t>(key == bracket.pile) << 20;
    }
    const uint32_t within = sum >> 10 & 0x3ff, piled = sum >> 20;
    counts.below += sum & 0x3ff;
    counts.piled += piled;
    if (within == piled) continue;
    for (int64_t i = 0; i < tile; ++i) {
      inside[counts.inside] = keys[i];
      counts.inside += keys[i] - bracket.low <= width && keys[i] != bracket.pile;
    }
  }
  for (; start < end; ++start) {
    const uint32_t key = key_of<magnitude>(values[start]);
    counts.below += key < bracket.low;
    counts.piled += key == bracket.pile;
    if (key - bracket.low <= width && key != bracket.pile) inside[counts.inside++] = key;
  }
  return counts;
}

// The bracket of a sample that the key of rank `rank` very probably lies in: four standard deviations to each side.
template <bool magnitude>
Bracket bracket_of_sample(const float* values, int64_t length, int64_t rank, std::vector<uint32_t>& sample) {
  const int64_t taken = std::min(length, sample_size);
  sample.resize(taken);
  for (int64_t i = 0; i < taken; ++i) sample[i] = key_of<magnitude>(values[i * length / taken]);
  const double share = (rank + 0.5) / length;
  const double margin = taken == length ? 1 : 1 + 4 * std::sqrt(share * (1 - share) * taken);
  const auto nth = [&](double rank_in_sample, std::vector<uint32_t>::iterator from) {
    const auto index = std::min<int64_t>(taken - 1, std::max<int64_t>(0, static_cast<int64_t>(rank_in_sample)));
    const auto key = sample.begin() + index;
    std::nth_element(from, key, sample.end());
    return key;
  };
  const auto low = nth(share * taken - margin, sample.begin());
  const auto middle = nth(share * taken, low);
  const auto high = nth(share * taken + margin, middle);
  return {*low, *high, *middle};
}

// Passes once over the segment. Gives whether the threshold lies in the bracket, and if so, writes it.
template <bool magnitude>
bool select_within(Bracket bracket, const float* values, int64_t length, int64_t rank, Scratch& scratch,
                   Threshold& threshold) {
  const int64_t chunks = count_chunks(length);
  scratch.parts.resize(chunks);
  for_each_chunk(length, chunks, [&](int64_t chunk, int64_t begin, int64_t end) {
    scratch.parts[chunk] = {begin, count_keys<magnitude>(values, begin, end, bracket, scratch.inside.data() + begin)};
  });
  Counts all;
  for (const auto& [begin, part] : scratch.parts) {  // close the gaps between the chunks' shares
    const auto from = scratch.inside.begin() + begin;
    std::copy(from, from + part.inside, scratch.inside.begin() + all.inside);
    all.below += part.below;
    all.piled += part.piled;
    all.inside += part.inside;
  }
  int64_t within = rank - all.below;
  if (within < 0 || within >= all.inside + all.piled) return false;
  const auto begin = scratch.inside.begin(), end = begin + all.inside;
  const int64_t under_pile = std::count_if(begin, end, [&](uint32_t key) { return key < bracket.pile; });
  if (within >= under_pile && within < under_pile + all.piled) {
    threshold = {bracket.pile, within - under_pile};
    return true;
  }
  if (within >= under_pile) within -= all.piled;
  const auto nth = begin + within;
  std::nth_element(begin, nth, end);
  threshold = {*nth, std::count(begin, nth, *nth)};  // those equal to it on its left are dropped
  return true;
}

// The threshold at the entry of rank `rank`, from 0, in stable ascending order: those before it are dropped.
template <bool magnitude>
Threshold select_threshold(const float* values, int64_t length, int64_t rank, Guess& guess, Scratch& scratch) {
  if (static_cast<int64_t>(scratch.inside.size()) < length) scratch.inside.resize(length);
  Threshold found;
  // The next bracket reaches four times as far as the threshold moved since the last time.
  const auto reach = [&] {
    const uint32_t moved = found.from > guess.key ? found.from - guess.key : guess.key - found.from;
    return moved < 1u << 28 ? 4 * moved : 1u << 30;
  };
  const uint32_t low = guess.key - std::min(guess.key, guess.reach), high = guess.key + std::min(~guess.key, guess.reach);
  if (guess.reach > 0 && select_within<magnitude>({low, high, guess.key}, values, length, rank, scratch, found)) {
    guess = {found.from, std::max({reach(), guess.reach / 2, 64u})};  // slow to narrow
    return found;
  }
  const Bracket bracket = bracket_of_sample<magnitude>(values, length, rank, scratch.sample);
  if (!select_within<magnitude>(bracket, values, length, rank, scratch, found)) {
    select_within<magnitude>(everything, values, length, rank, scratch, found);
  }
  const uint32_t wide = (bracket.high - bracket.low) / 8 + 64;
  guess = {found.from, guess.reach > 0 ? std::max(wide, reach()) : wide};
  return found;
}

std::string describe_nan(const float* values, int64_t length) {
  const float* const nan = std::find_if(values, values + length, [](float value) { return std::isnan(value); });
  return "values: NaN at " + std::to_string(nan - values) + " of its segment";
}

// These three make an entry of the mask, see mb_project_top_k; `last` is the smallest magnitude that is kept.
struct ClippedEntry {
  Mix by;
  float operator()(float value, bool bit, float) const {
    return (1 - by.alpha) * std::min(std::max(value, by.low), by.high) + (bit ? by.alpha : 0.0f);
  }
};

struct RelativeEntry {
  float alpha;
  float operator()(float value, bool bit, float last) const {
    const float ratio = std::abs(value) / last * 0.5f;  // NaN where both are 0 or infinite
    return (1 - alpha) * (ratio < 1 ? ratio : 1.0f) + (bit ? alpha : 0.0f);
  }
};

// The mask itself, where alpha is 1, is made without the value: an infinite one would become NaN.
struct BinaryEntry {
  float operator()(float, bool bit, float) const { return bit ? 1.0f : 0.0f; }
};

// The magnitude that a threshold of magnitudes is at: 0 where all are kept, infinite where none is.
float magnitude_of(Threshold threshold) {
  return threshold.from == none_kept.from ? std::numeric_limits<float>::infinity() : float_of(threshold.from);
}

// The threshold below which no entry exceeds the floor.
template <bool magnitude>
Threshold raise_to_floor(Threshold threshold, float floor) {
  if (floor == -std::numeric_limits<float>::infinity()) return threshold;
  const bool all_exceed = magnitude && floor < 0;
  const uint32_t above = all_exceed ? 0 : key_of<magnitude>(floor) + 1;
  return above > threshold.from ? Threshold{above, 0} : threshold;
}

constexpr uint32_t has_nan = 0xffffffffu;  // in the list of ties by block

// Writes the mask as if no tie were dropped, and how many entries of each block tie with the threshold.
template <bool magnitude, typename Entry>
void write_entries(const float* values, int64_t length, Threshold threshold, float last, Entry entry, float* mask,
                   std::vector<uint32_t>& ties) {
  ties.resize((length + block - 1) / block);
  for_each_chunk(length, count_chunks(length), [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t start = begin; start < end; start += block) {
      const int64_t stop = std::min(end, start + block);
      uint32_t equal = 0, largest = 0;
      for (int64_t i = start; i < stop; ++i) {
        const uint32_t key = key_of<magnitude>(values[i]);
        mask[i] = entry(values[i], key >= threshold.from, last);
        equal += key == threshold.from;
        largest = std::max(largest, bits_of(values[i]) & 0x7fffffffu);
      }
      ties[start / block] = largest > infinity_bits ? has_nan : equal;
    }
  });
}

template <bool magnitude, typename Entry>
void project_segment(const float* values, int64_t length, int64_t kept, float floor, Entry entry, float* mask,
                     Guess& guess, Scratch& scratch) {
  Threshold threshold = kept == 0 ? none_kept : all_kept;
  if (kept > 0 && kept < length) threshold = select_threshold<magnitude>(values, length, length - kept, guess, scratch);
  const float last = magnitude ? magnitude_of(threshold) : 0;
  threshold = raise_to_floor<magnitude>(threshold, floor);
  write_entries<magnitude>(values, length, threshold, last, entry, mask, scratch.ties);
  // The first `dropped` of the ties are dropped here, block by block in order; and a NaN is refused.
  for (int64_t begin = 0; begin < length; begin += block) {
    const uint32_t equal = scratch.ties[begin / block];
    if (equal == has_nan) throw Failure(MB_NOT_A_NUMBER, describe_nan(values, length));
    if (equal == 0 || threshold.dropped == 0) continue;
    for (int64_t i = begin; i < std::min(length, begin + block) && threshold.dropped > 0; ++i) {
      if (key_of<magnitude>(values[i]) != threshold.from) continue;
      mask[i] = entry(values[i], false, last);
      --threshold.dropped;
    }
  }
}

}  // namespace

void project_by_selection(const float* values, int64_t length, int64_t kept, bool magnitude, float floor, Mix mix,
                          float* mask, Guess& guess) {
  static thread_local Scratch scratch;
  const auto run = [&](auto entry) {
    const auto project = magnitude ? project_segment<true, decltype(entry)> : project_segment<false, decltype(entry)>;
    project(values, length, kept, floor, entry, mask, guess, scratch);
  };
  if (mix.alpha == 1) return run(BinaryEntry{});
  mix.relative ? run(RelativeEntry{mix.alpha}) : run(ClippedEntry{mix});
}

}  // namespace mb
