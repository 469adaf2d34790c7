// The first thing that a replayed step does: it takes its own numbers from those that the host has laid out.
#include "device.cuh"

namespace mb::cuda {
namespace {

__global__ void take(Ring* ring, Taken* taken) {
  const int64_t step = taken->step;
  __syncthreads();
  if (threadIdx.x < Ring::numbers) {
    taken->numbers[threadIdx.x] = static_cast<volatile double*>(ring->values[step % Ring::steps])[threadIdx.x];
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    taken->step = step + 1;
    ring->taken = step + 1;  // the host may lay out other numbers in their place now
  }
}

}  // namespace

void take_numbers(Ring* ring, Taken* taken, void* stream) { launch(take, 1, stream, ring, taken); }

}  // namespace mb::cuda
