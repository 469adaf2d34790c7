// The convolution of each channel by itself (Howard et al., MobileNets, 2017): as many outputs as channels.
#pragma once

#include <memory>

#include "layer.hpp"

namespace mb {

std::unique_ptr<Layer> make_depthwise(const mb_layer& spec, const Arithmetic& arithmetic);

}  // namespace mb
