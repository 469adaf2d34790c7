// Streams, graphs and shared memory by CUDA and libtorch's caching allocator.
#include <ATen/Context.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstdlib>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>

#include "runtime.hpp"

namespace mb::cuda {
namespace {

// libtorch keeps, for all threads together, with its one random generator and without a lock, which graphs there are and
// (2.11) whether one is being recorded. So while one thread records or frees a graph, no other may use one; replays don't
// disturb each other.
std::shared_mutex graphs_in_use;

class CapturedGraph final : public Graph {
 public:
  ~CapturedGraph() override {
    if (!exclusive_) exclusive_ = std::unique_lock(graphs_in_use);
    graph_.reset();
  }

  // Thread-local, because what other threads allocate meanwhile concerns their streams alone.
  void begin() override {
    exclusive_ = std::unique_lock(graphs_in_use);
    graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  }
  void end() override {
    const std::unique_lock exclusive(std::move(exclusive_));
    graph_->capture_end();
  }
  void replay() override {
    const std::shared_lock together(graphs_in_use);
    graph_->replay();
  }

 private:
  std::optional<at::cuda::CUDAGraph> graph_{std::in_place};
  std::unique_lock<std::shared_mutex> exclusive_;
};

}  // namespace

void use_own_stream() {
  static thread_local const bool done = [] {
    // A fixed workspace is what makes cuBLAS repeat itself; the variable is read when the first product is computed.
    setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", 0);
    c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool());
    return true;
  }();
  static_cast<void>(done);
}

void* current_stream() { return c10::cuda::getCurrentCUDAStream().stream(); }

void check_device() {
  const cudaError_t status = cudaStreamQuery(c10::cuda::getCurrentCUDAStream());
  if (status != cudaErrorNotReady) C10_CUDA_CHECK(status);
}

bool has_low_precision() {
  int major = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0));
  return major >= 8;
}

std::unique_ptr<Graph> make_graph() { return std::make_unique<CapturedGraph>(); }

std::shared_ptr<Ring> make_ring() {
  void* memory = nullptr;
  C10_CUDA_CHECK(cudaHostAlloc(&memory, sizeof(Ring), cudaHostAllocMapped));
  return {new (memory) Ring(), [](Ring* ring) { C10_CUDA_CHECK_WARN(cudaFreeHost(ring)); }};
}

}  // namespace mb::cuda
