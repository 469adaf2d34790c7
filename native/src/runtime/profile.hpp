// Where a step's time goes: seconds by part, summed up for one thread while it asks for it.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>

#include "maskbench.h"

namespace mb {

// Adds the time of its own life to a part; nothing, and no more than one comparison, where nobody asked.
class Timed {
 public:
  Timed(mb_part part, const at::Device& device);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  const mb_part part_;
  const at::Device device_;
  std::chrono::steady_clock::time_point start_;
};

// Whether this thread sums up.
bool profiling();

// Waits until the device has done what was queued on it.
void wait_for(const at::Device& device);

}  // namespace mb
