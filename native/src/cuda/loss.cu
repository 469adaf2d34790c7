// Cross-entropy, its gradient and the number of correct predictions: a block for each picture; the last one sums up what
// all have left, in an order that is always the same.
#include <cmath>

#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

// The beginning of the workspace. One double loss for each picture follows, and then a byte that says whether it was correct.
struct alignas(8) Workspace {
  uint32_t ticket;
  __device__ double* losses() { return reinterpret_cast<double*>(this + 1); }
};

template <typename Real>
struct Peak {
  Real logit;
  int64_t index;
};

// The largest logit of a row, the first of equals.
template <typename Real>
__device__ Peak<Real> find_peak(const Real* logits, int64_t classes, Real* values, int64_t* indices) {
  Real top = logits[0];
  int64_t index = 0;
  for (int64_t c = threadIdx.x; c < classes; c += threads) {
    if (logits[c] > top || (logits[c] == top && c < index)) {
      top = logits[c];
      index = c;
    }
  }
  values[threadIdx.x] = top;
  indices[threadIdx.x] = index;
  __syncthreads();
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      const Real other = values[threadIdx.x + half];
      const int64_t other_index = indices[threadIdx.x + half];
      if (other > values[threadIdx.x] || (other == values[threadIdx.x] && other_index < indices[threadIdx.x])) {
        values[threadIdx.x] = other;
        indices[threadIdx.x] = other_index;
      }
    }
    __syncthreads();
  }
  const Peak<Real> peak{values[0], indices[0]};
  __syncthreads();
  return peak;
}

// log Σ exp(logit − top) of a row.
template <typename Real>
__device__ Real log_sum_of(const Real* logits, int64_t classes, Real top, Real* values) {
  Real own = 0;
  for (int64_t c = threadIdx.x; c < classes; c += threads) own += exp(logits[c] - top);
  values[threadIdx.x] = own;
  __syncthreads();
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) values[threadIdx.x] += values[threadIdx.x + half];
    __syncthreads();
  }
  return log(values[0]);
}

template <typename Real>
__global__ void loss_kernel(int64_t rows, int64_t classes, const Real* logits, const int64_t* truth, double smoothing,
                            double* metrics, Real* gradient, Workspace* workspace) {
  __shared__ Real values[threads];
  __shared__ int64_t indices[threads];
  __shared__ double sums[threads];
  const int64_t row = blockIdx.x;
  const Real* const from = logits + row * classes;
  const Peak<Real> peak = find_peak(from, classes, values, indices);
  const Real top = peak.logit, log_sum = log_sum_of(from, classes, top, values);
  if (gradient) {
    const Real scale = Real(1) / static_cast<Real>(rows);
    const Real even = static_cast<Real>(smoothing / static_cast<double>(classes)) * scale;
    const Real one = static_cast<Real>(1 - smoothing) * scale;
    for (int64_t c = threadIdx.x; c < classes; c += threads) {
      const Real share = exp(from[c] - top - log_sum) * scale - even;
      gradient[row * classes + c] = c == truth[row] ? share - one : share;
    }
  }
  if (smoothing > 0) {
    double above = 0;  // see ops/loss.cpp
    for (int64_t c = threadIdx.x; c < classes; c += threads) above += static_cast<double>(from[truth[row]] - from[c]);
    scan(sums, above);
  }
  double* const losses = workspace->losses();
  uint8_t* const correct = reinterpret_cast<uint8_t*>(losses + rows);
  if (threadIdx.x == 0) {
    losses[row] = static_cast<double>(log_sum - (from[truth[row]] - top));
    if (smoothing > 0) losses[row] += smoothing * sums[threads - 1] / static_cast<double>(classes);
    correct[row] = peak.index == truth[row];
  }
  if (!is_last_block(&workspace->ticket, static_cast<uint32_t>(rows))) return;

  double loss = 0, count = 0;
  for (int64_t r = threadIdx.x; r < rows; r += threads) {
    loss += static_cast<volatile double*>(losses)[r];
    count += static_cast<volatile uint8_t*>(correct)[r];
  }
  scan(sums, loss);
  if (threadIdx.x == threads - 1) metrics[0] += sums[threadIdx.x];
  __syncthreads();
  scan(sums, count);
  if (threadIdx.x == threads - 1) metrics[1] += sums[threadIdx.x];
}

}  // namespace

size_t loss_bytes(int64_t rows) { return sizeof(Workspace) + static_cast<size_t>(rows) * (sizeof(double) + 1); }

void add_loss(const void* logits, const int64_t* truth, int64_t rows, int64_t classes, double smoothing, double* metrics,
              void* gradient, void* workspace, Real type, void* stream) {
  const auto run = [&](auto zero) {
    using Value = decltype(zero);
    launch(loss_kernel<Value>, rows, stream, rows, classes, static_cast<const Value*>(logits), truth, smoothing,
           metrics, static_cast<Value*>(gradient), static_cast<Workspace*>(workspace));
  };
  type == Real::float64 ? run(double{}) : run(float{});
}

}  // namespace mb::cuda
