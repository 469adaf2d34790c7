#include "effective.hpp"

#include <ATen/Parallel.h>

#include "../cuda/runtime.hpp"

namespace mb {
namespace {

int64_t grain(const WeightShape& shape) {
  return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, shape.inputs * shape.positions));
}

// Both sides are walked in tiles, because their strides are often powers of two, which share few places in a cache;
// the innermost loop runs along the side that is written.
constexpr int64_t tile = 16;

enum class Written { flat, last };

// Calls body(place in the flat vector, place with channels last) for every entry.
template <Written written, typename Body>
void transposing(const WeightShape& shape, const Body& body) {
  constexpr int64_t tile_inputs = written == Written::last ? 64 : tile;
  constexpr int64_t tile_positions = written == Written::flat ? 64 : tile;
  at::parallel_for(0, shape.outputs, grain(shape), [&](int64_t first, int64_t last) {
    for (int64_t out = first; out < last; ++out) {
      const int64_t base = out * shape.inputs * shape.positions;
      if (shape.positions == 1 || shape.inputs == 1) {  // both layouts are one
        const int64_t end = base + shape.inputs * shape.positions;
        for (int64_t i = base; i < end; ++i) body(i, i);
        continue;
      }
      const auto one = [&](int64_t i, int64_t p) { body(base + i * shape.positions + p, base + p * shape.inputs + i); };
      for (int64_t in = 0; in < shape.inputs; in += tile_inputs) {
        const int64_t in_end = std::min(shape.inputs, in + tile_inputs);
        for (int64_t at = 0; at < shape.positions; at += tile_positions) {
          const int64_t at_end = std::min(shape.positions, at + tile_positions);
          if constexpr (written == Written::last) {
            for (int64_t p = at; p < at_end; ++p) {
              for (int64_t i = in; i < in_end; ++i) one(i, p);
            }
          } else {
            for (int64_t i = in; i < in_end; ++i) {
              for (int64_t p = at; p < at_end; ++p) one(i, p);
            }
          }
        }
      }
    }
  });
}

// From and To differ where the network computes in bfloat16 and the flat vectors are float32.
template <typename From, typename To>
void effective_on_cpu(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  const From* const w = weights.data_ptr<From>() + shape.offset;
  To* const e = to.data_ptr<To>();
  if (!mask.defined()) {
    transposing<Written::last>(shape, [=](int64_t flat, int64_t last) { e[last] = static_cast<To>(w[flat]); });
    return;
  }
  const From* const m = mask.data_ptr<From>() + shape.offset;
  transposing<Written::last>(shape, [=](int64_t flat, int64_t last) { e[last] = static_cast<To>(w[flat] * m[flat]); });
}

template <typename From, typename To>
void gradient_on_cpu(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                     at::Tensor& gradient) {
  const From* const d = from.data_ptr<From>();
  To* const g = gradient.data_ptr<To>() + shape.offset;
  if (!factor.defined()) {
    transposing<Written::flat>(shape, [=](int64_t flat, int64_t last) { g[flat] = static_cast<To>(d[last]); });
    return;
  }
  const To* const f = factor.data_ptr<To>() + shape.offset;
  transposing<Written::flat>(shape, [=](int64_t flat, int64_t last) {
    g[flat] = static_cast<To>(d[last]) * f[flat];
  });
}

// A layer's tensor, seen as (outputs, positions, inputs).
at::Tensor positions_first(const at::Tensor& tensor, const WeightShape& shape) {
  const at::Tensor last = tensor.is_contiguous() ? tensor : tensor.permute({0, 2, 3, 1});
  return last.view({shape.outputs, shape.positions, shape.inputs});
}

// The segment of a flat vector, seen as (outputs, positions, inputs).
at::Tensor channels_last(const at::Tensor& flat, const WeightShape& shape) {
  return flat.narrow(0, shape.offset, shape.length())
      .view({shape.outputs, shape.inputs, shape.positions})
      .transpose(1, 2);
}

std::vector<cuda::LayerWeights> for_kernels(const std::vector<LayerTensor>& layers, std::vector<at::Tensor>& held) {
  std::vector<cuda::LayerWeights> found;
  for (const auto& [shape, tensor] : layers) {
    const bool flat = tensor.is_contiguous();
    held.push_back(flat ? tensor : tensor.contiguous(at::MemoryFormat::ChannelsLast));
    found.push_back({held.back().data_ptr(), shape->offset, shape->outputs, shape->inputs, shape->positions, flat});
  }
  return found;
}

}  // namespace

void write_effective(const at::Tensor& weights, const at::Tensor& mask, std::vector<LayerTensor> layers) {
  if constexpr (kernels) {
    if (by_kernels(weights.device())) {
      std::vector<at::Tensor> held;
      const auto found = for_kernels(layers, held);
      return cuda::write_effective(found.data(), static_cast<int64_t>(found.size()), weights.data_ptr(),
                                   mask.defined() ? mask.data_ptr() : nullptr, real_of(weights), real_of(held.front()),
                                   cuda::stream());
    }
  }
  for (auto& [shape, tensor] : layers) write_effective(weights, mask, *shape, tensor);
}

void write_gradient(const std::vector<LayerTensor>& layers, const at::Tensor& factor, at::Tensor& gradient) {
  if constexpr (kernels) {
    if (by_kernels(gradient.device())) {
      std::vector<at::Tensor> held;
      const auto found = for_kernels(layers, held);
      return cuda::write_gradient(found.data(), static_cast<int64_t>(found.size()),
                                  factor.defined() ? factor.data_ptr() : nullptr, gradient.data_ptr(),
                                  real_of(gradient), real_of(held.front()), cuda::stream());
    }
  }
  for (const auto& [shape, tensor] : layers) write_gradient(tensor, factor, *shape, gradient);
}

void write_effective(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  if (by_loops(weights.device())) {
    const bool low = to.scalar_type() == at::kBFloat16;
    const auto run = weights.scalar_type() == at::kDouble  ? effective_on_cpu<double, double>
                     : weights.scalar_type() != at::kFloat ? effective_on_cpu<at::BFloat16, at::BFloat16>
                     : low                                 ? effective_on_cpu<float, at::BFloat16>
                                                           : effective_on_cpu<float, float>;
    return run(weights, mask, shape, to);
  }
  at::Tensor target = positions_first(to, shape);
  target.copy_(channels_last(weights, shape));
  if (mask.defined()) target.mul_(channels_last(mask, shape));
}

void write_gradient(const at::Tensor& from, const at::Tensor& factor, const WeightShape& wanted,
                    at::Tensor& gradient) {
  WeightShape shape = wanted;
  if (from.is_contiguous()) {  // nothing to turn
    shape.inputs *= shape.positions;
    shape.positions = 1;
  }
  if (by_loops(from.device())) {
    const bool low = from.scalar_type() == at::kBFloat16;
    const auto run = gradient.scalar_type() == at::kDouble  ? gradient_on_cpu<double, double>
                     : gradient.scalar_type() != at::kFloat ? gradient_on_cpu<at::BFloat16, at::BFloat16>
                     : low                                  ? gradient_on_cpu<at::BFloat16, float>
                                                            : gradient_on_cpu<float, float>;
    return run(from, factor, shape, gradient);
  }
  at::Tensor target = channels_last(gradient, shape);
  target.copy_(positions_first(from, shape));
  if (factor.defined()) target.mul_(channels_last(factor, shape));
}

}  // namespace mb
