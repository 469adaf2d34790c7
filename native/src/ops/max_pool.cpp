#include "max_pool.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <type_traits>

#include "../runtime/dispatch.hpp"
#include "with_type.hpp"

namespace mb {
namespace {

// The shape of pictures with channels last, and of what is pooled from them.
struct Shape {
  int64_t count, channels, height, width, size, rows, columns;
  bool rectified = false;
};

Shape shape_of(at::IntArrayRef input, int64_t size, bool rectified = false) {
  return {input[0], input[1], input[2], input[3], size, input[2] / size, input[3] / size, rectified};
}

// Calls body(output offset, offset of the window's first entry) for every output position, in parallel.
template <typename Body>
void for_each_window(const Shape& s, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, 32768 / (s.columns * s.channels * s.size * s.size));
  at::parallel_for(0, s.count * s.rows, grain, [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t n = row / s.rows, y = row % s.rows;
      for (int64_t x = 0; x < s.columns; ++x) {
        body((row * s.columns + x) * s.channels,
             ((n * s.height + y * s.size) * s.width + x * s.size) * s.channels);
      }
    }
  });
}

// The offset of an entry of a window from its first.
int64_t offset_of(const Shape& s, int64_t entry) {
  return (entry / s.size * s.width + entry % s.size) * s.channels;
}

constexpr int64_t block = 64;

// Pools the channels of one window from c on, at most a block of them. Winners are found as numbers as wide as the values,
// so that the compiler makes vectors of many channels.
template <typename Real>
void pool_block(const Real* input, Real* output, uint8_t* winners, const Shape& s, int64_t c) {
  using Name = std::conditional_t<sizeof(Real) == 8, int64_t, std::conditional_t<sizeof(Real) == 4, int32_t, int16_t>>;
  Real best[block];
  Name winner[block];
  const int64_t width = std::min(block, s.channels - c);
  for (int64_t i = 0; i < width; ++i) {
    best[i] = input[c + i];
    winner[i] = 0;
  }
  for (int64_t entry = 1; entry < s.size * s.size; ++entry) {
    const Real* const other = input + c + offset_of(s, entry);
    const auto name = static_cast<Name>(entry);
    for (int64_t i = 0; i < width; ++i) {
      const Real value = other[i];
      const bool wins = (value > best[i]) | (value != value);  // a NaN passes through
      best[i] = wins ? value : best[i];
      winner[i] = wins ? name : winner[i];
    }
  }
  if (s.rectified) {
    for (int64_t i = 0; i < width; ++i) {
      const bool none = best[i] <= Real(0);
      best[i] = none ? Real(0) : best[i];
      winner[i] = none ? static_cast<Name>(cuda::no_winner) : winner[i];
    }
  }
  for (int64_t i = 0; i < width; ++i) output[c + i] = best[i];
  for (int64_t i = 0; i < width; ++i) winners[c + i] = static_cast<uint8_t>(winner[i]);
}

template <typename Real>
void pool_by_loop(const Real* input, Real* output, uint8_t* winners, const Shape& s) {
  for_each_window(s, [=](int64_t to, int64_t from) {
    for (int64_t c = 0; c < s.channels; c += block) pool_block(input + from, output + to, winners + to, s, c);
  });
}

template <typename Real>
void pool_backward_by_loop(const Real* gradient, const uint8_t* winners, Real* input_gradient, const Shape& s) {
  for_each_window(s, [=](int64_t from, int64_t to) {  // the pointers of a window don't overlap
    const Real* const __restrict flow = gradient + from;
    const uint8_t* const __restrict winner = winners + from;
    for (int64_t entry = 0; entry < s.size * s.size; ++entry) {
      Real* const __restrict other = input_gradient + to + offset_of(s, entry);
      const auto name = static_cast<uint8_t>(entry);
      for (int64_t c = 0; c < s.channels; ++c) other[c] = winner[c] == name ? flow[c] : Real(0);
    }
  });
}

cuda::Pool pool_of(const Shape& s) { return {s.count, s.channels, s.height, s.width, s.size, s.rectified}; }

}  // namespace

bool has_max_pool(const at::Tensor& input, int64_t size, int64_t stride) {
  return (has_loops(input.device()) || has_kernels(input.device())) && size == stride && size * size <= cuda::no_winner &&
         input.is_contiguous(at::MemoryFormat::ChannelsLast);
}

at::Tensor max_pool(const at::Tensor& input, int64_t size, bool rectified, at::Tensor* winners) {
  const Shape s = shape_of(input.sizes(), size, rectified);
  const auto format = at::MemoryFormat::ChannelsLast;
  at::Tensor output = at::empty({s.count, s.channels, s.rows, s.columns}, input.options(), format);
  *winners = at::empty(output.sizes(), output.options().dtype(at::kByte), format);
  uint8_t* const bytes = winners->data_ptr<uint8_t>();
  dispatch(input.device(),
           Kernel{[&] {
             cuda::max_pool(pool_of(s), input.data_ptr(), output.data_ptr(), bytes, real_of(input),
                            cuda::current_stream());
           }},
           Loop{[&] {
             with_type(input, [&](auto zero) {
               using Real = decltype(zero);
               pool_by_loop(input.data_ptr<Real>(), output.data_ptr<Real>(), bytes, s);
             });
           }});
  return output;
}

at::Tensor max_pool_backward(const at::Tensor& output_gradient, const at::Tensor& winners, int64_t size,
                             int64_t height, int64_t width) {
  const auto format = at::MemoryFormat::ChannelsLast;
  const at::Tensor gradient = output_gradient.contiguous(format);
  at::Tensor to = at::empty({gradient.size(0), gradient.size(1), height, width}, gradient.options(), format);
  if (height % size != 0 || width % size != 0) to.zero_();  // no window reaches the rest
  const Shape s = shape_of(to.sizes(), size);
  const uint8_t* const bytes = winners.data_ptr<uint8_t>();
  dispatch(gradient.device(),
           Kernel{[&] {
             cuda::max_pool_backward(pool_of(s), gradient.data_ptr(), bytes, to.data_ptr(), real_of(gradient),
                                     cuda::current_stream());
           }},
           Loop{[&] {
             with_type(gradient, [&](auto zero) {
               using Real = decltype(zero);
               pool_backward_by_loop(gradient.data_ptr<Real>(), bytes, to.data_ptr<Real>(), s);
             });
           }});
  return to;
}

}  // namespace mb
