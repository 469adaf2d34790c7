#include "generator.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randperm.h>

#include <algorithm>

#include "../runtime/status.hpp"

namespace mb {
namespace {

template <typename Draw>
void draw_into(at::Tensor& to, const Draw& draw) {
  at::Tensor drawn = at::empty({to.numel()}, to.options().device(at::kCPU));
  draw(drawn);
  to.copy_(drawn);
}

}  // namespace

void draw_normal(at::Generator& generator, double deviation, at::Tensor& to) {
  draw_into(to, [&](at::Tensor& drawn) { drawn.normal_(0, deviation, generator); });
}

void draw_uniform(at::Generator& generator, double low, double high, at::Tensor& to) {
  draw_into(to, [&](at::Tensor& drawn) { drawn.uniform_(low, high, generator); });
}

void draw_integers(at::Generator& generator, int64_t high, at::Tensor& to) {
  draw_into(to, [&](at::Tensor& drawn) { drawn.random_(0, high, generator); });
}

void draw_permutation(at::Generator& generator, at::Tensor& to) {
  draw_into(to, [&](at::Tensor& drawn) { drawn.copy_(at::randperm(drawn.numel(), generator, drawn.options())); });
}

void save_state(const at::Generator& generator, uint8_t* state, int64_t length) {
  const at::Tensor bytes = generator.get_state();
  require(bytes.numel() == length, "this libtorch's generators have ", bytes.numel(), " bytes, expected ", length);
  std::copy_n(bytes.data_ptr<uint8_t>(), length, state);
}

at::Generator restore_state(const uint8_t* state, int64_t length) {
  at::Tensor bytes = at::empty({length}, at::kByte);
  std::copy_n(state, length, bytes.data_ptr<uint8_t>());
  at::Generator restored = at::detail::createCPUGenerator();
  bool valid = true;
  try {
    restored.set_state(bytes);
  } catch (const c10::Error&) {
    valid = false;
  }
  // libtorch checks each of the two counters, but not that together they stay within the engine's 624 words.
  if (valid) {
    const at::mt19937_data_pod engine = at::check_generator<at::CPUGeneratorImpl>(restored)->engine().data();
    valid = engine.left_ >= 1 && int64_t{engine.left_} + engine.next_ <= at::MERSENNE_STATE_N + 1;
  }
  require(valid, "state: not that of a generator");
  return restored;
}

}  // namespace mb
