#include "verify.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "../runtime/status.hpp"

namespace mb {
namespace {

// Activations or their gradients in double precision, (count, height, width, channels); flat ones have one pixel.
struct Grid {
  int64_t count, height, width, channels;
  std::vector<double> values;

  Grid(int64_t count, int64_t height, int64_t width, int64_t channels)
      : count(count), height(height), width(width), channels(channels), values(count * height * width * channels) {}
  double* at(int64_t n, int64_t y, int64_t x) { return values.data() + ((n * height + y) * width + x) * channels; }
  const double* at(int64_t n, int64_t y, int64_t x) const {
    return values.data() + ((n * height + y) * width + x) * channels;
  }
};

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor doubles = tensor.to(at::kCPU).to(at::kDouble).contiguous();
  const double* const from = doubles.data_ptr<double>();
  return {from, from + doubles.numel()};
}

Grid grid_of(const at::Tensor& tensor) {
  if (tensor.dim() == 2) {
    Grid grid(tensor.size(0), 1, 1, tensor.size(1));
    grid.values = values_of(tensor);
    return grid;
  }
  Grid grid(tensor.size(0), tensor.size(2), tensor.size(3), tensor.size(1));
  grid.values = values_of(tensor.permute({0, 2, 3, 1}));
  return grid;
}

// Numbers in [−1, 1), the same for the same sizes and seed, rounded to what the layer computes with (splitmix64).
at::Tensor random(at::IntArrayRef sizes, uint64_t seed, const Arithmetic& by) {
  at::Tensor doubles = at::empty(sizes, at::kDouble);
  double* const to = doubles.data_ptr<double>();
  for (int64_t i = 0; i < doubles.numel(); ++i) {
    uint64_t bits = (seed << 40) + static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    to[i] = static_cast<double>((bits ^ bits >> 31) >> 11) * 0x1p-52 - 1;
  }
  const at::Tensor rounded = doubles.to(by.options.dtype().toScalarType()).to(by.options.device());
  return sizes.size() == 4 ? rounded.contiguous(at::MemoryFormat::ChannelsLast) : rounded;
}

std::vector<int64_t> sizes_of(const ActivationShape& shape, int64_t pictures) {
  if (shape.flat) return {pictures, shape.features()};
  return {pictures, shape.channels, shape.height, shape.width};
}

double deviation(const std::vector<double>& found, const std::vector<double>& expected) {
  require(found.size() == expected.size(), "a layer gives ", found.size(), " numbers, expected ", expected.size());
  double squares = 0, largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(found[i] - expected[i]);
    if (!std::isfinite(difference)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, difference);
    squares += expected[i] * expected[i];
  }
  const double size = std::sqrt(squares / static_cast<double>(std::max<size_t>(1, found.size())));
  return size > 0 ? largest / size : largest;
}

// Calls body(n, y, x) for the pixels of all pictures, the pictures in parallel.
template <typename Body>
void each_pixel(int64_t count, int64_t height, int64_t width, const Body& body) {
  at::parallel_for(0, count, 1, [&](int64_t first, int64_t last) {
    for (int64_t n = first; n < last; ++n) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) body(n, y, x);
      }
    }
  });
}

// A convolution whose pictures are padded already, so that a window's row is one run of kernel × channels numbers. Weights
// are (outputs, kernel rows, kernel columns, channels). A linear layer is one of a single pixel.
struct Convolution {
  int64_t outputs, kernel, stride;

  int64_t steps(int64_t size) const { return (size - kernel) / stride + 1; }

  Grid output(const Grid& padded, const std::vector<double>& weights) const {
    Grid result(padded.count, steps(padded.height), steps(padded.width), outputs);
    const int64_t run = kernel * padded.channels, window = kernel * run;
    std::vector<double> turned(weights.size());  // (kernel rows, kernel columns, channels, outputs)
    for (int64_t o = 0; o < outputs; ++o) {
      for (int64_t i = 0; i < window; ++i) turned[i * outputs + o] = weights[o * window + i];
    }
    each_pixel(result.count, result.height, result.width, [&](int64_t n, int64_t y, int64_t x) {
      double* const to = result.at(n, y, x);
      for (int64_t row = 0; row < kernel; ++row) {
        const double* const from = padded.at(n, y * stride + row, x * stride);
        for (int64_t i = 0; i < run; ++i) {
          const double value = from[i];
          const double* const by = turned.data() + (row * run + i) * outputs;
          for (int64_t o = 0; o < outputs; ++o) to[o] += value * by[o];
        }
      }
    });
    return result;
  }

