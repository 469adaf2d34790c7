// The updates, each in one pass over the vectors: momentum, decay, step and clip; and Adam.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sqrt.h>

#include <algorithm>
#include <cmath>

#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {

// NaN must pass through, to be seen: both comparisons are false for it.
float clipped(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

struct Descent {
  float rate, momentum, decay, centre, low, high;
};

template <bool straight_through>
void descend(float* latent, float* velocity, const float* gradient, int64_t begin, int64_t end, Descent by) {
  for (int64_t i = begin; i < end; ++i) {
    const float z = latent[i];
    const float sign = static_cast<float>(z > 0) - static_cast<float>(z < 0);
    const float g = (straight_through ? gradient[i] * sign : gradient[i]) + by.decay * (z - by.centre);
    const float v = by.momentum * velocity[i] + g;
    velocity[i] = v;
    latent[i] = clipped(z - by.rate * v, by.low, by.high);
  }
}

struct Adam {
  float size, root, beta1, rest1, beta2, rest2, epsilon, decay, low, high;  // rest: 1 − beta, before it is rounded
};

void adam(float* latent, float* first, float* second, const float* gradient, int64_t begin, int64_t end, Adam by) {
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] + by.decay * latent[i];
    first[i] = by.beta1 * first[i] + by.rest1 * g;
    second[i] = by.beta2 * second[i] + by.rest2 * (g * g);
    const float step = by.size * first[i] / (std::sqrt(second[i]) / by.root + by.epsilon);
    latent[i] = clipped(latent[i] - step, by.low, by.high);
  }
}

// Whether the segments are the whole vector, one after the other.
bool whole(const mb_vector::Selection& selection, int64_t length) {
  int64_t end = 0;
  for (const cuda::Selected& segment : selection.segments) {
    if (segment.offset != end) return false;
    end += segment.length;
  }
  return end == length;
}

}  // namespace

int32_t mb_descend(mb_vector* latent, mb_vector* velocity, const mb_vector* gradient, int32_t straight_through,
                   double rate, double momentum, double decay, double centre, double low, double high) {
  return guard_within_step("mb_descend", [&] {
    at::Tensor& z = vector_of(latent, "latent");
    mb_vector::Selection& last = object(latent, "latent").selection;
    at::Tensor& v = vector_of(velocity, "velocity");
    const at::Tensor& g = vector_of(gradient, "gradient");
    require_dtype(z, "latent", at::kFloat);
    require_like(v, "velocity", z, "latent");
    require_like(g, "gradient", z, "latent");
    require(latent != velocity && latent != gradient && velocity != gradient,
            "latent, velocity, gradient: one vector twice, expected three");
    require(straight_through == 0 || straight_through == 1, "straight_through: ", straight_through,
            ", expected 0 or 1");
    require_finite(rate, "rate", z);
    require_finite(momentum, "momentum", z);
    require_finite(decay, "decay", z);
    require_finite(centre, "centre", z);
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    const Timed timed(MB_UPDATE, z.device());
    if constexpr (kernels) {
      if (by_kernels(z.device())) {
        const bool counting = last.room.defined() && z.numel() > 0 && whole(last, z.numel());
        const cuda::Selection selection{last.segments.data(), static_cast<int64_t>(last.segments.size()),
                                        last.magnitude, counting ? last.room.data_ptr() : nullptr};
        const cuda::Descent by{number(rate),
                               static_cast<float>(momentum),
                               static_cast<float>(decay),
                               static_cast<float>(centre),
                               static_cast<float>(low),
                               static_cast<float>(high),
                               straight_through != 0};
        const bool now = carry_out("mb_descend", {word(z), word(v), word(g), word(selection.room),
                                                  counting ? last.digest : 0, by.straight_through, word(momentum),
                                                  word(decay), word(centre), word(low), word(high)});
        if (now) {
          cuda::descend(z.data_ptr<float>(), v.data_ptr<float>(), g.data_ptr<float>(), z.numel(), by,
                        counting ? &selection : nullptr, cuda::stream());
        }
        last.counted = counting;
        return;
      }
    }
    if (by_loops(z.device())) {
      const Descent by{static_cast<float>(rate),   static_cast<float>(momentum), static_cast<float>(decay),
                       static_cast<float>(centre), static_cast<float>(low),      static_cast<float>(high)};
      const auto run = straight_through ? descend<true> : descend<false>;
      at::parallel_for(0, z.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
        run(z.data_ptr<float>(), v.data_ptr<float>(), g.data_ptr<float>(), begin, end, by);
      });
      return;
    }
    at::Tensor step = straight_through ? g * z.sign() : g;
    if (decay != 0) step = step + (z - centre) * decay;
    v.mul_(momentum).add_(step);
    z.sub_(v, rate).clamp_(low, high);
  });
}

