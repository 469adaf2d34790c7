// Cross-entropy, its gradient and the number of correct predictions: a block for each picture; the last one sums up what
// all have left, in an order that is always the same.
#include <cmath>

#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

// Beginning of the room; one double loss for each picture follows, and then a byte that says whether it was correct.
struct alignas(8) Room {
  uint32_t ticket;
  __device__ double* losses() { return reinterpret_cast<double*>(this + 1); }
};

template <typename Real>
__global__ void rows_of(int64_t rows, int64_t classes, const Real* logits, const int64_t* truth, double smoothing,
                        double* metrics, Real* gradient, Room* room) {
  __shared__ Real values[threads];
  __shared__ int64_t places[threads];
  __shared__ double sums[threads];
  const int64_t row = blockIdx.x;
  const Real* const from = logits + row * classes;

  // The largest logit, the first of equals.
  Real top = from[0];
  int64_t place = 0;
  for (int64_t c = threadIdx.x; c < classes; c += threads) {
    if (from[c] > top || (from[c] == top && c < place)) {
      top = from[c];
      place = c;
    }
  }
  values[threadIdx.x] = top;
  places[threadIdx.x] = place;
  __syncthreads();
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      const Real other = values[threadIdx.x + half];
      const int64_t there = places[threadIdx.x + half];
      if (other > values[threadIdx.x] || (other == values[threadIdx.x] && there < places[threadIdx.x])) {
        values[threadIdx.x] = other;
        places[threadIdx.x] = there;
      }
    }
    __syncthreads();
  }
  top = values[0];
  const bool correct = places[0] == truth[row];
  __syncthreads();

  Real own = 0;
  for (int64_t c = threadIdx.x; c < classes; c += threads) own += exp(from[c] - top);
  values[threadIdx.x] = own;
  __syncthreads();
  for (unsigned half = threads / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) values[threadIdx.x] += values[threadIdx.x + half];
    __syncthreads();
  }
  const Real log_sum = log(values[0]);
  if (gradient) {
    const Real scale = Real(1) / static_cast<Real>(rows);
    const Real even = static_cast<Real>(smoothing / static_cast<double>(classes)) * scale;
    const Real peak = static_cast<Real>(1 - smoothing) * scale;
    for (int64_t c = threadIdx.x; c < classes; c += threads) {
      const Real share = exp(from[c] - top - log_sum) * scale - even;
      gradient[row * classes + c] = c == truth[row] ? share - peak : share;
    }
  }
  if (smoothing > 0) {
    double above = 0;  // see loss.cpp
    for (int64_t c = threadIdx.x; c < classes; c += threads) above += static_cast<double>(from[truth[row]] - from[c]);
    scan(sums, above);
  }
  double* const losses = room->losses();
  uint8_t* const right = reinterpret_cast<uint8_t*>(losses + rows);
  if (threadIdx.x == 0) {
    losses[row] = static_cast<double>(log_sum - (from[truth[row]] - top));
    if (smoothing > 0) losses[row] += smoothing * sums[threads - 1] / static_cast<double>(classes);
    right[row] = correct;
  }
  if (!last_of(&room->ticket, static_cast<uint32_t>(rows))) return;

  double loss = 0, count = 0;
  for (int64_t r = threadIdx.x; r < rows; r += threads) {
    loss += static_cast<volatile double*>(losses)[r];
    count += static_cast<volatile uint8_t*>(right)[r];
  }
  scan(sums, loss);
  if (threadIdx.x == threads - 1) metrics[0] += sums[threadIdx.x];
  __syncthreads();
  scan(sums, count);
  if (threadIdx.x == threads - 1) metrics[1] += sums[threadIdx.x];
}

}  // namespace

size_t loss_room(int64_t rows) { return sizeof(Room) + static_cast<size_t>(rows) * (sizeof(double) + 1); }

void add_loss(const void* logits, const int64_t* truth, int64_t rows, int64_t classes, double smoothing, double* metrics,
              void* gradient, void* room, Real type, void* stream) {
  const auto run = [&](auto zero) {
    using Value = decltype(zero);
    launch(rows_of<Value>, rows, stream, rows, classes, static_cast<const Value*>(logits), truth, smoothing,
           metrics, static_cast<Value*>(gradient), static_cast<Room*>(room));
  };
  type == Real::float64 ? run(double{}) : run(float{});
}

}  // namespace mb::cuda
