#include "drawn_masks.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/stack.h>

#include <array>

#include "../cuda/philox.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

namespace mb {
namespace {

void draw_noise_by_loop(float* to, int64_t length, uint64_t key, uint64_t draw) {
  at::parallel_for(0, length / 4, 1 << 12, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const Words words = philox_of(static_cast<uint64_t>(i), draw, key);
      for (int n = 0; n < 4; ++n) to[4 * i + n] = noise_of(words.at[n]);
    }
  });
  const Words words = philox_of(static_cast<uint64_t>(length / 4), draw, key);
  for (int64_t n = 0; n < length % 4; ++n) to[length - length % 4 + n] = noise_of(words.at[n]);
}

// The same by libtorch's operations, with words of 32 bits in 64 each.
void draw_noise_by_operations(at::Tensor& to, uint64_t key, const at::Tensor& draw) {
  constexpr int64_t half = 0xffffffff;
  const auto upper = [](const at::Tensor& word) { return at::bitwise_right_shift(word, 32) & half; };
  const at::Tensor counter = at::arange((to.numel() + 3) / 4, to.options().dtype(at::kLong));
  const at::Tensor nth = draw.to(at::kLong);
  std::array<at::Tensor, 4> word{counter & half, upper(counter), nth & half, upper(nth)};
  int64_t low = key & half, high = key >> 32;
  for (int round = 0; round < 10; ++round) {
    const at::Tensor even = word[0] * int64_t{0xD2511F53}, odd = word[2] * int64_t{0xCD9E8D57};
    word = {upper(odd) ^ word[1] ^ low, odd & half, upper(even) ^ word[3] ^ high, even & half};
    low = (low + 0x9E3779B9) & half;
    high = (high + 0xBB67AE85) & half;
  }
  const at::Tensor bits = at::bitwise_right_shift(at::stack({word[0], word[1], word[2], word[3]}, 1), 9).reshape({-1});
  to.copy_(bits.narrow(0, 0, to.numel())).add_(0.5).mul_(noise_spacing);
}

// A probability of 0 or 1 is moved by so much, so that its logarithm is a number; as published for ProbMask.
constexpr double margin = 1e-20;

void relax_by_operations(const at::Tensor& p, const at::Tensor& u, const at::Tensor& temperature, at::Tensor& mask,
                         at::Tensor& slope) {
  const at::Tensor kept = p + margin, dropped = (1 - p).add_(margin);
  const at::Tensor x = (kept * u).div_((1 - u).mul_(dropped)).log_().div_(temperature);
  mask.copy_(x).sigmoid_();
  slope.copy_(x).neg_().sigmoid_().mul_(mask).div_(temperature).mul_(kept.reciprocal() + dropped.reciprocal());
}

}  // namespace

void draw_noise(uint64_t key, cuda::Number draw, at::Tensor& to) {
  dispatch(to.device(),
           Kernel{[&] { cuda::draw_noise(to.data_ptr<float>(), to.numel(), key, draw, cuda::current_stream()); }},
           Loop{[&] { draw_noise_by_loop(to.data_ptr<float>(), to.numel(), key, static_cast<uint64_t>(draw.value)); }},
           Operations{[&] { draw_noise_by_operations(to, key, as_tensor(draw, to)); }});
}

void relax_mask(const at::Tensor& probability, const at::Tensor& noise, cuda::Number temperature, at::Tensor& mask,
                at::Tensor& slope) {
  const PartTimer timer(MB_PROJECTION, probability.device());
  dispatch(probability.device(),
           Kernel{[&] {
             cuda::relax_mask(probability.data_ptr<float>(), noise.data_ptr<float>(), probability.numel(), temperature,
                              static_cast<float>(margin), mask.data_ptr<float>(), slope.data_ptr<float>(),
                              cuda::current_stream());
           }},
           Operations{[&] {
             relax_by_operations(probability, noise, as_tensor(temperature, probability), mask, slope);
           }});
}

}  // namespace mb
