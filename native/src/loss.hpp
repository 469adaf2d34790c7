// Cross-entropy of the logits: its sum, the correct predictions, and the way back, in one pass.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// metrics += (sum of losses, correct predictions); the loss is −log softmax(logits)[truth] in nats, the prediction the
// first of the largest logits. `gradient`, if not null, becomes ∂L/∂logits of the mean loss, (softmax − one hot) / images.
// `room` is the kernels', kept from call to call.
void add_loss(const at::Tensor& logits, const at::Tensor& truth, at::Tensor& metrics, at::Tensor* gradient,
              at::Tensor& room);

}  // namespace mb
