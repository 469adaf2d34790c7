#include "capped_simplex.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>

#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"
#include "sums.hpp"

namespace mb {
namespace {

// The sum of clip(x − v, 0, 1), NaNs left out, and how many of its entries would fall if v rose.
TwoSums sum_clipped(const float* x, int64_t length, float v) {
  return sum_chunks(length, [&](int64_t begin, int64_t end) {
    double sum = 0, moving = 0;
#pragma omp simd reduction(+ : sum, moving)
    for (int64_t i = begin; i < end; ++i) {  // written so that the compiler makes vectors of it
      const double moved = x[i] - v, above = moved > 0 ? moved : 0, clipped = above < 1 ? above : 1;
      sum += clipped;
      moving += (clipped == moved) & (moved != 0) ? 1 : 0;
    }
    return TwoSums{sum, moving};
  });
}

// The sum may be so much below the budget where a smaller v would do.
constexpr double tolerance = 1e-3;

// The v >= 0 of the projection. Newton's steps, since the sum falls along straight lines, into the middle of the tolerance;
// and a bisection where one leads out of the bracket.
float find_shift(const float* x, int64_t length, double budget) {
  float low = 0, high = std::max(0.0f, *std::max_element(x, x + length)), v = 0;
  for (;;) {
    const TwoSums sums = sum_clipped(x, length, v);
    const double over = sums.first - budget;
    if (over <= 0 && (v == 0 || over > -tolerance)) return v;
    (over > 0 ? low : high) = v;
    v = static_cast<float>(v + (over + tolerance / 2) / std::max(sums.second, 1.0));
    if (v > low && v < high) continue;
    v = low + (high - low) / 2;
    if (!(v > low && v < high)) return high;
  }
}

// The same without waiting for the device: bisection alone, down to the resolution of float32.
at::Tensor find_shift_by_operations(const at::Tensor& x, const at::Tensor& budget) {
  const auto is_over = [&](const at::Tensor& v) { return (x - v).clamp_(0, 1).sum(at::kDouble) > budget; };
  at::Tensor high = x.max().clamp_min(0), low = at::zeros_like(high);
  const at::Tensor none = low, needed = is_over(none);
  for (int step = 0; step < 40; ++step) {
    const at::Tensor middle = low + (high - low) / 2, above = is_over(middle);
    low = at::where(above, middle, low);
    high = at::where(above, high, middle);
  }
  return at::where(needed, high, none);
}

}  // namespace

void project_capped_simplex(cuda::Number budget, at::Tensor& x) {
  if (x.numel() == 0) return;
  const PartTimer timer(MB_PROJECTION, x.device());
  dispatch(x.device(),
           Kernel{[&] {
             const auto bytes = static_cast<int64_t>(cuda::simplex_bytes(x.numel()));
             const at::Tensor workspace = at::zeros({bytes}, x.options().dtype(at::kByte));
             cuda::project_capped_simplex(x.data_ptr<float>(), x.numel(), budget, workspace.data_ptr(),
                                          cuda::current_stream());
           }},
           Loop{[&] { x.sub_(find_shift(x.data_ptr<float>(), x.numel(), budget.value)).clamp_(0, 1); }},
           Operations{[&] { x.sub_(find_shift_by_operations(x, as_tensor(budget, x))).clamp_(0, 1); }});
}

}  // namespace mb
