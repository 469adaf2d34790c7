// Host memory of tensors: kept for reuse instead of given back to the system after every step, and counted.
#pragma once

#include <cstdint>

namespace mb {
int64_t memory_in_use();
int64_t memory_peak();
void memory_reset_peak();
}  // namespace mb
