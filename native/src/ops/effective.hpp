// Where the flat vectors meet the network: w ⊙ m on the way in, the gradient on the way out.
//
// A weight tensor lies in the flat vector as (out, in, positions), positions being kernel rows × columns. The network
// computes with channels last, so it wants (out, positions, in). Both directions transpose and multiply in one pass;
// pictures, (count, channels, pixels), are transposed in the same way where they are flattened.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace mb {

struct WeightShape {
  int64_t offset, outputs, inputs, positions;
  int64_t length() const { return outputs * inputs * positions; }
};

// One of a layer's tensors, (outputs, inputs, …), and where it lies in the flat vector.
struct LayerTensor {
  const WeightShape* shape;
  at::Tensor tensor;
};

// to (outputs, positions, inputs) = w ⊙ m; mask undefined: w
void write_effective(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to);
// The same of all layers, in one launch where there are kernels.
void write_effective(const at::Tensor& weights, const at::Tensor& mask, std::vector<LayerTensor> layers);

// gradient[segment] = from ⊙ factor, `from` laid out as above, or as the flat vector where it is contiguous; factor
// undefined: from
void write_gradient(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape, at::Tensor& gradient);
// The same of all layers, in one launch where there are kernels.
void write_gradient(const std::vector<LayerTensor>& layers, const at::Tensor& factor, at::Tensor& gradient);

}  // namespace mb