  // Of the padded pictures.
  Grid input_gradient(const Grid& padded, const std::vector<double>& weights, const Grid& flow) const {
    Grid result(padded.count, padded.height, padded.width, padded.channels);
    const int64_t run = kernel * padded.channels, window = kernel * run;
    each_pixel(flow.count, flow.height, flow.width, [&](int64_t n, int64_t y, int64_t x) {
      const double* const from = flow.at(n, y, x);
      for (int64_t row = 0; row < kernel; ++row) {
        double* const to = result.at(n, y * stride + row, x * stride);
        for (int64_t o = 0; o < outputs; ++o) {
          const double value = from[o];
          const double* const by = weights.data() + o * window + row * run;
          for (int64_t i = 0; i < run; ++i) to[i] += value * by[i];
        }
      }
    });
    return result;
  }

  std::vector<double> weight_gradient(const Grid& padded, const Grid& flow) const {
    const int64_t run = kernel * padded.channels, window = kernel * run;
    std::vector<double> result(outputs * window);
    at::parallel_for(0, outputs, 1, [&](int64_t first, int64_t last) {
      for (int64_t n = 0; n < flow.count; ++n) {
        for (int64_t y = 0; y < flow.height; ++y) {
          for (int64_t x = 0; x < flow.width; ++x) {
            for (int64_t row = 0; row < kernel; ++row) {
              const double* const from = padded.at(n, y * stride + row, x * stride);
              for (int64_t o = first; o < last; ++o) {
                const double value = flow.at(n, y, x)[o];
                double* const to = result.data() + o * window + row * run;
                for (int64_t i = 0; i < run; ++i) to[i] += value * from[i];
              }
            }
          }
        }
      }
    });
    return result;
  }
};

Grid padded_by(int64_t padding, const Grid& grid) {
  Grid result(grid.count, grid.height + 2 * padding, grid.width + 2 * padding, grid.channels);
  each_pixel(grid.count, grid.height, grid.width, [&](int64_t n, int64_t y, int64_t x) {
    std::copy_n(grid.at(n, y, x), grid.channels, result.at(n, y + padding, x + padding));
  });
  return result;
}

Grid without_padding(int64_t padding, const Grid& grid) {
  Grid result(grid.count, grid.height - 2 * padding, grid.width - 2 * padding, grid.channels);
  each_pixel(result.count, result.height, result.width, [&](int64_t n, int64_t y, int64_t x) {
    std::copy_n(grid.at(n, y + padding, x + padding), grid.channels, result.at(n, y, x));
  });
  return result;
}

// What a layer gave, and what it was given: all in double precision.
struct Passed {
  Grid input, output, flow;  // `flow`: the gradient of the output
  std::vector<double> other;
};

// What the loops give; `input_gradient` and `weight_gradient` only where the layer has them.
struct Expected {
  std::vector<double> output, input_gradient, weight_gradient;
};

Expected by_convolution(const Passed& by, const mb_layer& s, const std::vector<double>& weights) {
  const bool linear = s.kind == MB_LINEAR;
  const int64_t padding = linear ? 0 : s.padding;
  const Convolution convolution{s.outputs, linear ? 1 : s.kernel, linear ? 1 : s.stride};
  const Grid padded = padded_by(padding, by.input);
  return {convolution.output(padded, weights).values,
          without_padding(padding, convolution.input_gradient(padded, weights, by.flow)).values,
          convolution.weight_gradient(padded, by.flow)};
}

