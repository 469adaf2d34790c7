// Batch normalisation without scale and shift of its own, and the ReLU after it where there is one, in two passes over the
// activations each way: one sums up by channel, one writes. Activations have their channels last.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// What the way back needs of the way forward, by channel, in double precision.
struct BatchMoments {
  at::Tensor mean, scale;  // scale = 1 / √(variance + epsilon)
};

// Gives (input − mean) / √(variance + epsilon) with the batch's moments; `running` (2 · channels: means, then variances) moves
// towards them. `rectified`: and the ReLU of that.
at::Tensor normalise_batch(const at::Tensor& input, bool rectified, at::Tensor running, BatchMoments* moments);
// Gives the same with the running means and variances.
at::Tensor normalise(const at::Tensor& input, bool rectified, const at::Tensor& running);
// Gives the gradient of the input; `output` is what normalise_batch gave, and read only where it was rectified.
at::Tensor normalise_backward(const at::Tensor& output_gradient, const at::Tensor& input, const at::Tensor& output,
                              bool rectified, const BatchMoments& moments);

}  // namespace mb
