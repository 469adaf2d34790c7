// The update: momentum, decay, step and clip in one pass over the vectors.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/sign.h>

#include <algorithm>
#include <cmath>

#include "profile.hpp"
#include "step.hpp"

using namespace mb;

namespace {

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
    const float moved = z - by.rate * v;
    // NaN must pass through, to be seen: both comparisons are false for it.
    latent[i] = moved < by.low ? by.low : moved > by.high ? by.high : moved;
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
        const bool now = carry_out("mb_descend", {word(z), word(v), word(g), word(selection.room), by.straight_through,
                                                  word(momentum), word(decay), word(centre), word(low), word(high)});
        if (now) {
          cuda::descend(z.data_ptr<float>(), v.data_ptr<float>(), g.data_ptr<float>(), z.numel(), by,
                        counting ? &selection : nullptr, cuda::stream());
        }
        last.counted = counting;
        return;
      }
    }
    if (z.is_cpu()) {
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
