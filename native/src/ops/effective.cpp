#include "effective.hpp"

#include <ATen/Parallel.h>

#include <algorithm>

#include "../runtime/dispatch.hpp"

namespace mb {
namespace {

// Outputs that are worth a thread.
int64_t grain_of(const WeightShape& shape) {
  return std::max<int64_t>(1, 32768 / std::max<int64_t>(1, shape.inputs * shape.positions));
}

// Both sides are walked in tiles, because their strides are often powers of two, which share few lines of a cache;
// the innermost loop runs along the side that is written.
constexpr int64_t tile = 16;

// The layout of the side that is written: the flat vector's, or with channels last.
enum class Layout { flat, last };

// Calls body(index in the flat vector, index with channels last) for every entry.
template <Layout written, typename Body>
void for_each_transposed(const WeightShape& shape, const Body& body) {
  constexpr int64_t tile_inputs = written == Layout::last ? 64 : tile;
  constexpr int64_t tile_positions = written == Layout::flat ? 64 : tile;
  at::parallel_for(0, shape.outputs, grain_of(shape), [&](int64_t first, int64_t last) {
    for (int64_t out = first; out < last; ++out) {
      const int64_t base = out * shape.inputs * shape.positions;
      if (shape.positions == 1 || shape.inputs == 1) {  // both layouts are one
        const int64_t end = base + shape.inputs * shape.positions;
        for (int64_t i = base; i < end; ++i) body(i, i);
        continue;
      }
      const auto visit = [&](int64_t i, int64_t p) { body(base + i * shape.positions + p, base + p * shape.inputs + i); };
      for (int64_t in = 0; in < shape.inputs; in += tile_inputs) {
        const int64_t in_end = std::min(shape.inputs, in + tile_inputs);
        for (int64_t position = 0; position < shape.positions; position += tile_positions) {
          const int64_t position_end = std::min(shape.positions, position + tile_positions);
          if constexpr (written == Layout::last) {
            for (int64_t p = position; p < position_end; ++p) {
              for (int64_t i = in; i < in_end; ++i) visit(i, p);
            }
          } else {
            for (int64_t i = in; i < in_end; ++i) {
              for (int64_t p = position; p < position_end; ++p) visit(i, p);
            }
          }
        }
      }
    }
  });
}

// From and To differ where the network computes in bfloat16 and the flat vectors are float32.
template <typename From, typename To>
void write_effective_by_loop(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  const From* const w = weights.data_ptr<From>() + shape.offset;
  To* const e = to.data_ptr<To>();
  if (!mask.defined()) {
    for_each_transposed<Layout::last>(shape, [=](int64_t flat, int64_t last) { e[last] = static_cast<To>(w[flat]); });
    return;
  }
  const From* const m = mask.data_ptr<From>() + shape.offset;
  for_each_transposed<Layout::last>(shape, [=](int64_t flat, int64_t last) { e[last] = static_cast<To>(w[flat] * m[flat]); });
}

template <typename From, typename To>
void write_gradient_by_loop(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                     at::Tensor& gradient) {
  const From* const d = from.data_ptr<From>();
  To* const g = gradient.data_ptr<To>() + shape.offset;
  if (!factor.defined()) {
    for_each_transposed<Layout::flat>(shape, [=](int64_t flat, int64_t last) { g[flat] = static_cast<To>(d[last]); });
    return;
  }
  const To* const f = factor.data_ptr<To>() + shape.offset;
  for_each_transposed<Layout::flat>(shape, [=](int64_t flat, int64_t last) {
    g[flat] = static_cast<To>(d[last]) * f[flat];
  });
}

// A layer's tensor, viewed as (outputs, positions, inputs).
at::Tensor view_positions_first(const at::Tensor& tensor, const WeightShape& shape) {
  const at::Tensor last = tensor.is_contiguous() ? tensor : tensor.permute({0, 2, 3, 1});
  return last.view({shape.outputs, shape.positions, shape.inputs});
}

// The segment of a flat vector, viewed as (outputs, positions, inputs).
at::Tensor view_channels_last(const at::Tensor& flat, const WeightShape& shape) {
  return flat.narrow(0, shape.offset, shape.length())
      .view({shape.outputs, shape.inputs, shape.positions})
      .transpose(1, 2);
}

void write_effective_by_loops(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape,
                              at::Tensor& to) {
  const bool low = to.scalar_type() == at::kBFloat16;
  auto run = write_effective_by_loop<float, float>;
  if (weights.scalar_type() == at::kDouble) run = write_effective_by_loop<double, double>;
  else if (weights.scalar_type() != at::kFloat) run = write_effective_by_loop<at::BFloat16, at::BFloat16>;
  else if (low) run = write_effective_by_loop<float, at::BFloat16>;
  run(weights, mask, shape, to);
}

void write_effective_by_operations(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape,
                                   at::Tensor& to) {
  at::Tensor target = view_positions_first(to, shape);
  target.copy_(view_channels_last(weights, shape));
  if (mask.defined()) target.mul_(view_channels_last(mask, shape));
}

void write_gradient_by_loops(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                             at::Tensor& gradient) {
  const bool low = from.scalar_type() == at::kBFloat16;
  auto run = write_gradient_by_loop<float, float>;
  if (gradient.scalar_type() == at::kDouble) run = write_gradient_by_loop<double, double>;
  else if (gradient.scalar_type() != at::kFloat) run = write_gradient_by_loop<at::BFloat16, at::BFloat16>;
  else if (low) run = write_gradient_by_loop<at::BFloat16, float>;
  run(from, factor, shape, gradient);
}

void write_gradient_by_operations(const at::Tensor& from, const at::Tensor& factor, const WeightShape& shape,
                                  at::Tensor& gradient) {
  at::Tensor target = view_channels_last(gradient, shape);
  target.copy_(view_positions_first(from, shape));
  if (factor.defined()) target.mul_(view_channels_last(factor, shape));
}

// What the kernels need of the layers' tensors; `held` keeps those alive that had to be copied.
std::vector<cuda::LayerWeights> describe_layers(const std::vector<LayerTensor>& layers, std::vector<at::Tensor>& held) {
  std::vector<cuda::LayerWeights> described;
  for (const auto& [shape, tensor] : layers) {
    const bool flat = tensor.is_contiguous();
    held.push_back(flat ? tensor : tensor.contiguous(at::MemoryFormat::ChannelsLast));
    described.push_back({held.back().data_ptr(), shape->offset, shape->outputs, shape->inputs, shape->positions, flat});
  }
  return described;
}

const void* address_of(const at::Tensor& tensor) { return tensor.defined() ? tensor.data_ptr() : nullptr; }

}  // namespace

void write_effective(const at::Tensor& weights, const at::Tensor& mask, const WeightShape& shape, at::Tensor& to) {
  dispatch(weights.device(), Loop{[&] { write_effective_by_loops(weights, mask, shape, to); }},
           Operations{[&] { write_effective_by_operations(weights, mask, shape, to); }});
}

void write_effective(const at::Tensor& weights, const at::Tensor& mask, std::vector<LayerTensor> layers) {
  const auto write_each = [&] {
    for (auto& [shape, tensor] : layers) write_effective(weights, mask, *shape, tensor);
  };
  dispatch(weights.device(),
           Kernel{[&] {
             std::vector<at::Tensor> held;
             const auto described = describe_layers(layers, held);
             cuda::write_effective(described.data(), static_cast<int64_t>(described.size()), weights.data_ptr(),
                                   address_of(mask), real_of(weights), real_of(held.front()), cuda::current_stream());
           }},
           Loop{write_each}, Operations{write_each});
}

void write_gradient(const at::Tensor& from, const at::Tensor& factor, const WeightShape& wanted,
                    at::Tensor& gradient) {
  WeightShape shape = wanted;
  if (from.is_contiguous()) {  // nothing is to be transposed
    shape.inputs *= shape.positions;
    shape.positions = 1;
  }
  dispatch(from.device(), Loop{[&] { write_gradient_by_loops(from, factor, shape, gradient); }},
           Operations{[&] { write_gradient_by_operations(from, factor, shape, gradient); }});
}

void write_gradient(const std::vector<LayerTensor>& layers, const at::Tensor& factor, at::Tensor& gradient) {
  const auto write_each = [&] {
    for (const auto& [shape, tensor] : layers) write_gradient(tensor, factor, *shape, gradient);
  };
  dispatch(gradient.device(),
           Kernel{[&] {
             std::vector<at::Tensor> held;
             const auto described = describe_layers(layers, held);
             cuda::write_gradient(described.data(), static_cast<int64_t>(described.size()), address_of(factor),
                                  gradient.data_ptr(), real_of(gradient), real_of(held.front()),
                                  cuda::current_stream());
           }},
           Loop{write_each}, Operations{write_each});
}

}  // namespace mb
