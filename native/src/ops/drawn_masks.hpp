// Masks that are drawn: noise that is a function of its key and the number of its draw, and the relaxed draw of a mask.
// float32.
#pragma once

#include "../cuda/kernels.hpp"
#include "../runtime/handles.hpp"

namespace mb {

// Uniform draws from (0, 1): see mb_noise.
void draw_noise(uint64_t key, cuda::Number draw, at::Tensor& to);

// See mb_relax.
void relax_mask(const at::Tensor& probability, const at::Tensor& noise, cuda::Number temperature, at::Tensor& mask,
                at::Tensor& slope);

}  // namespace mb
