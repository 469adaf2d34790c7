// Streams, graphs and shared memory by CUDA and libtorch's caching allocator.
#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstdlib>

#include "runtime.hpp"

namespace mb::cuda {
namespace {

class RecordedGraph final : public Graph {
 public:
  // Other threads may allocate meanwhile: that concerns their streams alone.
  void begin() override { graph_.capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal); }
  void end() override { graph_.capture_end(); }
  void replay() override { graph_.replay(); }

 private:
  at::cuda::CUDAGraph graph_;
};

}  // namespace

void own_stream() {
  static thread_local const bool done = [] {
    // A fixed workspace is what makes cuBLAS repeat itself; it is read when the first product is computed.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
    return true;
  }();
  static_cast<void>(done);
}

void* stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

void check() {
  const cudaError_t status = cudaStreamQuery(c10::cuda::getCurrentCUDAStream());
  if (status != cudaErrorNotReady) C10_CUDA_CHECK(status);
}

bool low_precision() {
  int major = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return major >= 8;
}

std::unique_ptr<Graph> make_graph() { return std::make_unique<RecordedGraph>(); }

std::shared_ptr<Ring> make_ring() {
  void* memory = nullptr;
  C10_CUDA_CHECK(cudaHostAlloc(&memory, sizeof(Ring), cudaHostAllocMapped));
  return {new (memory) Ring(), [](Ring* ring) { C10_CUDA_CHECK_WARN(cudaFreeHost(ring)); }};
}

}  // namespace mb::cuda
