// What this machine is, and how fast it can be.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>

namespace mb {

// The library's and the machine's description as a JSON object: see mb_describe.
std::string describe_machine();

// Seconds of one float32 matrix product size × size, or of one copy of so many bytes, on average, without what this thread
// waited for a processor.
double measure_matmul(const at::Device& device, int64_t size, int32_t repeats);
double measure_copy(const at::Device& device, int64_t bytes, int32_t repeats);

}  // namespace mb
