// Recorded steps: their handles, and where one begins and ends.
#include "../runtime/step.hpp"

using namespace mb;

int32_t mb_step_create(int32_t device, mb_step** out) {
  return guard("mb_step_create", [&] {
    require_out(out);
    *out = adopt(make_step(device_of(device)));
  });
}

int32_t mb_step_free(mb_step* step) {
  return guard("mb_step_free", [&] {
    require(!object_of(step, "step").under_way, "step: it is under way, expected its end before");
    release(step, "step");
  });
}

int32_t mb_step_begin(mb_step* step, int64_t shape) {
  return guard("mb_step_begin", [&] { begin_step(object_of(step, "step"), shape); });
}

int32_t mb_step_end(mb_step* step) {
  return guard_within_step("mb_step_end", [&] { end_step(object_of(step, "step")); });
}

int32_t mb_step_abandon(mb_step* step) {
  return guard_within_step("mb_step_abandon", [&] { abandon_step(object_of(step, "step")); });
}
