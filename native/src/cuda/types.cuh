// Which number types a kernel is made for.
#pragma once

#include "kernels.hpp"

namespace mb::cuda {

// Calls body(a zero of that type).
template <typename Body>
void with_type(Real type, const Body& body) {
  if (type == Real::float64) return body(double{});
  if (type == Real::bfloat16) return body(bfloat16{});
  body(float{});
}

}  // namespace mb::cuda
