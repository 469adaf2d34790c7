// What layers should compute, by plain loops in double precision: the independent truth that they are verified against.
#pragma once

#include <cstdint>
#include <vector>

#include "graph.hpp"

namespace mb {

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

// What a layer was given and what it gave.
struct LayerTrace {
  Grid input, output;
  Grid flow;                  // the gradient of the output
  std::vector<double> other;  // what a sum read besides; else empty
};

// What a layer should give; `input_gradient` and `weight_gradient` only where it has them.
struct LayerResult {
  std::vector<double> output, input_gradient, weight_gradient;
};

// By loops from the trace's input; weights are (outputs, kernel rows, kernel columns, channels).
LayerResult compute_expected(const LayerTrace& trace, const Node& node, const std::vector<double>& weights);

// Means and variances by channel of all pixels.
struct Moments {
  std::vector<double> mean, variance;
};
Moments moments_of(const Grid& grid);

// (grid − mean) / √(variance + 1e-5) by channel, and its ReLU where it is rectified.
std::vector<double> normalise_grid(const Grid& grid, const Moments& moments, bool rectified);

}  // namespace mb
