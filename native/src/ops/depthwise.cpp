#include "depthwise.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <vector>

#include "convolution.hpp"
#include "with_type.hpp"

namespace mb {
namespace {

// The sizes of pictures with channels last, and of what a window of kernel × kernel makes of them.
struct Window {
  int64_t count, channels, height, width, kernel, stride, padding, rows, columns;

  int64_t positions() const { return kernel * kernel; }
  int64_t input_row(int64_t n, int64_t y) const { return (n * height + y) * width * channels; }
  int64_t output_row(int64_t n, int64_t y) const { return (n * rows + y) * columns * channels; }
};

// What sums are made in.
template <typename Real>
using Sum = std::conditional_t<std::is_same_v<Real, double>, double, float>;

// Channels whose sums are held in registers at a time.
constexpr int64_t block = 32, small_block = 8;

// Calls body(first channel, how many) for blocks of channels, whose number the compiler knows but for the last few.
template <typename Body>
void for_each_block(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + block <= channels; c += block) body(c, std::integral_constant<int64_t, block>{});
  for (; c + small_block <= channels; c += small_block) body(c, std::integral_constant<int64_t, small_block>{});
  if (c < channels) body(c, channels - c);
}

// Calls body(first, last) for the rows of all pictures, in parallel, so that each part has work enough to be worth a thread.
template <typename Body>
void for_each_row(int64_t rows, int64_t multiplications, const Body& body) {
  at::parallel_for(0, rows, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, multiplications)), body);
}

// The weights of one position after the other, (positions, channels): what the loops read in order.
template <typename Real>
std::vector<Sum<Real>> weights_by_position(const at::Tensor& effective) {
  const int64_t channels = effective.size(0), positions = effective.numel() / channels;
  const at::Tensor plain = effective.contiguous();
  const Real* const from = plain.data_ptr<Real>();
  std::vector<Sum<Real>> weights(effective.numel());
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t p = 0; p < positions; ++p) weights[p * channels + c] = static_cast<Sum<Real>>(from[c * positions + p]);
  }
  return weights;
}

// sums += from ⊙ by
template <typename Real, typename Other, typename Count>
void add_products(Sum<Real>* sums, const Real* from, const Other* by, Count some) {
  for (int64_t c = 0; c < some; ++c) sums[c] += static_cast<Sum<Real>>(from[c]) * static_cast<Sum<Real>>(by[c]);
}

template <typename Real>
void convolve_rows(const Real* input, const Sum<Real>* weights, Real* output, const Window& w) {
  for_each_row(w.count * w.rows, w.columns * w.channels * w.positions(), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t n = row / w.rows, y = row % w.rows;
      for (int64_t x = 0; x < w.columns; ++x) {
        for_each_block(w.channels, [&](int64_t c, auto some) {
          Sum<Real> sums[block] = {};
          for (int64_t i = 0; i < w.kernel; ++i) {
            const int64_t from_y = y * w.stride + i - w.padding;
            if (from_y < 0 || from_y >= w.height) continue;
            for (int64_t j = 0; j < w.kernel; ++j) {
              const int64_t from_x = x * w.stride + j - w.padding;
              if (from_x < 0 || from_x >= w.width) continue;
              add_products(sums, input + w.input_row(n, from_y) + from_x * w.channels + c,
                           weights + (i * w.kernel + j) * w.channels + c, some);
            }
          }
          Real* const to = output + w.output_row(n, y) + x * w.channels + c;
          for (int64_t i = 0; i < some; ++i) to[i] = static_cast<Real>(sums[i]);
        });
      }
    }
  });
}

// The output whose window begins `reach` pixels from the padded beginning; −1 where none does.
int64_t reader_of(int64_t reach, int64_t stride, int64_t outputs) {
  if (stride > 1 && reach % stride != 0) return -1;
  const int64_t output = stride > 1 ? reach / stride : reach;
  return reach < 0 || output >= outputs ? -1 : output;
}

template <typename Real>
void convolve_rows_back(const Real* flow, const Sum<Real>* weights, Real* gradient, const Window& w) {
  for_each_row(w.count * w.height, w.width * w.channels * w.positions(), [&](int64_t first, int64_t last) {
    for (int64_t row = first; row < last; ++row) {
      const int64_t n = row / w.height, y = row % w.height;
      for (int64_t x = 0; x < w.width; ++x) {
        for_each_block(w.channels, [&](int64_t c, auto some) {
          Sum<Real> sums[block] = {};
          for (int64_t i = 0; i < w.kernel; ++i) {
            const int64_t from_y = reader_of(y + w.padding - i, w.stride, w.rows);
            if (from_y < 0) continue;
            for (int64_t j = 0; j < w.kernel; ++j) {
              const int64_t from_x = reader_of(x + w.padding - j, w.stride, w.columns);
              if (from_x < 0) continue;
              add_products(sums, flow + w.output_row(n, from_y) + from_x * w.channels + c,
                           weights + (i * w.kernel + j) * w.channels + c, some);
            }
          }
          Real* const to = gradient + w.input_row(n, y) + x * w.channels + c;
          for (int64_t i = 0; i < some; ++i) to[i] = static_cast<Real>(sums[i]);
        });
      }
    }
  });
}

