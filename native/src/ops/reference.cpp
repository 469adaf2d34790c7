#include "reference.hpp"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace mb {
namespace {

// Calls body(n, y, x) for the pixels of all pictures, the pictures in parallel.
template <typename Body>
void for_each_pixel(int64_t count, int64_t height, int64_t width, const Body& body) {
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
struct ReferenceConvolution {
  int64_t outputs, kernel, stride;

  int64_t steps(int64_t size) const { return (size - kernel) / stride + 1; }

  Grid output(const Grid& padded, const std::vector<double>& weights) const {
    Grid result(padded.count, steps(padded.height), steps(padded.width), outputs);
    const int64_t run = kernel * padded.channels, window = kernel * run;
    std::vector<double> transposed(weights.size());  // (kernel rows, kernel columns, channels, outputs)
    for (int64_t o = 0; o < outputs; ++o) {
      for (int64_t i = 0; i < window; ++i) transposed[i * outputs + o] = weights[o * window + i];
    }
    for_each_pixel(result.count, result.height, result.width, [&](int64_t n, int64_t y, int64_t x) {
      double* const to = result.at(n, y, x);
      for (int64_t row = 0; row < kernel; ++row) {
        const double* const from = padded.at(n, y * stride + row, x * stride);
        for (int64_t i = 0; i < run; ++i) {
          const double value = from[i];
          const double* const by = transposed.data() + (row * run + i) * outputs;
          for (int64_t o = 0; o < outputs; ++o) to[o] += value * by[o];
        }
      }
    });
    return result;
  }

  // Gives the gradient of the padded pictures.
  Grid input_gradient(const Grid& padded, const std::vector<double>& weights, const Grid& flow) const {
    Grid result(padded.count, padded.height, padded.width, padded.channels);
    const int64_t run = kernel * padded.channels, window = kernel * run;
    for_each_pixel(flow.count, flow.height, flow.width, [&](int64_t n, int64_t y, int64_t x) {
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

Grid add_padding(int64_t padding, const Grid& grid) {
  Grid result(grid.count, grid.height + 2 * padding, grid.width + 2 * padding, grid.channels);
  for_each_pixel(grid.count, grid.height, grid.width, [&](int64_t n, int64_t y, int64_t x) {
    std::copy_n(grid.at(n, y, x), grid.channels, result.at(n, y + padding, x + padding));
  });
  return result;
}

Grid remove_padding(int64_t padding, const Grid& grid) {
  Grid result(grid.count, grid.height - 2 * padding, grid.width - 2 * padding, grid.channels);
  for_each_pixel(result.count, result.height, result.width, [&](int64_t n, int64_t y, int64_t x) {
    std::copy_n(grid.at(n, y + padding, x + padding), grid.channels, result.at(n, y, x));
  });
  return result;
}

LayerResult expect_convolution(const LayerTrace& trace, const mb_layer& s, const std::vector<double>& weights) {
  const bool linear = s.kind == MB_LINEAR;
  const int64_t padding = linear ? 0 : s.padding;
  const ReferenceConvolution convolution{s.outputs, linear ? 1 : s.kernel, linear ? 1 : s.stride};
  const Grid padded = add_padding(padding, trace.input);
  return {convolution.output(padded, weights).values,
          remove_padding(padding, convolution.input_gradient(padded, weights, trace.flow)).values,
          convolution.weight_gradient(padded, trace.flow)};
}

// Each channel by itself: weights are (channels, kernel rows, kernel columns).
LayerResult expect_depthwise(const LayerTrace& trace, const mb_layer& s, const std::vector<double>& weights) {
  const Grid padded = add_padding(s.padding, trace.input);
  Grid output(trace.output.count, trace.output.height, trace.output.width, s.outputs);
  Grid gradient(padded.count, padded.height, padded.width, s.inputs);
  std::vector<double> weight_gradient(weights.size());
  at::parallel_for(0, s.outputs, 1, [&](int64_t first, int64_t last) {
    for (int64_t c = first; c < last; ++c) {
      for (int64_t n = 0; n < output.count; ++n) {
        for (int64_t y = 0; y < output.height; ++y) {
          for (int64_t x = 0; x < output.width; ++x) {
            const double flow = trace.flow.at(n, y, x)[c];
            for (int64_t p = 0; p < int64_t{s.kernel} * s.kernel; ++p) {
              const int64_t from_y = y * s.stride + p / s.kernel, from_x = x * s.stride + p % s.kernel;
              const int64_t at_weight = c * s.kernel * s.kernel + p;
              output.at(n, y, x)[c] += padded.at(n, from_y, from_x)[c] * weights[at_weight];
              gradient.at(n, from_y, from_x)[c] += flow * weights[at_weight];
              weight_gradient[at_weight] += flow * padded.at(n, from_y, from_x)[c];
            }
          }
        }
      }
    }
  });
  return {output.values, remove_padding(s.padding, gradient).values, weight_gradient};
}

// Windows may overlap; the first of equals wins. Where a ReLU belongs to it, only what is above zero passes.
LayerResult expect_pool(const LayerTrace& trace, const Node& node) {
  const mb_layer& s = node.layer;
  const int64_t channels = trace.input.channels, padding = s.kind == MB_MAX_POOL ? s.padding : 0;
  Grid output(trace.output.count, trace.output.height, trace.output.width, channels);
  Grid gradient(trace.input.count, trace.input.height, trace.input.width, channels);
  for_each_pixel(output.count, output.height, output.width, [&](int64_t n, int64_t y, int64_t x) {
    for (int64_t c = 0; c < channels; ++c) {
      double sum = 0, largest = -std::numeric_limits<double>::infinity();
      int64_t winner_y = 0, winner_x = 0;
      const double flow = trace.flow.at(n, y, x)[c];
      for (int64_t row = 0; row < s.kernel; ++row) {
        for (int64_t column = 0; column < s.kernel; ++column) {
          const int64_t from_y = y * s.stride + row - padding, from_x = x * s.stride + column - padding;
          if (from_y < 0 || from_x < 0 || from_y >= trace.input.height || from_x >= trace.input.width) continue;
          const double value = trace.input.at(n, from_y, from_x)[c];
          sum += value;
          if (s.kind == MB_AVERAGE_POOL) gradient.at(n, from_y, from_x)[c] += flow / (s.kernel * s.kernel);
          if (value <= largest) continue;
          largest = value;
          winner_y = from_y;
          winner_x = from_x;
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

// The layer's own output, which is verified by itself, decides what passes a ReLU on the way back.
LayerResult expect_sum(const LayerTrace& trace, bool rectified) {
  LayerResult result{trace.input.values, trace.flow.values, {}};
  for (size_t i = 0; i < result.output.size(); ++i) {
    if (!trace.other.empty()) result.output[i] += trace.other[i];
    if (!rectified) continue;
    result.output[i] = std::max(0.0, result.output[i]);
    if (trace.output.values[i] <= 0) result.input_gradient[i] = 0;
  }
  return result;
}

LayerResult expect_flattening(const LayerTrace& trace) {
  const Grid& input = trace.input;
  LayerResult result{std::vector<double>(input.values.size()), std::vector<double>(input.values.size()), {}};
  for_each_pixel(input.count, input.height, input.width, [&](int64_t n, int64_t y, int64_t x) {
    for (int64_t c = 0; c < input.channels; ++c) {
      const int64_t flat = ((n * input.channels + c) * input.height + y) * input.width + x;
      const int64_t last = ((n * input.height + y) * input.width + x) * input.channels + c;
      result.output[flat] = input.values[last];
      result.input_gradient[last] = trace.flow.values[flat];
    }
  });
  return result;
}

LayerResult expect_normalisation(const LayerTrace& trace, bool rectified) {
  const Moments moments = moments_of(trace.input);
  const int64_t channels = trace.input.channels;
  const double pixels = static_cast<double>(trace.input.values.size()) / static_cast<double>(channels);
  const std::vector<double> whole = normalise_grid(trace.input, moments, false);
  std::vector<double> gradient = trace.flow.values, sum(channels), product(channels);
  for (size_t i = 0; i < gradient.size(); ++i) {
    if (rectified && trace.output.values[i] <= 0) gradient[i] = 0;
    sum[i % channels] += gradient[i];
    product[i % channels] += gradient[i] * whole[i];
  }
  for (size_t i = 0; i < gradient.size(); ++i) {
    const int64_t c = static_cast<int64_t>(i) % channels;
    gradient[i] = (gradient[i] - sum[c] / pixels - whole[i] * product[c] / pixels) / std::sqrt(moments.variance[c] + 1e-5);
  }
  return {normalise_grid(trace.input, moments, rectified), gradient, {}};
}

}  // namespace

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

std::vector<double> normalise_grid(const Grid& grid, const Moments& moments, bool rectified) {
  std::vector<double> result(grid.values.size());
  for (size_t i = 0; i < result.size(); ++i) {
    const int64_t c = static_cast<int64_t>(i) % grid.channels;
    const double value = (grid.values[i] - moments.mean[c]) / std::sqrt(moments.variance[c] + 1e-5);
    result[i] = rectified ? std::max(0.0, value) : value;
  }
  return result;
}

LayerResult compute_expected(const LayerTrace& trace, const Node& node, const std::vector<double>& weights) {
  switch (node.layer.kind) {
    case MB_CONV:
    case MB_LINEAR:
      return expect_convolution(trace, node.layer, weights);
    case MB_DEPTHWISE:
      return expect_depthwise(trace, node.layer, weights);
    case MB_MAX_POOL:
    case MB_AVERAGE_POOL:
      return expect_pool(trace, node);
    case MB_FLATTEN:
      return expect_flattening(trace);
    case MB_BATCH_NORM:
      return expect_normalisation(trace, node.rectified);
    case MB_RELU:
      return expect_sum(trace, true);
    default:
      return expect_sum(trace, node.rectified);
  }
}

}  // namespace mb
