// Cross-entropy of the logits: its sum, the correct predictions, and its gradient, in one pass.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// metrics += (sum of losses, correct predictions); with p = softmax(logits) the loss is (1 − ε) · −log p[truth] + ε · mean
// of −log p over the classes, in nats, ε the smoothing; the prediction is the first of the largest logits. `gradient`, if
// not null, becomes ∂L/∂logits of the mean loss, (p − (1 − ε) · one hot − ε / classes) / images. `workspace` is the kernels',
// kept from call to call with so many pictures.
void add_loss(const at::Tensor& logits, const at::Tensor& truth, double smoothing, at::Tensor& metrics,
              at::Tensor* gradient, at::Tensor& workspace);

}  // namespace mb