// Adds one output row's part of the weights' gradient, (positions, channels).
template <typename Real>
void add_row(const Real* input, const Real* flow, double* gradient, const Window& w, int64_t n, int64_t y) {
  for (int64_t p = 0; p < w.positions(); ++p) {
    const int64_t from_y = y * w.stride + p / w.kernel - w.padding, shift = p % w.kernel - w.padding;
    if (from_y < 0 || from_y >= w.height) continue;
    for_each_block(w.channels, [&](int64_t c, auto some) {
      Sum<Real> sums[block] = {};
      for (int64_t x = 0; x < w.columns; ++x) {
        const int64_t from_x = x * w.stride + shift;
        if (from_x < 0 || from_x >= w.width) continue;
        add_products(sums, input + w.input_row(n, from_y) + from_x * w.channels + c,
                     flow + w.output_row(n, y) + x * w.channels + c, some);
      }
      double* const to = gradient + p * w.channels + c;
      for (int64_t i = 0; i < some; ++i) to[i] += sums[i];
    });
  }
}

// Parts that the pictures are split into, each with a sum of its own: as many for any number of threads, so that the bits
// are the same.
constexpr int64_t max_parts = 16;

// to: (channels, positions)
template <typename Real>
void sum_weight_gradient(const Real* input, const Real* flow, Real* to, const Window& w) {
  const int64_t parts = std::min(max_parts, w.count), size = w.positions() * w.channels;
  std::vector<double> sums(parts * size);
  at::parallel_for(0, parts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part) {
      for (int64_t n = part * w.count / parts; n < (part + 1) * w.count / parts; ++n) {
        for (int64_t y = 0; y < w.rows; ++y) add_row(input, flow, sums.data() + part * size, w, n, y);
      }
    }
  });
  for (int64_t i = 0; i < size; ++i) {
    double sum = 0;
    for (int64_t part = 0; part < parts; ++part) sum += sums[part * size + i];
    to[i % w.channels * w.positions() + i / w.channels] = static_cast<Real>(sum);
  }
}

// On the processor by loops: as fast as oneDNN's kernels or faster, and right whatever the processor's instructions.
class Depthwise final : public Layer {
 public:
  Depthwise(const mb_layer& s, const Arithmetic& arithmetic)
      : kernel_(s.kernel), stride_(s.stride), padding_(s.padding) {
    weight = weight_shape_of(s, int64_t{s.kernel} * s.kernel, arithmetic);
    weight.inputs = 1;
    effective = at::empty({s.outputs, 1, s.kernel, s.kernel}, arithmetic.options);
  }
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    if (train) input_ = input;
    if (!input.is_cpu()) {
      return at::conv2d(input, effective, {}, {stride_, stride_}, {padding_, padding_}, {1, 1}, effective.size(0));
    }
    const at::Tensor read = input.contiguous(at::MemoryFormat::ChannelsLast);
    const Window w = window_of(read);
    at::Tensor output = at::empty({w.count, w.channels, w.rows, w.columns}, read.options(), at::MemoryFormat::ChannelsLast);
    with_type(read, [&](auto zero) {
      using Real = decltype(zero);
      const auto weights = weights_by_position<Real>(effective);
      convolve_rows(read.data_ptr<Real>(), weights.data(), output.data_ptr<Real>(), w);
    });
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!input_.is_cpu()) {
      auto gradients = at::convolution_backward(output_gradient, input_, effective, at::OptionalIntArrayRef{},
                                                {stride_, stride_}, {padding_, padding_}, {1, 1}, false, {0, 0},
                                                effective.size(0), {wanted, true, false});
      weight_gradient = std::get<1>(gradients);
      return std::get<0>(gradients);
    }
    const at::Tensor read = input_.contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor flow = output_gradient.contiguous(at::MemoryFormat::ChannelsLast);
    const Window w = window_of(read);
    weight_gradient = at::empty(effective.sizes(), effective.options());
    at::Tensor gradient = wanted ? at::empty(read.sizes(), read.options(), at::MemoryFormat::ChannelsLast) : at::Tensor();
    with_type(read, [&](auto zero) {
      using Real = decltype(zero);
      sum_weight_gradient(read.data_ptr<Real>(), flow.data_ptr<Real>(), weight_gradient.data_ptr<Real>(), w);
      if (!wanted) return;
      const auto weights = weights_by_position<Real>(effective);
      convolve_rows_back(flow.data_ptr<Real>(), weights.data(), gradient.data_ptr<Real>(), w);
    });
    return gradient;
  }

 private:
  Window window_of(const at::Tensor& input) const {
    const auto steps = [&](int64_t size) { return (size + 2 * padding_ - kernel_) / stride_ + 1; };
    return {input.size(0), input.size(1), input.size(2), input.size(3), kernel_, stride_, padding_,
            steps(input.size(2)), steps(input.size(3))};
  }

  const int64_t kernel_, stride_, padding_;
};

}  // namespace

std::unique_ptr<Layer> make_depthwise(const mb_layer& spec, const Arithmetic& arithmetic) {
  return std::make_unique<Depthwise>(spec, arithmetic);
}

}  // namespace mb
