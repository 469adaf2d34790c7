// Masks that are drawn: noise that is a function of its key and the number of its draw, the relaxed draw of a mask, and
// the projection of its probabilities.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/bitwise_right_shift.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "../cuda/philox.hpp"
#include "../ops/sums.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {

void noise_on_cpu(float* to, int64_t length, uint64_t key, uint64_t draw) {
  at::parallel_for(0, length / 4, 1 << 12, [&](int64_t first, int64_t last) {
    for (int64_t at = first; at < last; ++at) {
      const Words words = philox(static_cast<uint64_t>(at), draw, key);
      for (int n = 0; n < 4; ++n) to[4 * at + n] = noise_of(words.at[n]);
    }
  });
  const Words words = philox(static_cast<uint64_t>(length / 4), draw, key);
  for (int64_t n = 0; n < length % 4; ++n) to[length - length % 4 + n] = noise_of(words.at[n]);
}

// The same where a GPU's libtorch is there but none of our kernels. Words of 32 bits, each in 64.
void noise_by_operations(at::Tensor& to, uint64_t key, const at::Tensor& draw) {
  constexpr int64_t half = 0xffffffff;
  const auto upper = [](const at::Tensor& word) { return at::bitwise_right_shift(word, 32) & half; };
  const at::Tensor place = at::arange((to.numel() + 3) / 4, to.options().dtype(at::kLong));
  const at::Tensor nth = draw.to(at::kLong);
  std::array<at::Tensor, 4> word{place & half, upper(place), nth & half, upper(nth)};
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

// So far from a probability of 0 or 1 that its logarithm is a number; as published for ProbMask.
constexpr double aside = 1e-20;

// What clip(x − v, 0, 1) sums up to, NaNs left out, and how many of its entries would fall if v rose.
TwoSums mass(const float* x, int64_t length, float v) {
  return sums_of(length, [&](int64_t begin, int64_t end) {
    double sum = 0, moving = 0;
#pragma omp simd reduction(+ : sum, moving)
    for (int64_t i = begin; i < end; ++i) {  // written so that the compiler makes vectors of it
      const double moved = x[i] - v, above = moved > 0 ? moved : 0, clipped = above < 1 ? above : 1;
      sum += clipped;
      moving += (clipped == moved) & (moved != 0) ? 1 : 0;
    }
    return TwoSums{sum, moving};
  });
}

// Of the sum: what is missing at most where there is a better v.
constexpr double close = 1e-3;

// The v >= 0 of the projection. Newton's steps, since the sum falls along straight lines, into the middle of what is close
// enough; and a bisection where one leads out of the bracket.
float shift_for(const float* x, int64_t length, double most) {
  float low = 0, high = std::max(0.0f, *std::max_element(x, x + length)), v = 0;
  for (;;) {
    const TwoSums at = mass(x, length, v);
    const double over = at.first - most;
    if (over <= 0 && (v == 0 || over > -close)) return v;
    (over > 0 ? low : high) = v;
    v = static_cast<float>(v + (over + close / 2) / std::max(at.second, 1.0));
    if (v > low && v < high) continue;
    v = low + (high - low) / 2;
    if (!(v > low && v < high)) return high;
  }
}

// The same without waiting for the device: bisection alone, until float32 tells no more.
at::Tensor shift_by_operations(const at::Tensor& x, const at::Tensor& most) {
  const auto over = [&](const at::Tensor& v) { return (x - v).clamp_(0, 1).sum(at::kDouble) > most; };
  at::Tensor high = x.max().clamp_min(0), low = at::zeros_like(high);
  const at::Tensor none = low, needed = over(none);
  for (int step = 0; step < 40; ++step) {
    const at::Tensor middle = low + (high - low) / 2, above = over(middle);
    low = at::where(above, middle, low);
    high = at::where(above, high, middle);
  }
  return at::where(needed, high, none);
}

}  // namespace

