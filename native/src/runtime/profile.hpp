// Where a step's time goes: seconds by part, summed up for one thread while it asks for it.
#pragma once

#include <ATen/core/Tensor.h>

#include <chrono>

#include "maskbench.h"

namespace mb {

// Adds the time of its own life to a part. Where the thread does not profile, it costs one comparison.
class PartTimer {
 public:
  PartTimer(mb_part part, const at::Device& device);
  ~PartTimer();
  PartTimer(const PartTimer&) = delete;
  PartTimer& operator=(const PartTimer&) = delete;

 private:
  const mb_part part_;
  const at::Device device_;
  std::chrono::steady_clock::time_point start_;
};

// Whether this thread sums up.
bool is_profiling();

// Begins or ends summing up, from zero; `seconds`, or null, gets the sums so far, MB_PARTS of them.
void set_profiling(bool on, double* seconds);

// Waits until the device has done what was queued on it.
void wait_for(const at::Device& device);

}  // namespace mb
