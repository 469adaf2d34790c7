// The nearest vector with entries in [0, 1] whose sum is within a budget. float32.
#pragma once

#include "../cuda/kernels.hpp"
#include "../runtime/handles.hpp"

namespace mb {

// x = clip(x − v, 0, 1), with the v of mb_project_capped_simplex.
void project_capped_simplex(cuda::Number budget, at::Tensor& x);

}  // namespace mb
