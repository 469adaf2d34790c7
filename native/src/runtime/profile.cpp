#include "profile.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <iterator>

namespace mb {
namespace {

struct Profile {
  bool on = false;
  double seconds[MB_PARTS] = {};
};

thread_local Profile profile;

}  // namespace

bool is_profiling() { return profile.on; }

void set_profiling(bool on, double* seconds) {
  if (seconds) std::copy(std::begin(profile.seconds), std::end(profile.seconds), seconds);
  profile = {on, {}};
}

void wait_for(const at::Device& device) {
  // Reading a scalar waits for what was queued.
  if (!device.is_cpu()) at::zeros({1}, at::TensorOptions().device(device)).item<float>();
}

PartTimer::PartTimer(mb_part part, const at::Device& device) : part_(part), device_(device) {
  if (!profile.on) return;
  wait_for(device_);
  start_ = std::chrono::steady_clock::now();
}

PartTimer::~PartTimer() {
  if (!profile.on) return;
  try {
    wait_for(device_);
  } catch (...) {  // the call that is being timed reports it
  }
  profile.seconds[part_] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace mb
