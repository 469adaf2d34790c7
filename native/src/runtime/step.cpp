#include "step.hpp"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <sched.h>

#include <cstring>

#include "profile.hpp"

using namespace mb;
using Mode = mb_step::Mode;

namespace {

thread_local mb_step* under_way = nullptr;

// Steps that are carried out call by call before one is recorded: they set up what a library sets up at first use.
constexpr int64_t warm_up = 2;

cuda::Taken* taken_of(const mb_step& step) { return reinterpret_cast<cuda::Taken*>(step.taken.data_ptr<uint8_t>()); }

// The step under way is not one that can be recorded: it is to be done anew, call by call. In the emulation every call was
// carried out when it came, and the rest is too.
void refuse(mb_step& step, const char* why) {
  if (!emulated) throw Failure(MB_UNSUPPORTED, why);
  step.able = false;
  step.mode = Mode::direct;
}

// Notes one word of a recorded step, or holds it against what was noted.
void note(mb_step& step, uint64_t word) {
  if (step.mode == Mode::direct) return;
  std::vector<uint64_t>& calls = step.current->calls;
  if (step.mode == Mode::recording) {
    calls.push_back(word);
  } else if (step.words >= calls.size() || calls[step.words] != word) {
    refuse(step, "step: this call is not the one that was recorded here");
  }
  ++step.words;
}

void leave(mb_step& step) {
  step.mode = Mode::direct;
  step.current = nullptr;
  step.under_way = false;
  under_way = nullptr;
}

// Finds out what is to be done with the calls to come.
void begin(mb_step& step, int64_t shape) {
  step.words = 0;
  step.numbers = 0;
  if (!step.able || profiling()) return;
  mb_step::Recorded& recorded = step.recorded[shape];
  if (recorded.done++ < warm_up) return;
  step.current = &recorded;
  while (step.replayed - step.ring->taken >= cuda::Ring::steps && !emulated) {  // far ahead of the device
    cuda::check();
    sched_yield();
  }
  step.mode = recorded.calls.empty() ? Mode::recording : Mode::replaying;
  if constexpr (kernels && !emulated) {
    if (step.mode == Mode::replaying) return;
    recorded.graph = cuda::make_graph();
    recorded.graph->begin();
    cuda::take_numbers(step.ring.get(), taken_of(step), cuda::stream());
  }
}

mb_step& entered(mb_step* handle) {
  mb_step& step = object(handle, "step");
  require(under_way == &step, "step: it is not under way on this thread");
  return step;
}

}  // namespace

namespace mb {

void outside_of_steps() {
  if (under_way && under_way->mode != Mode::direct) {
    refuse(*under_way, "not within a recorded step");
  }
}

cuda::Number number(double value) {
  if (!under_way || under_way->mode == Mode::direct) return {value, nullptr};
  mb_step& step = *under_way;
  if (step.numbers >= cuda::Ring::numbers) {
    refuse(step, "step: it has more numbers than one that is recorded");
    return {value, nullptr};
  }
  const int64_t place = step.numbers++;
  step.ring->values[step.replayed % cuda::Ring::steps][place] = value;
  if (emulated) taken_of(step)->numbers[place] = value;
  return {value, taken_of(step)->numbers + place};
}

at::Tensor as_tensor(cuda::Number number, const at::Tensor& with) {
  if (!number.place || emulated) return at::scalar_tensor(number.value, with.options().dtype(at::kDouble));
  return under_way->taken.view(at::kDouble)[number.place - taken_of(*under_way)->numbers];
}

bool carry_out(const char* call, std::initializer_list<uint64_t> words) {
  if (!under_way || under_way->mode == Mode::direct) return true;
  mb_step& step = *under_way;
  note(step, word(static_cast<const void*>(call)));
  note(step, static_cast<uint64_t>(step.numbers));
  for (const uint64_t each : words) note(step, each);
  return emulated || step.mode == Mode::recording;
}

uint64_t word(const void* address) { return reinterpret_cast<uintptr_t>(address); }

// Of where it lies and how long it is: what was freed may have left its place to another.
uint64_t word(const at::Tensor& tensor) {
  if (!tensor.defined()) return 0;
  return word(tensor.data_ptr()) ^ static_cast<uint64_t>(tensor.numel()) * 0x9e3779b97f4a7c15u;
}

uint64_t word(double constant) {
  uint64_t bits;
  std::memcpy(&bits, &constant, sizeof bits);
  return bits;
}

}  // namespace mb

int32_t mb_step_create(int32_t device, mb_step** out) {
  return guard("mb_step_create", [&] {
    require_out(out);
    const at::Device where = device_of(device);
    auto step = std::make_unique<mb_step>(mb_step{where, by_kernels(where), {}, nullptr, {}});
    if (step->able) {
      step->ring = cuda::make_ring();
      step->taken = at::zeros({sizeof(cuda::Taken)}, at::TensorOptions().dtype(at::kByte).device(where));
    }
    *out = adopt(std::move(step));
  });
}

int32_t mb_step_free(mb_step* step) {
  return guard("mb_step_free", [&] {
    require(!object(step, "step").under_way, "step: it is under way, expected its end before");
    release(step, "step");
  });
}

int32_t mb_step_begin(mb_step* handle, int64_t shape) {
  return guard("mb_step_begin", [&] {
    mb_step& step = object(handle, "step");
    require(under_way == nullptr, "step: another one is under way on this thread");
    require(!step.under_way, "step: it is under way on another thread");
    step.under_way = true;
    under_way = &step;
    try {
      begin(step, shape);
    } catch (...) {
      leave(step);
      throw;
    }
  });
}

int32_t mb_step_end(mb_step* handle) {
  return guard_within_step("mb_step_end", [&] {
    mb_step& step = entered(handle);
    const Mode mode = step.mode;
    mb_step::Recorded* const recorded = step.current;
    if (mode == Mode::replaying && step.words != recorded->calls.size()) {
      refuse(step, "step: it ends before the recorded one does");
    }
    leave(step);
    if (mode == Mode::direct) return;
    ++step.replayed;
    if (emulated) return;
    if (mode == Mode::recording) recorded->graph->end();
    recorded->graph->replay();
  });
}

int32_t mb_step_abandon(mb_step* handle) {
  return guard_within_step("mb_step_abandon", [&] {
    mb_step& step = entered(handle);
    mb_step::Recorded* const recorded = step.current;
    const bool recording = step.mode == Mode::recording;
    leave(step);
    step.able = false;
    if (!recording) return;
    if (recorded->graph) {
      try {
        recorded->graph->end();
      } catch (...) {  // what was recorded so far is of no use anyway
      }
    }
    *recorded = {};
  });
}
