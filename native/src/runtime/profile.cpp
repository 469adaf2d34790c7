#include "profile.hpp"

#include <ATen/ops/zeros.h>

#include <algorithm>

#include "status.hpp"

namespace mb {
namespace {
struct Profile {
  bool on = false;
  double seconds[MB_PARTS] = {};
};
thread_local Profile profile;
}  // namespace

bool profiling() { return profile.on; }

void wait_for(const at::Device& device) {
  // Reading a scalar waits for what was queued.
  if (!device.is_cpu()) at::zeros({1}, at::TensorOptions().device(device)).item<float>();
}

Timed::Timed(mb_part part, const at::Device& device) : part_(part), device_(device) {
  if (!profile.on) return;
  wait_for(device_);
  start_ = std::chrono::steady_clock::now();
}

Timed::~Timed() {
  if (!profile.on) return;
  try {
    wait_for(device_);
  } catch (...) {  // the call that is being timed tells of it
  }
  profile.seconds[part_] += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

}  // namespace mb

int32_t mb_profile(int32_t on, double* seconds) {
  return mb::guard("mb_profile", [&] {
    mb::require(on == 0 || on == 1, "on: ", on, ", expected 0 or 1");
    if (seconds) std::copy(std::begin(mb::profile.seconds), std::end(mb::profile.seconds), seconds);
    mb::profile = {on == 1, {}};
  });
}
