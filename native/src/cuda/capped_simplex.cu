// The projection onto the capped simplex. v is searched in a bracket that every launch narrows to a section of it, by the
// sums at the ends of all sections at once. The last block to end chooses.
#include <algorithm>
#include <cmath>

#include "device.cuh"

namespace mb::cuda {
namespace {

constexpr int sections = 16;   // whose inner ends are one fewer
constexpr int launches = 8;    // which leave 2^−32 of the first bracket
constexpr uint32_t group = 8;  // entries that a thread loads at once
constexpr int64_t max_blocks = 384;  // more of them would not run at once
constexpr int64_t reach = int64_t{threads} * group;

struct alignas(8) Bracket {
  float low, high;  // Σ clip(x − v, 0, 1) is too large at low, and not at high
  uint32_t ticket;  // 0 between two launches
};

struct Simplex {
  float* x;
  int64_t length;
  Number budget;
  int64_t blocks;
  Bracket* bracket;
  double* sums;  // `sections` of them for each block
};

// clip(x, 0, 1); 0 for a NaN, so that it counts in no sum.
__device__ float saturate(float x) {
#ifdef MB_EMULATE
  return x > 0 ? (x < 1 ? x : 1) : 0;
#else
  return __saturatef(x);
#endif
}

struct Addition {
  __device__ double operator()(double a, double b) const { return a + b; }
};
struct Maximum {
  __device__ double operator()(double a, double b) const { return a < b ? b : a; }
};

// Combines `own` of all threads by column, into `own` of the first thread, in an order that is always the same.
template <typename Combine>
__device__ void combine(double (&own)[sections], Combine both) {
  static_assert(threads == sections * sections);
  __shared__ double by_thread[sections][threads];
  __shared__ double by_part[sections][sections];
  for (int c = 0; c < sections; ++c) by_thread[c][threadIdx.x] = own[c];
  __syncthreads();
  const unsigned column = threadIdx.x / sections, part = threadIdx.x % sections;
  double all = by_thread[column][part];
  for (int t = 1; t < sections; ++t) all = both(all, by_thread[column][part + t * sections]);
  by_part[column][part] = all;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int c = 0; c < sections; ++c) {
      own[c] = by_part[c][0];
      for (int t = 1; t < sections; ++t) own[c] = both(own[c], by_part[c][t]);
    }
  }
  __syncthreads();
}

// Calls body(values) for `group` entries at a time, −∞ where there are none, which adds nothing to any sum.
template <typename Body>
__device__ void for_groups(const Simplex& simplex, Body body) {
  for (int64_t from = blockIdx.x * reach; from < simplex.length; from += simplex.blocks * reach) {
    float values[group];
    for (uint32_t n = 0; n < group; ++n) {
      const int64_t i = from + threadIdx.x + n * threads;
      values[n] = i < simplex.length ? simplex.x[i] : -INFINITY;
    }
    body(values);
  }
}

// Combines the columns of all blocks, once the last one is here; then one thread calls choose(columns).
template <typename Combine, typename Choose>
__device__ void combine_blocks(const Simplex& simplex, double (&own)[sections], Combine both, Choose choose) {
  combine(own, both);
  if (threadIdx.x == 0) {
    for (int c = 0; c < sections; ++c) simplex.sums[blockIdx.x * sections + c] = own[c];
  }
  if (!is_last_block(&simplex.bracket->ticket, static_cast<uint32_t>(simplex.blocks))) return;
  for (int c = 0; c < sections; ++c) {
    own[c] = 0;
    for (int64_t b = threadIdx.x; b < simplex.blocks; b += threads) {
      own[c] = both(own[c], static_cast<const volatile double*>(simplex.sums)[b * sections + c]);
    }
  }
  combine(own, both);
  if (threadIdx.x == 0) choose(own);
}

// The end of the c-th section.
__device__ float end_of(int c, float low, float high) {
  return static_cast<float>(low + (static_cast<double>(high) - low) * (c + 1) / sections);
}

// The bracket ends at the largest entry.
__global__ void begin_bracket(Simplex simplex) {
  double own[sections] = {};
  for_groups(simplex, [&](const float (&values)[group]) {
    for (const float x : values) own[0] = Maximum{}(own[0], x);
  });
  combine_blocks(simplex, own, Maximum{}, [&](const double (&largest)[sections]) {
    simplex.bracket->low = 0;
    simplex.bracket->high = static_cast<float>(largest[0]);
  });
}

// The first launch looks at the sum at 0 too: where it is within the budget, v is 0.
template <bool first>
__global__ void narrow(Simplex simplex) {
  const float low = simplex.bracket->low, high = simplex.bracket->high;
  if (!(low < high)) return;
  double own[sections] = {};
  float ends[sections];
  for (int c = 0; c < sections; ++c) ends[c] = c < sections - 1 ? end_of(c, low, high) : first ? 0 : high;
  for_groups(simplex, [&](const float (&values)[group]) {
    for (int c = 0; c < sections - !first; ++c) {
      float sum = 0;
      for (const float x : values) sum += saturate(x - ends[c]);
      own[c] += sum;
    }
  });
  combine_blocks(simplex, own, Addition{}, [&](const double (&sums)[sections]) {
    const double budget = value_of(simplex.budget);
    int above = 0;
    while (above < sections - 1 && sums[above] > budget) ++above;
    const bool none = first && sums[sections - 1] <= budget;
    simplex.bracket->low = above == 0 ? low : end_of(above - 1, low, high);
    simplex.bracket->high = none ? 0 : above < sections - 1 ? end_of(above, low, high) : high;
  });
}

struct Shift {
  float* x;
  const Bracket* bracket;
  __device__ void operator()(int64_t i) const { x[i] = clip(x[i] - bracket->high, 0, 1); }
};

int64_t count_blocks(int64_t length) { return std::clamp<int64_t>((length + reach - 1) / reach, 1, max_blocks); }

}  // namespace

size_t simplex_bytes(int64_t length) {
  return sizeof(Bracket) + static_cast<size_t>(count_blocks(length)) * sections * sizeof(double);
}

void project_capped_simplex(float* x, int64_t length, Number budget, void* workspace, void* stream) {
  Bracket* const bracket = static_cast<Bracket*>(workspace);
  const Simplex simplex{x, length, budget, count_blocks(length), bracket, reinterpret_cast<double*>(bracket + 1)};
  launch(begin_bracket, simplex.blocks, stream, simplex);
  launch(narrow<true>, simplex.blocks, stream, simplex);
  for (int n = 1; n < launches; ++n) launch(narrow<false>, simplex.blocks, stream, simplex);
  for_each(length, stream, Shift{x, bracket});
}

}  // namespace mb::cuda
