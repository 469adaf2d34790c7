// The three ways in which an operation is computed, and the one choice between them: a kernel of cuda/ where there is one
// (on a GPU, or emulated on the processor), a loop of the core's own on the processor, else libtorch's operations.
#pragma once

#include <utility>

#include "../cuda/runtime.hpp"

namespace mb {

// Whether the kernels of cuda/ compute on that device.
inline bool has_kernels(const at::Device& device) { return kernels && (emulated || device.is_cuda()); }

// Whether the core's own loops do. The emulation leaves to libtorch what it leaves to libtorch on a GPU.
inline bool has_loops(const at::Device& device) { return !emulated && device.is_cpu(); }

template <typename Body>
struct Kernel {
  explicit Kernel(Body body) : run(std::move(body)) {}
  Body run;
};
template <typename Body>
struct Loop {
  explicit Loop(Body body) : run(std::move(body)) {}
  Body run;
};
template <typename Body>
struct Operations {
  explicit Operations(Body body) : run(std::move(body)) {}
  Body run;
};

// Computes in the way that the device has, and gives what it gives. A build without kernels links none: hence `constexpr`.
template <typename A, typename B, typename C>
auto dispatch(const at::Device& device, const Kernel<A>& kernel, const Loop<B>& loop, const Operations<C>& operations) {
  if constexpr (kernels) {
    if (has_kernels(device)) return kernel.run();
  }
  return has_loops(device) ? loop.run() : operations.run();
}

// The same of what has no kernel.
template <typename B, typename C>
auto dispatch(const at::Device& device, const Loop<B>& loop, const Operations<C>& operations) {
  return has_loops(device) ? loop.run() : operations.run();
}

// The same of what is left to libtorch wherever there is no kernel.
template <typename A, typename C>
auto dispatch(const at::Device& device, const Kernel<A>& kernel, const Operations<C>& operations) {
  if constexpr (kernels) {
    if (has_kernels(device)) return kernel.run();
  }
  return operations.run();
}

// The same of what libtorch has no operations for: the device must have kernels or loops.
template <typename A, typename B>
auto dispatch(const at::Device& device, const Kernel<A>& kernel, const Loop<B>& loop) {
  if constexpr (kernels) {
    if (has_kernels(device)) return kernel.run();
  }
  return loop.run();
}

}  // namespace mb
