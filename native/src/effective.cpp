#include "effective.hpp"

#include <ATen/Parallel.h>

namespace mb {
namespace {

int64_t grain(const WeightShape& shape) {
  return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, shape.inputs * shape.positions));
}

// Inputs are walked in tiles, so that a tile's strided side stays in the first-level cache.
constexpr int64_t tile = 64;

template <typename Real, typename Body>
void transposing(const WeightShape& shape, const Body& body) {
  at::parallel_for(0, shape.outputs, grain(shape), [&](int64_t first, int64_t last) {
    for (int64_t out = first; out < last; ++out) {
      const int64_t base = out * shape.inputs * shape.positions;
      if (shape.positions == 1 || shape.inputs == 1) {  // both layouts are one
        const int64_t end = base + shape.inputs * shape.positions;
        for (int64_t i = base; i < end; ++i) body(i, i);
        continue;
      }
      for (int64_t start = 0; start < shape.inputs; start += tile) {
        const int64_t stop = std::min(shape.inputs, start + tile);
        for (int64_t p = 0; p < shape.positions; ++p) {
          for (int64_t i = start; i < stop; ++i) {
            body(base + i * shape.positions + p, base + p * shape.inputs + i);  // flat, channels last
          }
        }
      }
    }
  });
}

template <typename Real>
void effective_on_cpu(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  const Real* const w = weights.data_ptr<Real>() + shape.offset;
  Real* const e = to.data_ptr<Real>();
  if (!mask.defined()) {
    transposing<Real>(shape, [=](int64_t flat, int64_t last) { e[last] = w[flat]; });
    return;
  }
  const Real* const m = mask.data_ptr<Real>() + shape.offset;
  transposing<Real>(shape, [=](int64_t flat, int64_t last) { e[last] = w[flat] * m[flat]; });
}

template <typename Real>
void gradient_on_cpu(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                     at::Tensor& gradient) {
  const Real* const d = from.data_ptr<Real>();
  Real* const g = gradient.data_ptr<Real>() + shape.offset;
  if (!factor.defined()) {
    transposing<Real>(shape, [=](int64_t flat, int64_t last) { g[flat] = d[last]; });
    return;
  }
  const Real* const f = factor.data_ptr<Real>() + shape.offset;
  transposing<Real>(shape, [=](int64_t flat, int64_t last) { g[flat] = d[last] * f[flat]; });
}

// The segment of a flat vector, seen as (outputs, positions, inputs).
at::Tensor channels_last(const at::Tensor& flat, const WeightShape& shape) {
  return flat.narrow(0, shape.offset, shape.length())
      .view({shape.outputs, shape.inputs, shape.positions})
      .transpose(1, 2);
}

}  // namespace

void write_effective(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  if (weights.is_cpu()) {
    const auto run = weights.scalar_type() == at::kFloat ? effective_on_cpu<float> : effective_on_cpu<double>;
    return run(weights, mask, shape, to);
  }
  at::Tensor target = to.view({shape.outputs, shape.positions, shape.inputs});
  target.copy_(channels_last(weights, shape));
  if (mask.defined()) target.mul_(channels_last(mask, shape));
}

void write_gradient(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                    at::Tensor& gradient) {
  if (from.is_cpu()) {
    const auto run = from.scalar_type() == at::kFloat ? gradient_on_cpu<float> : gradient_on_cpu<double>;
    return run(from, factor, shape, gradient);
  }
  at::Tensor target = channels_last(gradient, shape);
  target.copy_(from.view({shape.outputs, shape.positions, shape.inputs}));
  if (factor.defined()) target.mul_(channels_last(factor, shape));
}

}  // namespace mb
