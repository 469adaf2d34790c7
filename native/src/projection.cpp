// Π_k: the exact top-k mask of every segment, without sorting it.
//
// Floats are compared as integers ("keys") that order the same way. A sample of the segment brackets the threshold;
// one pass counts what lies below the bracket and collects what lies inside (a few per cent); selection among those
// gives the threshold exactly; a second pass writes the mask. Values that pile up, as at the ends of the box [0, 1],
// become an end of the bracket and are only counted. Should the bracket miss, it is widened to everything.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "handles.hpp"

using namespace mb;

namespace {

constexpr int64_t block = 4096;          // entries handled while they are in the first-level cache
constexpr int64_t sample_size = 1 << 14;
constexpr uint32_t infinity_bits = 0x7f800000u;

uint32_t bits_of(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// Order-preserving and total but for NaN; −0 and 0 get one key.
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

struct Bracket {
  uint32_t low, high;
};

struct Counts {
  int64_t below = 0, at_low = 0, at_high = 0, inside = 0;
  bool nan = false;
};

// Runs body(chunk, begin, end) for `chunks` contiguous, block-aligned parts of [0, length).
template <typename Body>
void for_chunks(int64_t length, int64_t chunks, const Body& body) {
  const int64_t blocks = (length + block - 1) / block;
  at::parallel_for(0, chunks, 1, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      const int64_t begin = std::min(length, blocks * chunk / chunks * block);
      const int64_t end = std::min(length, blocks * (chunk + 1) / chunks * block);
      body(chunk, begin, end);
    }
  });
}

int64_t chunks_for(int64_t length) {
  return std::max<int64_t>(1, std::min<int64_t>(at::get_num_threads(), length / (4 * block)));
}

// Kept between calls, so that the steady state allocates nothing.
struct Scratch {
  std::vector<uint32_t> inside, sample, equals;
};

template <bool magnitude>
Counts count(const float* values, int64_t begin, int64_t end, Bracket bracket, uint32_t* inside) {
  Counts counts;
  uint32_t keys[block];
  for (int64_t start = begin; start < end; start += block) {
    const int64_t length = std::min(block, end - start);
    uint32_t below = 0, at_low = 0, at_high = 0, largest = 0;
    for (int64_t i = 0; i < length; ++i) {
      const float value = values[start + i];
      const uint32_t key = key_of<magnitude>(value);
      keys[i] = key;
      below += key < bracket.low;
      at_low += key == bracket.low;
      at_high += key == bracket.high;
      largest = std::max(largest, bits_of(value) & 0x7fffffffu);
    }
    counts.below += below;
    counts.at_low += at_low;
    counts.at_high += at_high;
    counts.nan |= largest > infinity_bits;
    for (int64_t i = 0; i < length; ++i) {
      inside[counts.inside] = keys[i];
      counts.inside += keys[i] > bracket.low && keys[i] < bracket.high;
    }
  }
  return counts;
}

// Two keys of the sample that the key of rank `rank` lies between, most probably: four deviations to each side.
template <bool magnitude>
Bracket bracket_for(const float* values, int64_t length, int64_t rank, std::vector<uint32_t>& sample) {
  const int64_t taken = std::min(length, sample_size);
  sample.resize(taken);
  for (int64_t i = 0; i < taken; ++i) sample[i] = key_of<magnitude>(values[i * length / taken]);
  const double share = (rank + 0.5) / length;
  const double margin = taken == length ? 1 : 1 + 4 * std::sqrt(share * (1 - share) * taken);
  const auto position = [&](double at) {
    return std::min<int64_t>(taken - 1, std::max<int64_t>(0, static_cast<int64_t>(at)));
  };
  const int64_t low = position(share * taken - margin), high = position(share * taken + margin);
  std::nth_element(sample.begin(), sample.begin() + low, sample.end());
  std::nth_element(sample.begin() + low, sample.begin() + high, sample.end());
  return {sample[low], sample[high]};
}

