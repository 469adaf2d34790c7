// Pooling layers: the largest number or the mean of each window.
#pragma once

#include <memory>

#include "layer.hpp"

namespace mb {

// `rectified`: a ReLU of its output belongs to it.
std::unique_ptr<Layer> make_max_pool(const mb_layer& spec, bool rectified);
std::unique_ptr<Layer> make_average_pool(const mb_layer& spec);

}  // namespace mb
