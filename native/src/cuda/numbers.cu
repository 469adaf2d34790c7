// The first thing that a replayed step does: it reads its own numbers from those that the host has laid out.
#include "device.cuh"

namespace mb::cuda {
namespace {

__global__ void read_kernel(Ring* ring, StepNumbers* numbers) {
  const int64_t step = numbers->steps_read;
  __syncthreads();
  if (threadIdx.x < Ring::max_numbers) {
    numbers->values[threadIdx.x] = static_cast<volatile double*>(ring->values[step % Ring::steps])[threadIdx.x];
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    numbers->steps_read = step + 1;
    ring->steps_read = step + 1;  // from here on the host may lay out other numbers in that row
  }
}

}  // namespace

void read_numbers(Ring* ring, StepNumbers* numbers, void* stream) { launch(read_kernel, 1, stream, ring, numbers); }

}  // namespace mb::cuda
