// Convolutions.
#pragma once

#include <memory>

#include "layer.hpp"

namespace mb {

// A convolution with the kernel, stride and padding of `spec`.
std::unique_ptr<Layer> make_convolution(const mb_layer& spec, const Arithmetic& arithmetic);

// The shape of a layer's weights. Throws a Failure where they are too many for the device.
WeightShape weight_shape_of(const mb_layer& spec, int64_t positions, const Arithmetic& arithmetic);

}  // namespace mb
