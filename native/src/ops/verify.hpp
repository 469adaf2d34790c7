// Layers are verified against plain loops in double precision: arithmetic that others wrote may be wrong on this machine.
#pragma once

#include "network.hpp"

namespace mb {

// Sends random numbers through every layer that has no like before it, with a batch of so many pictures, both ways, and
// through loops. Writes rows of four numbers to `deviations`: see mb_network_verify. Gives how many rows there are. What
// the layers' weights were is overwritten.
int64_t verify_network(mb_network& network, int64_t pictures, double* deviations);

}  // namespace mb
