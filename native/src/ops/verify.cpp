#include "verify.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "../runtime/status.hpp"
#include "reference.hpp"

namespace mb {
namespace {

// The largest difference from the loops, divided by the root mean square of what they give: of the output (of a
// normalisation in training, outside of it, and of its running statistics), of the input's gradient, and of the weights'
// gradient. −1: the layer has none. Infinite where there is a NaN.
struct Deviations {
  double output = -1, input_gradient = -1, weight_gradient = -1;
};

// How a layer is tried: on pictures of `input`, with a way back where it `learns`, to the input where that is `wanted`.
struct Trial {
  ActivationShape input;
  int64_t pictures;
  bool learns, wanted;
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

// Makes numbers in [−1, 1), the same for the same sizes and seed, rounded to what the layer computes with (splitmix64).
at::Tensor make_random(at::IntArrayRef sizes, uint64_t seed, const Arithmetic& arithmetic) {
  at::Tensor doubles = at::empty(sizes, at::kDouble);
  double* const to = doubles.data_ptr<double>();
  for (int64_t i = 0; i < doubles.numel(); ++i) {
    uint64_t bits = (seed << 40) + static_cast<uint64_t>(i + 1) * 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    to[i] = static_cast<double>((bits ^ bits >> 31) >> 11) * 0x1p-52 - 1;
  }
  const at::Tensor rounded = doubles.to(arithmetic.options.dtype().toScalarType()).to(arithmetic.options.device());
  return sizes.size() == 4 ? rounded.contiguous(at::MemoryFormat::ChannelsLast) : rounded;
}

std::vector<int64_t> sizes_of(const ActivationShape& shape, int64_t pictures) {
  if (shape.flat) return {pictures, shape.features()};
  return {pictures, shape.channels, shape.height, shape.width};
}

double deviation_of(const std::vector<double>& found, const std::vector<double>& expected) {
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

// Means, then variances above zero.
at::Tensor make_random_statistics(int64_t length, const Arithmetic& arithmetic) {
  const auto type = arithmetic.options.dtype() == at::kDouble ? at::kDouble : at::kFloat;
  at::Tensor statistics = make_random({length}, 4, arithmetic).to(type);
  statistics.narrow(0, length / 2, length / 2).add_(2);
  return statistics;
}

// How far a normalisation's running statistics after training are off, and its output outside of training, which uses them.
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
  return std::max(deviation_of(found, moved), deviation_of(grid_of(output).values, normalise_grid(grid, running, rectified)));
}

// The weights as the loops take them, channels last.
std::vector<double> weights_of(const at::Tensor& tensor) {
  return values_of(tensor.dim() == 4 ? tensor.permute({0, 2, 3, 1}) : tensor);
}

// Sends random numbers through a layer, both ways, and through loops. The layer's weights are overwritten.
Deviations verify_layer(Layer& layer, const Node& node, const Trial& trial, const Arithmetic& arithmetic) {
  const std::vector<int64_t> sizes = sizes_of(trial.input, trial.pictures);
  const at::Tensor input = make_random(sizes, 1, arithmetic);
  const at::Tensor other = adds(node) ? make_random(sizes, 2, arithmetic) : at::Tensor();
  std::vector<double> weights, statistics;
  if (layer.effective.defined()) {
    layer.effective.copy_(make_random(layer.effective.sizes(), 3, arithmetic));
    weights = weights_of(layer.effective);
  }
  if (layer.statistics_length > 0) {
    layer.statistics = make_random_statistics(layer.statistics_length, arithmetic);
    statistics = values_of(layer.statistics);
  }
  const at::Tensor output = layer.forward(input.clone(), other, true);  // some layers overwrite their input
  const at::Tensor flow = make_random(output.sizes(), 5, arithmetic);
  const std::vector<double> added = adds(node) ? grid_of(other).values : std::vector<double>();
  const LayerTrace trace{grid_of(input), grid_of(output), grid_of(flow), added};
  const at::Tensor gradient = trial.learns ? layer.backward(flow, trial.wanted) : at::Tensor();
  const LayerResult expected = compute_expected(trace, node, weights);
  Deviations result;
  result.output = deviation_of(trace.output.values, expected.output);
  if (gradient.defined()) result.input_gradient = deviation_of(grid_of(gradient).values, expected.input_gradient);
  if (trial.learns && layer.effective.defined()) {
    result.weight_gradient = deviation_of(weights_of(layer.weight_gradient), expected.weight_gradient);
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

}  // namespace

int64_t verify_network(mb_network& network, int64_t pictures, double* deviations) {
  set_arithmetic(network);
  const PassCleanup cleanup{network};
  std::set<std::vector<int64_t>> tried;  // a layer like one before it computes as that one does
  int64_t rows = 0;
  for (size_t index = 0; index < network.graph.size(); ++index) {
    const Node& node = network.graph[index];
    const mb_layer& spec = node.layer;
    const ActivationShape input = network.shape_at(node.from);
    const bool learns = network.learns[index], wanted = network.needs_input_gradient_of(node);
    if (!tried.insert({spec.kind, spec.inputs, spec.outputs, spec.kernel, spec.stride, spec.padding, input.channels,
                       input.height, input.width, input.flat, node.rectified, learns, wanted}).second) {
      continue;
    }
    const Trial trial{input, pictures, learns, wanted};
    const Deviations found = verify_layer(*network.layers[index], node, trial, network.arithmetic);
    double* const row = deviations + 4 * rows++;
    row[0] = static_cast<double>(node.index);
    row[1] = found.output;
    row[2] = found.input_gradient;
    row[3] = found.weight_gradient;
  }
  return rows;
}

}  // namespace mb
