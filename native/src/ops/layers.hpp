// The layers that are neither convolutions nor pooling: linear ones, and those without weights.
#pragma once

#include <memory>

#include "layer.hpp"

namespace mb {

std::unique_ptr<Layer> make_linear(const mb_layer& spec, const Arithmetic& arithmetic);
// `in_place`: nothing else needs its input, which it may overwrite.
std::unique_ptr<Layer> make_relu(bool in_place);
std::unique_ptr<Layer> make_flatten();
// `rectified`: a ReLU of its output belongs to it.
std::unique_ptr<Layer> make_batch_norm(int64_t channels, bool rectified);
std::unique_ptr<Layer> make_sum(bool rectified, bool in_place);

}  // namespace mb
