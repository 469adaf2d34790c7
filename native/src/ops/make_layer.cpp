#include "make_layer.hpp"

#include "../runtime/status.hpp"
#include "convolution.hpp"
#include "depthwise.hpp"
#include "layers.hpp"
#include "pooling.hpp"

namespace mb {
namespace {

// Whether a layer's output is made by it, and not what it needs on the way back: then its reader may overwrite it.
bool gives_output_away(const Node& node) {
  const int32_t kind = node.layer.kind;
  return kind == MB_CONV || kind == MB_DEPTHWISE || kind == MB_LINEAR ||
         ((kind == MB_MAX_POOL || kind == MB_BATCH_NORM || kind == MB_ADD) && !node.rectified);
}

constexpr int32_t max = 1 << 20;

void require_positive(int32_t value, const char* what, int64_t index, int32_t min = 1) {
  require(value >= min && value <= max, "layers: ", what, " ", value, " of layer ", index, ", expected ", min, " to ",
          max);
}

// The shape becomes that after a window of `kernel` has moved by `stride`.
void slide_window(ActivationShape& shape, const mb_layer& spec, int64_t padding, int64_t index) {
  require(!shape.flat, "layers: layer ", index, " comes after flatten, expected before");
  const int64_t height = shape.height + 2 * padding - spec.kernel, width = shape.width + 2 * padding - spec.kernel;
  require(height >= 0 && width >= 0, "layers: kernel ", spec.kernel, " of layer ", index,
          " is larger than its padded input, ", shape.height + 2 * padding, " × ", shape.width + 2 * padding);
  shape.height = height / spec.stride + 1;
  shape.width = width / spec.stride + 1;
}

// One picture's numbers must be such that an int can count them, which is what libtorch's kernels are made for.
void require_bounded(const ActivationShape& shape, int64_t index) {
  require(shape.height <= max && shape.width <= max && shape.channels * shape.height <= (int64_t{1} << 31) / shape.width,
          "layers: layer ", index, " gives ", shape.channels, " × ", shape.height, " × ", shape.width,
          ", expected at most 2^31 numbers");
}

void require_convolution(const mb_layer& spec, ActivationShape& shape, int64_t index) {
  require_positive(spec.inputs, "inputs", index);
  require_positive(spec.outputs, "outputs", index);
  require_positive(spec.kernel, "kernel", index);
  require_positive(spec.stride, "stride", index);
  require_positive(spec.padding, "padding", index, 0);
  require(spec.kernel <= 1024, "layers: kernel ", spec.kernel, " of layer ", index, ", expected at most 1024");
  require(spec.inputs == shape.channels, "layers: inputs ", spec.inputs, " of layer ", index, ", expected ",
          shape.channels);
  slide_window(shape, spec, spec.padding, index);
  shape.channels = spec.outputs;
  require_bounded(shape, index);
}

void require_depthwise(const mb_layer& spec, ActivationShape& shape, int64_t index) {
  require(spec.outputs == spec.inputs, "layers: outputs ", spec.outputs, " of layer ", index, ", expected ", spec.inputs,
          " as its inputs");
  require_convolution(spec, shape, index);
}

void require_linear(const mb_layer& spec, ActivationShape& shape, int64_t index) {
  require_positive(spec.inputs, "inputs", index);
  require_positive(spec.outputs, "outputs", index);
  require(shape.flat, "layers: linear layer ", index, " needs a flat input, expected flatten before it");
  require(spec.inputs == shape.features(), "layers: inputs ", spec.inputs, " of layer ", index, ", expected ",
          shape.features());
  shape = {spec.outputs, 1, 1, true};
}

void require_pool(const mb_layer& spec, ActivationShape& shape, int64_t index) {
  require_positive(spec.kernel, "kernel", index);
  require_positive(spec.stride, "stride", index);
  require_positive(spec.padding, "padding", index, 0);
  require(2 * int64_t{spec.padding} <= (spec.kind == MB_MAX_POOL ? spec.kernel : 0), "layers: padding ", spec.padding,
          " of layer ", index, ", expected at most half of a max-pool's kernel, and none of an average's");
  slide_window(shape, spec, spec.padding, index);
}

void require_batch_norm(const mb_layer& spec, const ActivationShape& shape, int64_t index) {
  require(!shape.flat, "layers: normalisation, layer ", index, ", comes after flatten, expected before");
  require(spec.inputs == shape.channels, "layers: inputs ", spec.inputs, " of layer ", index, ", expected ",
          shape.channels);
}

void require_same(const ActivationShape& shape, const ActivationShape& other, int64_t index) {
  require(shape.flat == other.flat && shape.channels == other.channels && shape.height == other.height &&
              shape.width == other.width,
          "layers: layer ", index, " adds ", shape.channels, " × ", shape.height, " × ", shape.width, " and ",
          other.channels, " × ", other.height, " × ", other.width, ", expected one shape");
}

}  // namespace

std::unique_ptr<Layer> make_layer(const std::vector<Node>& graph, int64_t index, ActivationShape& shape,
                                  const ActivationShape& other, const Arithmetic& arithmetic) {
  const Node& node = graph[index];
  const mb_layer& spec = node.layer;
  const bool in_place = node.from >= 0 && graph[node.from].readers == 1 && gives_output_away(graph[node.from]);
  switch (spec.kind) {
    case MB_CONV:
      require_convolution(spec, shape, index);
      return make_convolution(spec, arithmetic);
    case MB_DEPTHWISE:
      require_depthwise(spec, shape, index);
      return make_depthwise(spec, arithmetic);
    case MB_LINEAR:
      require_linear(spec, shape, index);
      return make_linear(spec, arithmetic);
    case MB_MAX_POOL:
      require_pool(spec, shape, index);
      return make_max_pool(spec, node.rectified);
    case MB_AVERAGE_POOL:
      require_pool(spec, shape, index);
      return make_average_pool(spec);
    case MB_RELU:
      return make_relu(in_place);
    case MB_FLATTEN:
      require(!shape.flat, "layers: flatten, layer ", index, ", of what is flat already");
      shape.flat = true;
      return make_flatten();
    case MB_BATCH_NORM:
      require_batch_norm(spec, shape, index);
      return make_batch_norm(shape.channels, node.rectified);
    case MB_ADD:
      require_same(shape, other, index);
      return make_sum(node.rectified, in_place && node.from != node.other);
    default:
      require(false, "layers: kind ", spec.kind, " of layer ", index, ", expected 0 (conv) to 8 (depthwise)");
      return nullptr;
  }
}

}  // namespace mb
