// Elementwise operations on flat vectors, each in place.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// to = from, of one length.
void copy_vector(const at::Tensor& from, at::Tensor& to);
// x = x ⊙ factor
void multiply_vector(const at::Tensor& factor, at::Tensor& x);
// x = x + term
void add_vector(const at::Tensor& term, at::Tensor& x);
// x = scale · x + shift
void transform_affinely(double scale, double shift, at::Tensor& x);
// x = sign(x)
void take_sign(at::Tensor& x);
// x = 1 / (1 + exp(−x))
void take_sigmoid(at::Tensor& x);
// x = α sign(x), α the mean magnitude of those that are not 0; see mb_vector_binarise. float32.
void binarise_vector(at::Tensor& x);
// x = x − its mean, which is summed in double. float32.
void centre_vector(at::Tensor& x);
// x = x min(1, max / (‖x‖ + 1e-6)); see mb_vector_clip_norm. float32.
void clip_norm(double max, at::Tensor& x);

}  // namespace mb
