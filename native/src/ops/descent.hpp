// The updates of a latent vector, each in one pass over the vectors: momentum, decay, step and clip; and Adam. float32.
#pragma once

#include "../runtime/handles.hpp"

namespace mb {

// See mb_descend. `counting`, or null: the selection that the first digit of the new values is counted for on the way.
void descend(const at::Tensor& gradient, bool straight_through, cuda::Number rate, double momentum, double decay,
             double centre, double low, double high, const mb_vector::Selection* counting, at::Tensor& latent,
             at::Tensor& velocity);

// The selection of a vector that descend() can count for; null: none, which is so where no kernel has selected of it yet, or
// its segments are not the whole vector.
const mb_vector::Selection* find_countable_selection(const mb_vector& latent);

// The step of Adam with its bias correction: size = rate / (1 − beta1^step), root = √(1 − beta2^step).
struct AdamStep {
  double size, root;
};
AdamStep correct_bias(double rate, double beta1, double beta2, int64_t step);

// See mb_descend_adam; `size` and `root` are those of AdamStep.
void descend_adam(const at::Tensor& gradient, cuda::Number size, cuda::Number root, double beta1, double beta2,
                  double epsilon, double decay, double low, double high, at::Tensor& latent, at::Tensor& first,
                  at::Tensor& second);

}  // namespace mb
