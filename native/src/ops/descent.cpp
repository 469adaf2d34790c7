#include "descent.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/sign.h>
#include <ATen/ops/sqrt.h>

#include <cmath>

#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

namespace mb {
namespace {

constexpr int64_t grain = 1 << 15;  // entries that are worth a thread

float to_float(double value) { return static_cast<float>(value); }

// A NaN passes through, to be seen: both comparisons are false for it.
float clip(float value, float low, float high) { return value < low ? low : value > high ? high : value; }

struct Descent {
  float rate, momentum, decay, centre, low, high;
};

template <bool straight_through>
void descend_by_loop(float* latent, float* velocity, const float* gradient, int64_t begin, int64_t end, Descent by) {
  for (int64_t i = begin; i < end; ++i) {
    const float z = latent[i];
    const float sign = static_cast<float>(z > 0) - static_cast<float>(z < 0);
    const float g = (straight_through ? gradient[i] * sign : gradient[i]) + by.decay * (z - by.centre);
    const float v = by.momentum * velocity[i] + g;
    velocity[i] = v;
    latent[i] = clip(z - by.rate * v, by.low, by.high);
  }
}

struct Adam {
  float size, root, beta1, rest1, beta2, rest2, epsilon, decay, low, high;  // rest: 1 − beta, before it is rounded
};

void descend_adam_by_loop(float* latent, float* first, float* second, const float* gradient, int64_t begin, int64_t end,
                          Adam by) {
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] + by.decay * latent[i];
    first[i] = by.beta1 * first[i] + by.rest1 * g;
    second[i] = by.beta2 * second[i] + by.rest2 * (g * g);
    const float step = by.size * first[i] / (std::sqrt(second[i]) / by.root + by.epsilon);
    latent[i] = clip(latent[i] - step, by.low, by.high);
  }
}

// Whether the segments are the whole vector, one after the other.
bool covers_vector(const mb_vector::Selection& selection, int64_t length) {
  int64_t end = 0;
  for (const cuda::Segment& segment : selection.segments) {
    if (segment.offset != end) return false;
    end += segment.length;
  }
  return end == length;
}

}  // namespace

const mb_vector::Selection* find_countable_selection(const mb_vector& latent) {
  const mb_vector::Selection& selection = latent.selection;
  const int64_t length = latent.tensor.numel();
  return selection.workspace.defined() && length > 0 && covers_vector(selection, length) ? &selection : nullptr;
}

void descend(const at::Tensor& gradient, bool straight_through, cuda::Number rate, double momentum, double decay,
             double centre, double low, double high, const mb_vector::Selection* counting, at::Tensor& latent,
             at::Tensor& velocity) {
  const PartTimer timer(MB_UPDATE, latent.device());
  at::Tensor &z = latent, &v = velocity;
  const at::Tensor& g = gradient;
  dispatch(z.device(),
           Kernel{[&] {
             cuda::Selection selection{};
             if (counting) {
               selection = {counting->segments.data(), static_cast<int64_t>(counting->segments.size()),
                            counting->magnitude, counting->workspace.data_ptr()};
             }
             const cuda::Descent by{rate,          to_float(momentum), to_float(decay), to_float(centre),
                                    to_float(low), to_float(high),     straight_through};
             cuda::descend(z.data_ptr<float>(), v.data_ptr<float>(), g.data_ptr<float>(), z.numel(), by,
                           counting ? &selection : nullptr, cuda::current_stream());
           }},
           Loop{[&] {
             const Descent by{to_float(rate.value), to_float(momentum), to_float(decay),
                              to_float(centre),     to_float(low),      to_float(high)};
             const auto run = straight_through ? descend_by_loop<true> : descend_by_loop<false>;
             at::parallel_for(0, z.numel(), grain, [&](int64_t begin, int64_t end) {
               run(z.data_ptr<float>(), v.data_ptr<float>(), g.data_ptr<float>(), begin, end, by);
             });
           }},
           Operations{[&] {
             at::Tensor step = straight_through ? g * z.sign() : g;
             if (decay != 0) step = step + (z - centre) * decay;
             v.mul_(momentum).add_(step);
             z.sub_(v, rate.value).clamp_(low, high);
           }});
}

AdamStep correct_bias(double rate, double beta1, double beta2, int64_t step) {
  // Both moments began at 0; what they lack because of that is made up for here.
  return {rate / (1 - std::pow(beta1, step)), std::sqrt(1 - std::pow(beta2, step))};
}

void descend_adam(const at::Tensor& gradient, cuda::Number size, cuda::Number root, double beta1, double beta2,
                  double epsilon, double decay, double low, double high, at::Tensor& latent, at::Tensor& first,
                  at::Tensor& second) {
  const PartTimer timer(MB_UPDATE, latent.device());
  at::Tensor &z = latent, &m = first, &s = second;
  const at::Tensor& g = gradient;
  dispatch(z.device(),
           Kernel{[&] {
             const cuda::Adam by{size,
                                 root,
                                 to_float(beta1),
                                 to_float(1 - beta1),
                                 to_float(beta2),
                                 to_float(1 - beta2),
                                 to_float(epsilon),
                                 to_float(decay),
                                 to_float(low),
                                 to_float(high)};
             cuda::descend_adam(z.data_ptr<float>(), m.data_ptr<float>(), s.data_ptr<float>(), g.data_ptr<float>(),
                                z.numel(), by, cuda::current_stream());
           }},
           Loop{[&] {
             const Adam by{to_float(size.value), to_float(root.value), to_float(beta1),   to_float(1 - beta1),
                           to_float(beta2),      to_float(1 - beta2),  to_float(epsilon), to_float(decay),
                           to_float(low),        to_float(high)};
             at::parallel_for(0, z.numel(), grain, [&](int64_t begin, int64_t end) {
               descend_adam_by_loop(z.data_ptr<float>(), m.data_ptr<float>(), s.data_ptr<float>(),
                                    g.data_ptr<float>(), begin, end, by);
             });
           }},
           Operations{[&] {
             const at::Tensor pulled = decay != 0 ? g + z * decay : g;
             m.mul_(beta1).add_(pulled, 1 - beta1);
             s.mul_(beta2).add_(pulled * pulled, 1 - beta2);
             z.sub_((m * as_tensor(size, z)).div_(s.sqrt().div_(as_tensor(root, z)).add_(epsilon))).clamp_(low, high);
           }});
}

}  // namespace mb
