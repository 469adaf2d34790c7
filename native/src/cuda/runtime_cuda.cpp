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

// What libtorch keeps of graphs for all threads together, with its one random generator and without a lock: which there are,
// and whether one is being recorded (2.11). Of runs side by side one that records, or frees, is alone; to replay disturbs
// nobody.
std::shared_mutex kept_of_graphs;

class RecordedGraph final : public Graph {
 public:
  ~RecordedGraph() override {
    if (!alone_) alone_ = std::unique_lock(kept_of_graphs);
    graph_.reset();
  }

  // Other threads may allocate meanwhile: that concerns their streams alone.
  void begin() override {
    alone_ = std::unique_lock(kept_of_graphs);
    graph_->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  }
  void end() override {
    const std::unique_lock alone(std::move(alone_));
    graph_->capture_end();
  }
  void replay() override {
    const std::shared_lock beside_others(kept_of_graphs);
    graph_->replay();
  }

 private:
  std::optional<at::cuda::CUDAGraph> graph_{std::in_place};
  std::unique_lock<std::shared_mutex> alone_;
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