int32_t mb_descend_adam(mb_vector* latent, mb_vector* first, mb_vector* second, const mb_vector* gradient, int64_t step,
                        double rate, double beta1, double beta2, double epsilon, double decay, double low,
                        double high) {
  return guard_within_step("mb_descend_adam", [&] {
    at::Tensor& z = vector_of(latent, "latent");
    at::Tensor& m = vector_of(first, "first");
    at::Tensor& s = vector_of(second, "second");
    const at::Tensor& g = vector_of(gradient, "gradient");
    require_dtype(z, "latent", at::kFloat);
    require_like(m, "first", z, "latent");
    require_like(s, "second", z, "latent");
    require_like(g, "gradient", z, "latent");
    require(latent != first && latent != second && latent != gradient && first != second && first != gradient &&
                second != gradient,
            "latent, first, second, gradient: one vector twice, expected four");
    require(step >= 1, "step: ", step, ", expected at least 1");
    require_finite(rate, "rate", z);
    require(beta1 >= 0 && beta1 < 1, "beta1: ", beta1, ", expected 0 to below 1");
    require(beta2 >= 0 && beta2 < 1, "beta2: ", beta2, ", expected 0 to below 1");
    require_finite(epsilon, "epsilon", z);
    require(static_cast<float>(epsilon) > 0, "epsilon: ", epsilon, ", expected a Float above 0");
    require_finite(decay, "decay", z);
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    const Timed timed(MB_UPDATE, z.device());
    // Both moments began at 0: what they lack for it is made up for here.
    const double size = rate / (1 - std::pow(beta1, step)), root = std::sqrt(1 - std::pow(beta2, step));
    require_finite(size, "rate", z);
    const cuda::Number sized = number(size), rooted = number(root);
    if (!carry_out("mb_descend_adam", {word(z), word(m), word(s), word(g), word(beta1), word(beta2), word(epsilon),
                                       word(decay), word(low), word(high)})) {
      return;
    }
    const auto f = [](double value) { return static_cast<float>(value); };
    if constexpr (kernels) {
      if (by_kernels(z.device())) {
        const cuda::Adam by{sized,    rooted,     f(beta1), f(1 - beta1), f(beta2), f(1 - beta2), f(epsilon),
                            f(decay), f(low), f(high)};
        return cuda::descend_adam(z.data_ptr<float>(), m.data_ptr<float>(), s.data_ptr<float>(), g.data_ptr<float>(),
                                  z.numel(), by, cuda::stream());
      }
    }
    if (by_loops(z.device())) {
      const Adam by{f(size),     f(root),    f(beta1), f(1 - beta1), f(beta2),
                    f(1 - beta2), f(epsilon), f(decay), f(low),       f(high)};
      at::parallel_for(0, z.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
        adam(z.data_ptr<float>(), m.data_ptr<float>(), s.data_ptr<float>(), g.data_ptr<float>(), begin, end, by);
      });
      return;
    }
    const at::Tensor pulled = decay != 0 ? g + z * decay : g;
    m.mul_(beta1).add_(pulled, 1 - beta1);
    s.mul_(beta2).add_(pulled * pulled, 1 - beta2);
    z.sub_((m * as_tensor(sized, z)).div_(s.sqrt().div_(as_tensor(rooted, z)).add_(epsilon))).clamp_(low, high);
  });
}
