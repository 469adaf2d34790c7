// What a layer is: it computes its output from its input, and its input's gradient from its output's. Activations are (batch,
// channels, height, width) with channels last in memory, or (batch, features) once flat.
#pragma once

#include "effective.hpp"
#include "graph.hpp"

namespace mb {

// Channels, height, width of one activation.
struct ActivationShape {
  int64_t channels, height, width;
  bool flat;
  int64_t features() const { return channels * height * width; }
};

// What a network computes with. `tensor_float`: products of float32 in TensorFloat-32.
struct Arithmetic {
  at::TensorOptions options;
  bool tensor_float = false;
};

class Layer {
 public:
  virtual ~Layer() = default;
  // `train`: it keeps what `backward` needs. `other` is what a sum reads besides its input.
  virtual at::Tensor forward(const at::Tensor& input, const at::Tensor& other, bool train) = 0;
  // Gives the gradient with respect to the input, and to `other`, as they are the same; undefined where `wanted` is false.
  virtual at::Tensor backward(const at::Tensor& output_gradient, bool wanted) = 0;
  // Drops what `forward` kept.
  virtual void forget() { input_ = output_ = at::Tensor(); }

  // Weights, where the layer has them: where they lie in the flat vector, w ⊙ m, and the gradient of that.
  WeightShape weight{0, 0, 0, 0};
  at::Tensor effective, weight_gradient;
  // Running means and variances, where the layer has them: where they lie in the statistics, and those of the call under way.
  int64_t statistics_offset = 0, statistics_length = 0;
  at::Tensor statistics;

 protected:
  at::Tensor input_, output_;
};

}  // namespace mb
