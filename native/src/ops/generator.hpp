// Draws of libtorch's CPU generator, and its state as bytes.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>

namespace mb {

// Each draws on the CPU into a tensor of its own, then copies: a draw into a range must equal a draw of that length.
void draw_normal(at::Generator& generator, double deviation, at::Tensor& to);
void draw_uniform(at::Generator& generator, double low, double high, at::Tensor& to);
void draw_integers(at::Generator& generator, int64_t high, at::Tensor& to);
void draw_permutation(at::Generator& generator, at::Tensor& to);

// The state as torch.Generator().get_state() gives it. Throws a Failure where it has not `length` bytes.
void save_state(const at::Generator& generator, uint8_t* state, int64_t length);
// A generator in that state. Throws a Failure where no generator could have it.
at::Generator restore_state(const uint8_t* state, int64_t length);

}  // namespace mb