// The threshold that drops the `drop` first entries in stable ascending order; 0 < drop.
template <bool magnitude>
Threshold select(const float* values, int64_t length, int64_t drop, Scratch& scratch) {
  const int64_t rank = drop - 1, chunks = chunks_for(length);
  Bracket bracket = bracket_for<magnitude>(values, length, rank, scratch.sample);
  if (static_cast<int64_t>(scratch.inside.size()) < length) scratch.inside.resize(length);
  std::vector<Counts> parts(chunks);
  for (;;) {
    std::vector<int64_t> begins(chunks);
    for_chunks(length, chunks, [&](int64_t chunk, int64_t begin, int64_t end) {
      begins[chunk] = begin;
      parts[chunk] = count<magnitude>(values, begin, end, bracket, scratch.inside.data() + begin);
    });
    Counts all;
    for (const Counts& part : parts) {
      all.below += part.below;
      all.at_low += part.at_low;
      all.at_high += part.at_high;
      all.nan |= part.nan;
    }
    if (all.nan) {
      const int64_t at = std::find_if(values, values + length, [](float v) { return std::isnan(v); }) - values;
      throw Failure(MB_NOT_A_NUMBER, "values: NaN at " + std::to_string(at) + " of its segment");
    }
    if (bracket.low == bracket.high) all.at_high = 0;
    for (int64_t chunk = 0, end = 0; chunk < chunks; ++chunk) {  // close the gaps between the chunks' shares
      uint32_t* const base = scratch.inside.data();
      std::copy(base + begins[chunk], base + begins[chunk] + parts[chunk].inside, base + end);
      all.inside = end += parts[chunk].inside;
    }
    int64_t within = rank - all.below;
    if (within >= 0 && within < all.at_low) return {bracket.low, within + 1};
    within -= all.at_low;
    if (within >= 0 && within < all.inside) {
      const auto begin = scratch.inside.begin(), end = begin + all.inside, nth = begin + within;
      std::nth_element(begin, nth, end);
      const uint32_t key = *nth;
      return {key, std::count(begin, nth, key) + 1};  // those equal to it on its left are dropped before it
    }
    within -= all.inside;
    if (within >= 0 && within < all.at_high) return {bracket.high, within + 1};
    bracket = {0, 0xffffffffu};
  }
}

// How the mask is made of bit and value: (1 − alpha) · clip(value, low, high) + alpha · bit.
struct Mix {
  float alpha, low, high;
  float operator()(float value, bool bit) const {
    const float rest = 1 - alpha, share = bit ? alpha : 0.0f;
    if (rest == 0) return share;  // an infinite value must not become NaN
    return rest * std::min(std::max(value, low), high) + share;
  }
};

template <bool magnitude>
void project(const float* values, int64_t length, int64_t kept, float floor, Mix mix, float* mask,
             Scratch& scratch) {
  Threshold threshold{0, 0};
  if (kept < length) threshold = select<magnitude>(values, length, length - kept, scratch);
  if (!(floor == -std::numeric_limits<float>::infinity())) {
    const bool all_exceed = magnitude && floor < 0;
    const uint32_t above = all_exceed ? 0 : key_of<magnitude>(floor) + 1;
    if (above > threshold.from) threshold = {above, 0};
  }
  scratch.equals.resize((length + block - 1) / block);
  const int64_t chunks = chunks_for(length);
  for_chunks(length, chunks, [&](int64_t, int64_t begin, int64_t end) {
    for (int64_t start = begin; start < end; start += block) {
      const int64_t stop = std::min(end, start + block);
      uint32_t equal = 0, largest = 0;
      for (int64_t i = start; i < stop; ++i) {
        const uint32_t key = key_of<magnitude>(values[i]);
        mask[i] = mix(values[i], key >= threshold.from);
        equal += key == threshold.from;
        largest = std::max(largest, bits_of(values[i]) & 0x7fffffffu);
      }
      scratch.equals[start / block] = largest > infinity_bits ? 0xffffffffu : equal;
    }
  });
  // What is left to the first `dropped` of the ties, block by block in order; and NaN where nothing was selected.
  for (int64_t at = 0; at < length; at += block) {
    const uint32_t equal = scratch.equals[at / block];
    if (equal == 0xffffffffu) throw Failure(MB_NOT_A_NUMBER, "values: NaN in a segment kept whole");
    if (equal == 0 || threshold.dropped == 0) continue;
    for (int64_t i = at; i < std::min(length, at + block) && threshold.dropped > 0; ++i) {
      if (key_of<magnitude>(values[i]) != threshold.from) continue;
      mask[i] = mix(values[i], false);
      --threshold.dropped;
    }
  }
}

