#include "vector.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cmath>

#include "../runtime/dispatch.hpp"
#include "sums.hpp"

namespace mb {
namespace {

// Σ |x|, and how many are not 0.
TwoSums sum_magnitudes(const float* x, int64_t length) {
  return sum_chunks(length, [&](int64_t begin, int64_t end) {
    double magnitudes = 0, count = 0;
#pragma omp simd reduction(+ : magnitudes, count)
    for (int64_t i = begin; i < end; ++i) {
      magnitudes += std::abs(x[i]);
      count += x[i] != 0 ? 1 : 0;
    }
    return TwoSums{magnitudes, count};
  });
}

double sum_squares(const float* x, int64_t length) {
  return sum_chunks(length, [&](int64_t begin, int64_t end) {
           double squares = 0;
#pragma omp simd reduction(+ : squares)
           for (int64_t i = begin; i < end; ++i) squares += static_cast<double>(x[i]) * x[i];
           return TwoSums{squares};
         })
      .first;
}

void centre_by_loop(float* x, int64_t length) {
  const TwoSums sums = sum_chunks(length, [&](int64_t begin, int64_t end) {
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += x[i];
    return TwoSums{sum};
  });
  const auto mean = static_cast<float>(sums.first / static_cast<double>(length));
  at::parallel_for(0, length, 1 << 15, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) x[i] -= mean;
  });
}

}  // namespace

void copy_vector(const at::Tensor& from, at::Tensor& to) { to.copy_(from); }

void multiply_vector(const at::Tensor& factor, at::Tensor& x) { x.mul_(factor); }

void add_vector(const at::Tensor& term, at::Tensor& x) { x.add_(term); }

void transform_affinely(double scale, double shift, at::Tensor& x) {
  if (scale == 0) {
    x.fill_(shift);  // 0 · NaN would stay a NaN
    return;
  }
  if (scale != 1) x.mul_(scale);
  if (shift != 0) x.add_(shift);
}

void take_sign(at::Tensor& x) { x.sign_(); }

void take_sigmoid(at::Tensor& x) { x.sigmoid_(); }

void binarise_vector(at::Tensor& x) {
  if (x.numel() == 0) return;
  dispatch(x.device(),
           Loop{[&] {
             const TwoSums sums = sum_magnitudes(x.data_ptr<float>(), x.numel());
             x.sign_().mul_(sums.first / std::max(sums.second, 1.0));
           }},
           Operations{[&] {
             const at::Tensor signs = x.sign(), count = signs.abs().sum(at::kDouble).clamp_min(1);
             x.copy_(signs.mul_(x.abs().sum(at::kDouble) / count));
           }});
}

void centre_vector(at::Tensor& x) {
  if (x.numel() == 0) return;
  dispatch(x.device(), Loop{[&] { centre_by_loop(x.data_ptr<float>(), x.numel()); }},
           Operations{[&] { x.sub_(x.mean(at::kDouble)); }});
}

void clip_norm(double max, at::Tensor& x) {
  if (x.numel() == 0) return;
  constexpr double tiny = 1e-6;
  dispatch(x.device(),
           Loop{[&] {
             const double factor = max / (std::sqrt(sum_squares(x.data_ptr<float>(), x.numel())) + tiny);
             if (!(factor >= 1)) x.mul_(factor);  // a NaN stays one
           }},
           Operations{[&] {
             const at::Tensor norm = x.to(at::kDouble).square_().sum().sqrt_();
             x.mul_(norm.add_(tiny).reciprocal_().mul_(max).clamp_max_(1));
           }});
}

}  // namespace mb
