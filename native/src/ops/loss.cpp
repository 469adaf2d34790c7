#include "loss.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/argmax.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "../runtime/dispatch.hpp"

namespace mb {
namespace {

// Gives the loss of one row with the largest logit `top`; the gradient, if not null, is scaled by `scale`.
template <typename Real>
double compute_row_loss(const Real* logits, Real top, int64_t classes, int64_t truth, double smoothing, Real* gradient,
                Real scale) {
  Real sum = 0;
  for (int64_t c = 0; c < classes; ++c) sum += std::exp(logits[c] - top);
  const Real log_sum = std::log(sum);
  if (gradient) {
    const Real even = static_cast<Real>(smoothing / static_cast<double>(classes)) * scale;
    for (int64_t c = 0; c < classes; ++c) gradient[c] = std::exp(logits[c] - top - log_sum) * scale - even;
    gradient[truth] -= static_cast<Real>(1 - smoothing) * scale;
  }
  const double loss = static_cast<double>(log_sum - (logits[truth] - top));
  if (smoothing == 0) return loss;
  // All −log p have the same log of the sum in them, so that their mean is off the loss by the logits' alone.
  double above = 0;
  for (int64_t c = 0; c < classes; ++c) above += static_cast<double>(logits[truth] - logits[c]);
  return loss + smoothing * above / static_cast<double>(classes);
}

template <typename Real>
void add_loss_by_loop(const at::Tensor& logits, const at::Tensor& truth, double smoothing, at::Tensor& metrics,
            at::Tensor* gradient) {
  const int64_t rows = logits.size(0), classes = logits.size(1);
  const Real* const from = logits.data_ptr<Real>();
  const int64_t* const labels = truth.data_ptr<int64_t>();
  Real* const to = gradient ? gradient->data_ptr<Real>() : nullptr;
  const Real scale = Real(1) / static_cast<Real>(rows);
  // The losses of the rows are summed up afterwards, so that the sum is the same with any number of threads.
  std::vector<double> losses(static_cast<size_t>(rows));
  std::vector<uint8_t> correct(static_cast<size_t>(rows));
  at::parallel_for(0, rows, std::max<int64_t>(1, 8192 / classes), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const Real* const values = from + row * classes;
      const Real* const top = std::max_element(values, values + classes);
      Real* const row_gradient = to ? to + row * classes : nullptr;
      losses[row] = compute_row_loss<Real>(values, *top, classes, labels[row], smoothing, row_gradient, scale);
      correct[row] = top - values == labels[row];
    }
  });
  double* const sums = metrics.data_ptr<double>();
  sums[0] += std::accumulate(losses.begin(), losses.end(), 0.0);
  sums[1] += static_cast<double>(std::accumulate(correct.begin(), correct.end(), int64_t{0}));
}

void add_loss_by_kernel(const at::Tensor& logits, const at::Tensor& truth, double smoothing, at::Tensor& metrics,
                        at::Tensor* gradient, at::Tensor& workspace) {
  const at::Tensor rows = logits.contiguous();
  if (gradient) *gradient = at::empty_like(rows);
  if (!workspace.defined()) {
    const auto bytes = static_cast<int64_t>(cuda::loss_bytes(rows.size(0)));
    workspace = at::zeros({bytes}, rows.options().dtype(at::kByte));
  }
  cuda::add_loss(rows.data_ptr(), truth.data_ptr<int64_t>(), rows.size(0), rows.size(1), smoothing,
                 metrics.data_ptr<double>(), gradient ? gradient->data_ptr() : nullptr, workspace.data_ptr(),
                 real_of(rows), cuda::current_stream());
}

void add_loss_by_operations(const at::Tensor& logits, const at::Tensor& truth, double smoothing, at::Tensor& metrics,
                            at::Tensor* gradient) {
  const at::Tensor log_probability = at::_log_softmax(logits, 1, false);
  at::Tensor losses = log_probability.gather(1, truth.unsqueeze(1));
  if (smoothing > 0) losses = losses.lerp(log_probability.mean(1, true), smoothing);
  metrics[0].add_(losses.sum(at::kDouble).neg());
  metrics[1].add_(logits.argmax(1).eq(truth).sum());
  if (!gradient) return;
  const int64_t rows = logits.size(0);
  *gradient = log_probability.exp();
  if (smoothing > 0) gradient->sub_(smoothing / static_cast<double>(logits.size(1)));
  const at::Tensor one = at::scalar_tensor(smoothing - 1, logits.options());
  gradient->scatter_add_(1, truth.unsqueeze(1), one.expand({rows, 1}));
  gradient->mul_(1.0 / static_cast<double>(rows));
}

}  // namespace

void add_loss(const at::Tensor& logits, const at::Tensor& truth, double smoothing, at::Tensor& metrics,
              at::Tensor* gradient, at::Tensor& workspace) {
  dispatch(logits.device(),
           Kernel{[&] { add_loss_by_kernel(logits, truth, smoothing, metrics, gradient, workspace); }},
           Loop{[&] {
             const at::Tensor rows = logits.contiguous();
             if (gradient) *gradient = at::empty_like(rows);
             const auto run = rows.scalar_type() == at::kFloat ? add_loss_by_loop<float> : add_loss_by_loop<double>;
             run(rows, truth, smoothing, metrics, gradient);
           }},
           Operations{[&] { add_loss_by_operations(logits, truth, smoothing, metrics, gradient); }});
}

}  // namespace mb
