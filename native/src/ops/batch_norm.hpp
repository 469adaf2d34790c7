// Batch normalisation without scale and shift of its own, and the ReLU after it where there is one, in two passes over the
// activations each way: one sums up by channel, one writes. Activations have their channels last.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// What the way back needs of the way there, by channel, in double precision.
struct Normalised {
  at::Tensor mean, scale;  // scale = 1 / √(variance + epsilon)
};

// (input − mean) / √(variance + epsilon), of the batch; `running` (2 · channels: means, then variances) moves towards them.
at::Tensor batch_norm(const at::Tensor& input, bool rectified, at::Tensor running, Normalised* by);
// The same by the running means and variances.
at::Tensor batch_norm(const at::Tensor& input, bool rectified, const at::Tensor& running);
// The gradient of the input; `output` is what batch_norm gave, and looked at only where it was rectified.
at::Tensor batch_norm_backward(const at::Tensor& output_gradient, const at::Tensor& input, const at::Tensor& output,
                               bool rectified, const Normalised& by);

}  // namespace mb
