// From a layer's description to the layer, with the checks that it fits where it is.
#pragma once

#include <memory>
#include <vector>

#include "layer.hpp"

namespace mb {

// Makes the layer of the node at `index`, for an input of `shape`, which becomes its output's; `other` is the shape of what a
// sum reads besides. Throws a Failure where they don't fit.
std::unique_ptr<Layer> make_layer(const std::vector<Node>& graph, int64_t index, ActivationShape& shape,
                                  const ActivationShape& other, const Arithmetic& arithmetic);

}  // namespace mb
