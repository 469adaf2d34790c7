// The layers: each computes its output from its input, and its input's gradient from its output's.
// Activations are (batch, channels, height, width) with channels last in memory, or (batch, features) once flat.
#pragma once

#include <memory>
#include <vector>

#include "effective.hpp"
#include "maskbench.h"

namespace mb {

// Channels, height, width of one activation.
struct ActivationShape {
  int64_t channels, height, width;
  bool flat;
  int64_t features() const { return channels * height * width; }
};

class Layer {
 public:
  virtual ~Layer() = default;
  // `train`: keep what `backward` needs.
  virtual at::Tensor forward(const at::Tensor& input, bool train) = 0;
  // Gradient with respect to the input; undefined where `wanted` is false.
  virtual at::Tensor backward(const at::Tensor& output_gradient, bool wanted) = 0;
  // Weights, where the layer has them: its place in the flat vector, w ⊙ m, and the gradient of that.
  WeightShape weight{0, 0, 0, 0};
  at::Tensor effective, weight_gradient;
  // Drops what `forward` kept.
  void forget() { input_ = output_ = at::Tensor(); }

 protected:
  at::Tensor input_, output_;
};

// Makes the layer at `place`, after `previous` (null: the first), for an input of `shape`, which becomes its output's.
// Throws a Failure where they don't fit.
std::unique_ptr<Layer> make_layer(const mb_layer& specification, const mb_layer* previous, int64_t place,
                                  ActivationShape& shape, const at::TensorOptions& options);

}  // namespace mb