// The same by libtorch's stable sort, for devices without a kernel of ours.
void project_by_sorting(const at::Tensor& values, int64_t kept, bool magnitude, double floor, Mix mix,
                        at::Tensor mask) {
  if (values.isnan().any().item<bool>()) throw Failure(MB_NOT_A_NUMBER, "values: NaN in a segment");
  const at::Tensor compared = magnitude ? values.abs() : values;
  const at::Tensor order = std::get<1>(at::sort(compared, /*stable=*/true, /*dim=*/0, /*descending=*/false));
  at::Tensor bit = at::zeros_like(values);
  bit.index_fill_(0, order.narrow(0, values.numel() - kept, kept), 1);
  if (floor != -std::numeric_limits<double>::infinity()) bit.mul_(compared > floor);
  mask.copy_(mix.alpha == 1 ? bit : values.clamp(mix.low, mix.high) * (1 - mix.alpha) + bit * mix.alpha);
}

}  // namespace

int32_t mb_project_top_k(const mb_vector* values, const int64_t* segments, int64_t count, int32_t order, double floor,
                         double alpha, double low, double high, mb_vector* mask) {
  return guard("mb_project_top_k", [&] {
    const at::Tensor& from = vector_of(values, "values");
    at::Tensor& to = vector_of(mask, "mask");
    require_dtype(from, "values", at::kFloat);
    require_like(to, "mask", from, "values");
    require(values != mask, "mask: the same vector as values, expected another");
    require(order == MB_BY_VALUE || order == MB_BY_MAGNITUDE, "order: ", order, ", expected 0 or 1");
    require(!std::isnan(floor), "floor: NaN, expected a number or -infinity");
    require(alpha >= 0 && alpha <= 1, "alpha: ", alpha, ", expected 0 to 1");
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    require(count >= 0 && (count == 0 || segments != nullptr), "segments: null or a negative count, expected triples");
    int64_t end = 0;
    for (int64_t s = 0; s < count; ++s) {
      const int64_t offset = segments[3 * s], length = segments[3 * s + 1], kept = segments[3 * s + 2];
      require(offset >= end && length >= 0 && offset <= from.numel() && length <= from.numel() - offset, "segments: ",
              length, " from ", offset, " at place ", s, ", expected ascending ones within ", from.numel());
      require(kept >= 0 && kept <= length, "segments: kept ", kept, " at place ", s, ", expected 0 to ", length);
      end = offset + length;
    }
    static thread_local Scratch scratch;
    const bool magnitude = order == MB_BY_MAGNITUDE;
    const Mix mix{static_cast<float>(alpha), static_cast<float>(low), static_cast<float>(high)};
    for (int64_t s = 0; s < count; ++s) {
      const int64_t offset = segments[3 * s], length = segments[3 * s + 1], kept = segments[3 * s + 2];
      if (length == 0) continue;
      if (!from.is_cpu()) {
        project_by_sorting(from.narrow(0, offset, length), kept, magnitude, floor, mix,
                           to.narrow(0, offset, length));
        continue;
      }
      const float* const source = from.data_ptr<float>() + offset;
      float* const target = to.data_ptr<float>() + offset;
      const auto run = magnitude ? project<true> : project<false>;
      run(source, length, kept, static_cast<float>(floor), mix, target, scratch);
    }
  });
}
