// From a tensor's type to a C++ number's, for what is written once for all of them.
#pragma once

#include <ATen/core/Tensor.h>

namespace mb {

// Calls body(a zero of the tensor's type): float64, bfloat16 or float32.
template <typename Body>
auto with_type(const at::Tensor& tensor, const Body& body) {
  if (tensor.scalar_type() == at::kDouble) return body(double{});
  if (tensor.scalar_type() == at::kBFloat16) return body(at::BFloat16{});
  return body(float{});
}

}  // namespace mb
