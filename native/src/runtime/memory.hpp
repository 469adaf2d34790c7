// Host memory of tensors: kept for reuse instead of given back to the system after every step, and counted.
#pragma once

#include <cstdint>

namespace mb {

// Bytes of host memory that tensors hold now, and the peak of that since the last reset.
int64_t bytes_in_use();
int64_t peak_bytes();
// Lets the peak begin again at what is in use, and gives memory that is kept for reuse back to the system.
void reset_peak_bytes();

}  // namespace mb