int32_t mb_noise(mb_vector* vector, uint64_t key, int64_t draw) {
  return guard_within_step("mb_noise", [&] {
    at::Tensor& to = vector_of(vector, "vector");
    require_dtype(to, "vector", at::kFloat);
    require(draw >= 0 && draw <= (int64_t{1} << 53), "draw: ", draw, ", expected 0 to 2^53");
    const cuda::Number nth = number(static_cast<double>(draw));
    if (!carry_out("mb_noise", {word(to), key})) return;
    if constexpr (kernels) {
      if (by_kernels(to.device())) return cuda::noise(to.data_ptr<float>(), to.numel(), key, nth, cuda::stream());
    }
    if (by_loops(to.device())) return noise_on_cpu(to.data_ptr<float>(), to.numel(), key, static_cast<uint64_t>(draw));
    noise_by_operations(to, key, as_tensor(nth, to));
  });
}

int32_t mb_relax(const mb_vector* probability, const mb_vector* noise, double temperature, mb_vector* mask,
                 mb_vector* slope) {
  return guard_within_step("mb_relax", [&] {
    const at::Tensor& p = vector_of(probability, "probability");
    const at::Tensor& u = vector_of(noise, "noise");
    at::Tensor& to = vector_of(mask, "mask");
    at::Tensor& rising = vector_of(slope, "slope");
    require_dtype(p, "probability", at::kFloat);
    require_like(u, "noise", p, "probability");
    require_like(to, "mask", p, "probability");
    require_like(rising, "slope", p, "probability");
    require(probability != mask && probability != slope && noise != mask && noise != slope && mask != slope,
            "mask, slope: a vector twice, expected two that are neither probability nor noise");
    require(temperature >= 1e-3 && temperature <= 1e3, "temperature: ", temperature, ", expected 0.001 to 1000");
    const Timed timed(MB_PROJECTION, p.device());
    const cuda::Number heat = number(temperature);
    if (!carry_out("mb_relax", {word(p), word(u), word(to), word(rising)})) return;
    if constexpr (kernels) {
      if (by_kernels(p.device())) {
        return cuda::relax(p.data_ptr<float>(), u.data_ptr<float>(), p.numel(), heat, static_cast<float>(aside),
                           to.data_ptr<float>(), rising.data_ptr<float>(), cuda::stream());
      }
    }
    const at::Tensor by = as_tensor(heat, p), is = p + aside, not_is = (1 - p).add_(aside);
    const at::Tensor x = (is * u).div_((1 - u).mul_(not_is)).log_().div_(by);
    to.copy_(x).sigmoid_();
    rising.copy_(x).neg_().sigmoid_().mul_(to).div_(by).mul_(is.reciprocal() + not_is.reciprocal());
  });
}

int32_t mb_project_capped_simplex(mb_vector* vector, int64_t offset, int64_t length, double most) {
  return guard_within_step("mb_project_capped_simplex", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    require(most >= 0 && std::isfinite(most), "most: ", most, ", expected a number of at least 0");
    const Timed timed(MB_PROJECTION, range.device());
    const cuda::Number budget = number(most);
    if (!carry_out("mb_project_capped_simplex", {word(range), word(double(length))})) return;
    if (length == 0) return;
    if constexpr (kernels) {
      if (by_kernels(range.device())) {
        const auto bytes = static_cast<int64_t>(cuda::simplex_room(length));
        const at::Tensor room = at::zeros({bytes}, range.options().dtype(at::kByte));
        return cuda::project_capped_simplex(range.data_ptr<float>(), length, budget, room.data_ptr(), cuda::stream());
      }
    }
    if (by_loops(range.device())) {
      range.sub_(shift_for(range.data_ptr<float>(), length, most)).clamp_(0, 1);
    } else {
      range.sub_(shift_by_operations(range, as_tensor(budget, range))).clamp_(0, 1);
    }
  });
}
