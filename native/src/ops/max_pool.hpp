// Max-pooling for windows that don't overlap, channels last: one byte for each output says which entry of its window won, so
// that the way back reads nothing else. A ReLU after it is computed along with it: where it leaves nothing, no entry won.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// Whether the two functions below can pool `input`; libtorch's own pooling is there for the rest.
bool has_max_pool(const at::Tensor& input, int64_t size, int64_t stride);

// output (n, c, h / size, w / size), and the winners: bytes of the same shape and layout. The first of equals wins.
at::Tensor max_pool(const at::Tensor& input, int64_t size, bool rectified, at::Tensor* winners);

// Gives the gradient with respect to an input of height × width.
at::Tensor max_pool_backward(const at::Tensor& output_gradient, const at::Tensor& winners, int64_t size,
                             int64_t height, int64_t width);

}  // namespace mb
