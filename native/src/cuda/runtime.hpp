// What the core needs of CUDA besides kernels: a stream for each thread, and graphs. Three stand behind it: CUDA
// (runtime_cuda.cpp), the emulation that tests the kernels on the processor, and nothing (both below).
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "kernels.hpp"

namespace mb {

#ifdef MB_KERNELS
constexpr bool kernels = true;
#else
constexpr bool kernels = false;
#endif

#ifdef MB_EMULATE
constexpr bool emulated = true;
#else
constexpr bool emulated = false;
#endif

// The type of a tensor's numbers, as the kernels call it.
inline cuda::Real real_of(const at::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case at::kDouble: return cuda::Real::float64;
    case at::kBFloat16: return cuda::Real::bfloat16;
    default: return cuda::Real::float32;
  }
}

namespace cuda {

// The work of one step, recorded instead of done, to be done any number of times by one call.
class Graph {
 public:
  virtual ~Graph() = default;
  virtual void begin() = 0;
  virtual void end() = 0;
  virtual void replay() = 0;
};

#if defined(MB_KERNELS) && !defined(MB_EMULATE)

// From now on this thread's work goes to a stream of its own: runs side by side don't wait for each other, and a default
// stream can't be recorded.
void use_own_stream();
// The stream of this thread, a cudaStream_t.
void* current_stream();
// Throws where the device has failed.
void check_device();
// Whether the device computes in bfloat16 and TensorFloat-32.
bool has_low_precision();
std::unique_ptr<Graph> make_graph();
// A ring of zeros, in memory that host and device both see.
std::shared_ptr<Ring> make_ring();

#else

inline void use_own_stream() {}
inline void* current_stream() { return nullptr; }
inline void check_device() {}
inline bool has_low_precision() { return true; }
inline std::unique_ptr<Graph> make_graph() { return nullptr; }
inline std::shared_ptr<Ring> make_ring() { return std::make_shared<Ring>(); }

#endif

}  // namespace cuda
}  // namespace mb
