// Networks: the masked forward and backward pass, written out layer by layer instead of recorded.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "batch.hpp"
#include "dataset.hpp"
#include "layer.hpp"

struct mb_network {
  static constexpr const char* family = "network";
  std::vector<mb::Node> graph;
  std::vector<std::unique_ptr<mb::Layer>> layers;  // of its nodes
  mb::ActivationShape input{};
  std::vector<mb::ActivationShape> shapes;  // of the nodes' outputs
  std::vector<bool> learns;  // whether there are weights in a node or before it
  int64_t size = 0, statistics = 0, classes = 0;
  mb::Arithmetic arithmetic;
  at::ScalarType outer_dtype;  // of vectors and batches: the same, but float32 where it computes in bfloat16
  std::unique_ptr<mb_batch> evaluation;  // what evaluation gathers into
  // The workspaces of the loss, by the number of pictures; never replaced, as a recorded step holds the address of its own.
  std::map<int64_t, at::Tensor> loss_workspaces;

  at::Device device() const { return arithmetic.options.device(); }
  // What a node reads at an index; −1: the pictures.
  const mb::ActivationShape& shape_at(int64_t index) const { return index < 0 ? input : shapes[index]; }
  // Whether the gradient of what is read at an index is needed.
  bool needs_gradient_at(int64_t index) const { return index >= 0 && learns[index]; }
  // Whether the gradient of what a node reads is needed.
  bool needs_input_gradient_of(const mb::Node& node) const {
    return needs_gradient_at(node.from) || (mb::adds(node) && needs_gradient_at(node.other));
  }
};

namespace mb {

// Throws a Failure where the layers don't fit together.
std::unique_ptr<mb_network> make_network(const mb_layer* layers, int64_t count, const ActivationShape& input,
                                         const Arithmetic& arithmetic, at::ScalarType outer_dtype);

// Makes libtorch compute on CUDA the same way every time, and as precisely as the network asks. Its switches belong to the
// whole process; runs side by side are of one sweep, and so of one precision.
void set_arithmetic(const mb_network& network);

// Drops what the layers kept for the way back, at the end of a pass and where one fails.
struct PassCleanup {
  mb_network& network;
  ~PassCleanup() {
    for (const auto& layer : network.layers) layer->forget();
  }
};

// See mb_network_gradient; `mask` undefined: the whole network; `statistics` undefined where it has none. It writes
// statistics, gradient and metrics.
void compute_gradient(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                      const at::Tensor& pictures, const at::Tensor& truth, double smoothing, mb_gradient_of of,
                      at::Tensor& statistics, at::Tensor& gradient, at::Tensor& metrics);

// logits (pictures, classes), in its first entries.
void compute_logits(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                    const at::Tensor& statistics, const at::Tensor& pictures, at::Tensor& logits);

// metrics += (sum of losses, correct predictions) over the whole data set.
void evaluate_network(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                      const at::Tensor& statistics, const mb_dataset& dataset, int64_t batch_size, at::Tensor& metrics);

}  // namespace mb