// Of overlapping windows too; the first of equals wins. Where a ReLU belongs to it, only what is above zero passes.
Expected by_pool(const Passed& by, const Node& node) {
  const mb_layer& s = node.layer;
  const int64_t channels = by.input.channels, padding = s.kind == MB_MAX_POOL ? s.padding : 0;
  Grid output(by.output.count, by.output.height, by.output.width, channels);
  Grid gradient(by.input.count, by.input.height, by.input.width, channels);
  each_pixel(output.count, output.height, output.width, [&](int64_t n, int64_t y, int64_t x) {
    for (int64_t c = 0; c < channels; ++c) {
      double sum = 0, largest = -std::numeric_limits<double>::infinity();
      int64_t winner_y = 0, winner_x = 0;
      const double flow = by.flow.at(n, y, x)[c];
      for (int64_t row = 0; row < s.kernel; ++row) {
        for (int64_t column = 0; column < s.kernel; ++column) {
          const int64_t at_y = y * s.stride + row - padding, at_x = x * s.stride + column - padding;
          if (at_y < 0 || at_x < 0 || at_y >= by.input.height || at_x >= by.input.width) continue;
          const double value = by.input.at(n, at_y, at_x)[c];
          sum += value;
          if (s.kind == MB_AVERAGE_POOL) gradient.at(n, at_y, at_x)[c] += flow / (s.kernel * s.kernel);
          if (value <= largest) continue;
          largest = value;
          winner_y = at_y;
          winner_x = at_x;
        }
      }
      if (s.kind == MB_AVERAGE_POOL) {
        output.at(n, y, x)[c] = sum / (s.kernel * s.kernel);
        continue;
      }
      output.at(n, y, x)[c] = node.rectified ? std::max(0.0, largest) : largest;
      if (!node.rectified || largest > 0) gradient.at(n, winner_y, winner_x)[c] += flow;
    }
  });
  return {output.values, gradient.values, {}};
}

// Of what passes a ReLU the layer's own output decides, which is held against the loops by itself.
Expected by_sum(const Passed& by, bool rectified) {
  Expected result{by.input.values, by.flow.values, {}};
  for (size_t i = 0; i < result.output.size(); ++i) {
    if (!by.other.empty()) result.output[i] += by.other[i];
    if (!rectified) continue;
    result.output[i] = std::max(0.0, result.output[i]);
    if (by.output.values[i] <= 0) result.input_gradient[i] = 0;
  }
  return result;
}

Expected by_flattening(const Passed& by) {
  const Grid& input = by.input;
  Expected result{std::vector<double>(input.values.size()), std::vector<double>(input.values.size()), {}};
  each_pixel(input.count, input.height, input.width, [&](int64_t n, int64_t y, int64_t x) {
    for (int64_t c = 0; c < input.channels; ++c) {
      const int64_t flat = ((n * input.channels + c) * input.height + y) * input.width + x;
      const int64_t last = ((n * input.height + y) * input.width + x) * input.channels + c;
      result.output[flat] = input.values[last];
      result.input_gradient[last] = by.flow.values[flat];
    }
  });
  return result;
}

// Means and variances by channel of all pixels.
struct Moments {
  std::vector<double> mean, variance;
};

Moments moments_of(const Grid& grid) {
  const auto pixels = static_cast<double>(grid.count * grid.height * grid.width);
  Moments result{std::vector<double>(grid.channels), std::vector<double>(grid.channels)};
  for (size_t i = 0; i < grid.values.size(); ++i) result.mean[i % grid.channels] += grid.values[i] / pixels;
  for (size_t i = 0; i < grid.values.size(); ++i) {
    const double centred = grid.values[i] - result.mean[i % grid.channels];
    result.variance[i % grid.channels] += centred * centred / pixels;
  }
  return result;
}

std::vector<double> normalised(const Grid& grid, const Moments& by, bool rectified) {
  std::vector<double> result(grid.values.size());
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t c = static_cast<int64_t>(i) % grid.channels;
    const double value = (grid.values[i] - by.mean[c]) / std::sqrt(by.variance[c] + 1e-5);
    result[i] = rectified ? std::max(0.0, value) : value;
  }
  return result;
}

Expected by_normalisation(const Passed& by, bool rectified) {
  const Moments moments = moments_of(by.input);
  const int64_t channels = by.input.channels;
  const double pixels = static_cast<double>(by.input.values.size()) / static_cast<double>(channels);
  const std::vector<double> whole = normalised(by.input, moments, false);
  std::vector<double> gradient = by.flow.values, sum(channels), product(channels);
  for (size_t i = 0; i < gradient.size(); ++i) {
    if (rectified && by.output.values[i] <= 0) gradient[i] = 0;
    sum[i % channels] += gradient[i];
    product[i % channels] += gradient[i] * whole[i];
  }
  for (size_t i = 0; i < gradient.size(); ++i) {
    const int64_t c = static_cast<int64_t>(i) % channels;
    gradient[i] = (gradient[i] - sum[c] / pixels - whole[i] * product[c] / pixels) / std::sqrt(moments.variance[c] + 1e-5);
  }
  return {normalised(by.input, moments, rectified), gradient, {}};
}

