// Layers held against plain loops in double precision: arithmetic that others wrote may be wrong on this machine.
#pragma once

#include <vector>

#include "layers.hpp"

namespace mb {

// The largest difference from the loops, divided by the root mean square of what they give: of the output (of a
// normalisation in training, outside of it, and of its running statistics), of the input's gradient, and of the weights'
// gradient. −1: the layer has none. Infinite where there is a NaN.
struct Deviations {
  double output = -1, input_gradient = -1, weight_gradient = -1;
};

// How a layer is tried: on pictures of `input`, with a way back where `learns` says so, to the input where it is `wanted`.
struct Trial {
  ActivationShape input;
  int64_t pictures;
  bool learns, wanted;
};

// Sends random numbers through a layer, both ways, and through loops. The layer's weights are overwritten.
Deviations deviations_from_loops(Layer& layer, const Node& node, const Trial& trial, const Arithmetic& by);

}  // namespace mb
