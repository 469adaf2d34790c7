#include "step.hpp"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include <sched.h>

#include <cstring>

#include "profile.hpp"

namespace mb {
namespace {

using Mode = mb_step::Mode;

// What carry_out() must not compile with.
static_assert(!declares<Input, at::Tensor&> && !declares<Input, at::Tensor>, "an Input can't be written");
static_assert(!declares<Output, const at::Tensor&>, "an Output is declared where something is written");
static_assert(!declares<Constant<double>, cuda::Number>, "a Constant can't be taken for a Variable");
static_assert(!declares<Variable, double>, "a Variable's value can't be taken for a Constant");

thread_local mb_step* current_step = nullptr;

// Steps that are carried out call by call before one is recorded: they set up what a library sets up at first use.
constexpr int64_t warm_up_steps = 2;

bool records_or_replays() { return current_step && current_step->mode != Mode::direct; }

cuda::StepNumbers* device_numbers_of(const mb_step& step) {
  return reinterpret_cast<cuda::StepNumbers*>(step.numbers.data_ptr<uint8_t>());
}

// The step under way can't be recorded or replayed: the caller is to do it again, call by call. In the emulation every call
// was carried out when it came, and the rest is too.
void refuse_step(mb_step& step, const char* reason) {
  if (!emulated) throw Failure(MB_UNSUPPORTED, reason);
  step.can_record = false;
  step.mode = Mode::direct;
}

// Notes one word of a recorded step, or compares it with what was noted.
void note_word(mb_step& step, uint64_t word) {
  if (step.mode == Mode::direct) return;
  std::vector<uint64_t>& words = step.current->words;
  if (step.mode == Mode::recording) {
    words.push_back(word);
  } else if (step.word_count >= words.size() || words[step.word_count] != word) {
    refuse_step(step, "step: this call is not the one that was recorded here");
  }
  ++step.word_count;
}

void leave_step(mb_step& step) {
  step.mode = Mode::direct;
  step.current = nullptr;
  step.under_way = false;
  current_step = nullptr;
}

// Decides what is to be done with the calls to come.
void choose_mode(mb_step& step, int64_t shape) {
  step.word_count = 0;
  step.number_count = 0;
  if (!step.can_record || is_profiling()) return;
  mb_step::Recording& recording = step.recordings[shape];
  if (recording.steps++ < warm_up_steps) return;
  step.current = &recording;
  while (step.replayed - step.ring->steps_read >= cuda::Ring::steps && !emulated) {  // far ahead of the device
    cuda::check_device();
    sched_yield();
  }
  step.mode = recording.words.empty() ? Mode::recording : Mode::replaying;
  if constexpr (kernels && !emulated) {
    if (step.mode == Mode::replaying) return;
    recording.graph = cuda::make_graph();
    recording.graph->begin();
    cuda::read_numbers(step.ring.get(), device_numbers_of(step), cuda::current_stream());
  }
}

void require_under_way(const mb_step& step) {
  require(current_step == &step, "step: it is not under way on this thread");
}

}  // namespace

void require_no_recorded_step() {
  if (records_or_replays()) refuse_step(*current_step, "not within a recorded step");
}

cuda::Number value_of(const Variable& variable) {
  if (!records_or_replays()) return {variable.value, nullptr};
  mb_step& step = *current_step;
  if (step.number_count >= cuda::Ring::max_numbers) {
    refuse_step(step, "step: it has more numbers than one that is recorded");
    return {variable.value, nullptr};
  }
  const int64_t index = step.number_count++;
  step.ring->values[step.replayed % cuda::Ring::steps][index] = variable.value;
  if (emulated) device_numbers_of(step)->values[index] = variable.value;
  return {variable.value, device_numbers_of(step)->values + index};
}

at::Tensor as_tensor(cuda::Number number, const at::Tensor& with) {
  if (!number.address || emulated) return at::scalar_tensor(number.value, with.options().dtype(at::kDouble));
  return current_step->numbers.view(at::kDouble)[number.address - device_numbers_of(*current_step)->values];
}

bool note_call(const char* call, std::initializer_list<uint64_t> words) {
  if (!records_or_replays()) return true;
  mb_step& step = *current_step;
  note_word(step, word_of(static_cast<const void*>(call)));
  note_word(step, word_of(step.number_count));
  for (const uint64_t word : words) note_word(step, word);
  return emulated || step.mode == Mode::recording;
}

uint64_t word_of(const void* address) { return reinterpret_cast<uintptr_t>(address); }

uint64_t word_of(const at::Tensor& tensor) {
  if (!tensor.defined()) return 0;
  return word_of(static_cast<const void*>(tensor.data_ptr())) ^ static_cast<uint64_t>(tensor.numel()) * 0x9e3779b97f4a7c15u;
}

uint64_t word_of(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

uint64_t word_of(const mb_vector::Selection* selection) {
  return selection ? word_of(selection->workspace) ^ selection->digest : 0;
}

std::unique_ptr<mb_step> make_step(const at::Device& device) {
  auto step = std::make_unique<mb_step>(mb_step{device, has_kernels(device), {}, nullptr, {}});
  if (step->can_record) {
    step->ring = cuda::make_ring();
    const auto bytes = at::TensorOptions().dtype(at::kByte).device(device);
    step->numbers = at::zeros({sizeof(cuda::StepNumbers)}, bytes);
  }
  return step;
}

void begin_step(mb_step& step, int64_t shape) {
  require(current_step == nullptr, "step: another one is under way on this thread");
  require(!step.under_way, "step: it is under way on another thread");
  step.under_way = true;
  current_step = &step;
  try {
    choose_mode(step, shape);
  } catch (...) {
    leave_step(step);
    throw;
  }
}

void end_step(mb_step& step) {
  require_under_way(step);
  const Mode mode = step.mode;
  mb_step::Recording* const recording = step.current;
  if (mode == Mode::replaying && step.word_count != recording->words.size()) {
    refuse_step(step, "step: it ends before the recorded one does");
  }
  leave_step(step);
  if (mode == Mode::direct) return;
  ++step.replayed;
  if (emulated) return;
  if (mode == Mode::recording) recording->graph->end();
  recording->graph->replay();
}

void abandon_step(mb_step& step) {
  require_under_way(step);
  mb_step::Recording* const recording = step.current;
  const bool was_recording = step.mode == Mode::recording;
  leave_step(step);
  step.can_record = false;
  if (!was_recording) return;
  if (recording->graph) {
    try {
      recording->graph->end();
    } catch (...) {  // what was recorded so far is of no use anyway
    }
  }
  *recording = {};
}

}  // namespace mb