Expected by_loops_of(const Passed& by, const Node& node, const std::vector<double>& weights) {
  switch (node.layer.kind) {
    case MB_CONV:
    case MB_LINEAR:
      return by_convolution(by, node.layer, weights);
    case MB_MAX_POOL:
    case MB_AVERAGE_POOL:
      return by_pool(by, node);
    case MB_FLATTEN:
      return by_flattening(by);
    case MB_BATCH_NORM:
      return by_normalisation(by, node.rectified);
    case MB_RELU:
      return by_sum(by, true);
    default:
      return by_sum(by, node.rectified);
  }
}

// What a normalisation does beside its output: to its running statistics in training, and with them outside of it.
double deviation_outside_training(Layer& layer, const at::Tensor& input, bool rectified, const std::vector<double>& before) {
  const Grid grid = grid_of(input);
  const Moments batch = moments_of(grid);
  const double pixels = static_cast<double>(grid.values.size()) / static_cast<double>(grid.channels);
  const double unbiased = pixels > 1 ? pixels / (pixels - 1) : 1;
  std::vector<double> moved = before;
  for (int64_t c = 0; c < grid.channels; ++c) {
    moved[c] += 0.1 * (batch.mean[c] - moved[c]);
    double& variance = moved[grid.channels + c];
    variance += 0.1 * (unbiased * batch.variance[c] - variance);
  }
  const std::vector<double> found = values_of(layer.statistics);
  const Moments running{{found.begin(), found.begin() + grid.channels}, {found.begin() + grid.channels, found.end()}};
  const at::Tensor output = layer.forward(input, {}, false);
  return std::max(deviation(found, moved), deviation(grid_of(output).values, normalised(grid, running, rectified)));
}

}  // namespace

Deviations deviations_from_loops(Layer& layer, const Node& node, const Trial& trial, const Arithmetic& by) {
  const std::vector<int64_t> sizes = sizes_of(trial.input, trial.pictures);
  const bool adds = node.layer.kind == MB_ADD;
  const at::Tensor input = random(sizes, 1, by), other = adds ? random(sizes, 2, by) : at::Tensor();
  std::vector<double> weights, statistics;
  if (layer.effective.defined()) {
    layer.effective.copy_(random(layer.effective.sizes(), 3, by));
    weights = layer.effective.dim() == 4 ? values_of(layer.effective.permute({0, 2, 3, 1})) : values_of(layer.effective);
  }
  if (layer.statistics_length > 0) {
    const auto type = by.options.dtype() == at::kDouble ? at::kDouble : at::kFloat;
    at::Tensor running = random({layer.statistics_length}, 4, by).to(type);
    running.narrow(0, layer.statistics_length / 2, layer.statistics_length / 2).add_(2);  // variances above zero
    layer.statistics = running;
    statistics = values_of(running);
  }
  const at::Tensor output = layer.forward(input.clone(), other, true);  // some layers overwrite their input
  const at::Tensor flow = random(output.sizes(), 5, by);
  Passed passed{grid_of(input), grid_of(output), grid_of(flow), adds ? grid_of(other).values : std::vector<double>()};
  Deviations result;
  const at::Tensor gradient = trial.learns ? layer.backward(flow, trial.wanted) : at::Tensor();
  const Expected expected = by_loops_of(passed, node, weights);
  result.output = deviation(passed.output.values, expected.output);
  if (gradient.defined()) result.input_gradient = deviation(grid_of(gradient).values, expected.input_gradient);
  if (trial.learns && layer.effective.defined()) {
    const at::Tensor& found = layer.weight_gradient;
    result.weight_gradient =
        deviation(values_of(found.dim() == 4 ? found.permute({0, 2, 3, 1}) : found), expected.weight_gradient);
  }
  layer.weight_gradient = at::Tensor();
  layer.forget();
  if (layer.statistics_length > 0) {
    const double outside = deviation_outside_training(layer, input, node.rectified, statistics);
    result.output = std::max(result.output, outside);
    layer.statistics = at::Tensor();
  }
  return result;
}

}  // namespace mb
