// Sums over an array that are the same for every number of threads: chunks of one size are summed up first, then their sums
// in their order.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <vector>

namespace mb {

struct TwoSums {
  double first = 0, second = 0;
};

// Adds up what body(begin, end) gives for the chunks of [0, length).
template <typename Body>
TwoSums sum_chunks(int64_t length, const Body& body) {
  constexpr int64_t chunk = 4096;
  std::vector<TwoSums> parts((length + chunk - 1) / chunk);
  at::parallel_for(0, static_cast<int64_t>(parts.size()), 8, [&](int64_t first, int64_t last) {
    for (int64_t p = first; p < last; ++p) parts[p] = body(p * chunk, std::min(length, (p + 1) * chunk));
  });
  TwoSums all;
  for (const TwoSums& part : parts) {
    all.first += part.first;
    all.second += part.second;
  }
  return all;
}

}  // namespace mb
