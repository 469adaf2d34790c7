#include "layers.hpp"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool2d_backward.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/threshold_backward.h>

#include <tuple>

#include "../cuda/runtime.hpp"
#include "../runtime/status.hpp"
#include "batch_norm.hpp"
#include "max_pool.hpp"

namespace mb {
namespace {

WeightShape weight_of(const mb_layer& s, int64_t positions, const Arithmetic& by) {
  require(by_loops(by.options.device()) || int64_t{s.outputs} * s.inputs * positions < cuda::longest_segment, "layers: ",
          s.outputs, " x ", s.inputs, " x ", positions, " weights in one, expected less than 2^31 on this device");
  return {0, s.outputs, s.inputs, positions};
}

class Conv final : public Layer {
 public:
  Conv(const mb_layer& s, const Arithmetic& by)
      : subsamples_(subsamples(s, by)),
        skip_(subsamples_ ? s.stride : 1),
        border_(subsamples_ ? s.padding : 0),
        stride_(subsamples_ ? 1 : s.stride),
        padding_(subsamples_ ? 0 : s.padding),
        channels_first_(channels_first(s, by)) {
    weight = weight_of(s, int64_t{s.kernel} * s.kernel, by);
    effective = at::empty({s.outputs, s.inputs, s.kernel, s.kernel}, by.options, at::MemoryFormat::ChannelsLast);
  }
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    height_ = input.size(2);
    width_ = input.size(3);
    const at::Tensor read = subsamples_ ? pixels_read(input) : input;
    if (train) input_ = read;
    if (!channels_first_) return at::conv2d(read, effective, {}, {stride_, stride_}, {padding_, padding_});
    return at::conv2d(read.contiguous(), effective.contiguous(), {}, {stride_, stride_}, {padding_, padding_})
        .contiguous(at::MemoryFormat::ChannelsLast);
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted && by_kernels(input_.device()) && weight.inputs * weight.positions <= 64) {
      weight_gradient = gradient_by_product(output_gradient);
      return {};
    }
    auto gradients = at::convolution_backward(output_gradient, input_, effective, at::OptionalIntArrayRef{},
                                              {stride_, stride_}, {padding_, padding_}, {1, 1}, false, {0, 0}, 1,
                                              {wanted, true, false});
    weight_gradient = std::get<1>(gradients);
    const at::Tensor& gradient = std::get<0>(gradients);
    return wanted && subsamples_ ? spread(gradient) : gradient;
  }

 private:
  // A kernel of one pixel with a stride reads every stride-th pixel alone: on the processor these are gathered first, and
  // convolved with stride 1. oneDNN's own way there writes beyond its work space where the input has fewer channels than
  // one of its blocks (uxlfoundation/oneDNN issue 6035): wrong gradients of the weights, or a corrupted heap.
  static bool subsamples(const mb_layer& s, const Arithmetic& by) {
    return by.options.device().is_cpu() && s.kernel == 1 && s.stride > 1;
  }

  // The pixels of the padded pictures that are not skipped.
  at::Tensor pixels_read(const at::Tensor& input) const {
    const at::Tensor padded = border_ == 0 ? input : at::constant_pad_nd(input, {border_, border_, border_, border_});
    return skipping(padded).contiguous(at::MemoryFormat::ChannelsLast);
  }

  // The gradient of the pictures from that of the pixels that were read: zero at all others.
  at::Tensor spread(const at::Tensor& pixels) const {
    at::Tensor padded = at::empty({pixels.size(0), pixels.size(1), height_ + 2 * border_, width_ + 2 * border_},
                                  pixels.options(), at::MemoryFormat::ChannelsLast);
    skipping(padded.zero_()).copy_(pixels);
    if (border_ == 0) return padded;
    return padded.narrow(2, border_, height_).narrow(3, border_, width_).contiguous(at::MemoryFormat::ChannelsLast);
  }

  at::Tensor skipping(const at::Tensor& pictures) const {
    return pictures.slice(2, 0, pictures.size(2), skip_).slice(3, 0, pictures.size(3), skip_);
  }

  // In strict float32 cuDNN is up to four times as fast with channels first on the way forward, and never slower by more than
  // turning takes; on the way back there is no difference (measured on an H100, of the kernels that always give the same bits).
  static bool channels_first(const mb_layer& s, const Arithmetic& by) {
    return by.options.device().is_cuda() && by.options.dtype() == at::kFloat && !by.tensor_float && s.kernel > 1;
  }

  // As one product of matrices, with every window of the pictures written out. For a network's first layer, whose windows are
  // small, cuDNN's kernels that give the same bits every time take up to eight times as long (float32, on an H100).
  at::Tensor gradient_by_product(const at::Tensor& output_gradient) const {
    const int64_t kernel = effective.size(2);
    const at::Tensor padded =
        at::constant_pad_nd(input_.permute({0, 2, 3, 1}), {0, 0, padding_, padding_, padding_, padding_}).contiguous();
    const auto by = padded.strides();
    const at::Tensor windows = padded.as_strided(
        {input_.size(0), output_gradient.size(2), output_gradient.size(3), kernel, kernel, weight.inputs},
        {by[0], by[1] * stride_, by[2] * stride_, by[1], by[2], by[3]});
    const at::Tensor flow = output_gradient.permute({0, 2, 3, 1}).reshape({-1, weight.outputs});
    return at::mm(flow.t(), windows.reshape({-1, weight.positions * weight.inputs}))
        .view({weight.outputs, kernel, kernel, weight.inputs})
        .permute({0, 3, 1, 2});
  }

  const bool subsamples_;
  const int64_t skip_, border_;      // how pixels are gathered, where they are
  const int64_t stride_, padding_;  // of the convolution itself
  const bool channels_first_;
  int64_t height_ = 0, width_ = 0;  // of the pictures
};

class Linear final : public Layer {
 public:
  Linear(const mb_layer& s, const Arithmetic& by) {
    weight = weight_of(s, 1, by);
    effective = at::empty({s.outputs, s.inputs}, by.options);
  }
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    if (train) input_ = input;
    return at::mm(input, effective.t());
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    weight_gradient = at::mm(output_gradient.t(), input_);
    return wanted ? at::mm(output_gradient, effective) : at::Tensor();
  }
};

class MaxPool final : public Layer {
 public:
  MaxPool(const mb_layer& s, bool rectified)
      : size_(s.kernel), stride_(s.stride), padding_(s.padding), rectified_(rectified) {}
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    own_ = padding_ == 0 && pools_in_place(input, size_, stride_);
    height_ = input.size(2);
    width_ = input.size(3);
    at::Tensor winners;
    if (own_) {
      at::Tensor output = max_pool(input, size_, rectified_, &winners);
      if (train) winners_ = winners;
      return output;
    }
    auto [output, indices] = at::max_pool2d_with_indices(input, {size_, size_}, {stride_, stride_}, {padding_, padding_});
    if (rectified_) output.relu_();
    if (train) {
      input_ = input;
      winners_ = indices;
      if (rectified_) output_ = output;
    }
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted) return {};
    if (own_) return max_pool_backward(output_gradient, winners_, size_, height_, width_);
    const at::Tensor gradient = rectified_ ? at::threshold_backward(output_gradient, output_, 0) : output_gradient;
    return at::max_pool2d_with_indices_backward(gradient, input_, {size_, size_}, {stride_, stride_},
                                                {padding_, padding_}, {1, 1}, false, winners_);
  }
  void forget() override {
    Layer::forget();
    winners_ = at::Tensor();
  }

 private:
  bool own_ = false;
  int64_t height_ = 0, width_ = 0;
  at::Tensor winners_;
  const int64_t size_, stride_, padding_;
  const bool rectified_;
};

class AveragePool final : public Layer {
 public:
  explicit AveragePool(const mb_layer& s) : size_(s.kernel), stride_(s.stride) {}
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    if (train) input_ = input;
    return at::avg_pool2d(input, {size_, size_}, {stride_, stride_});
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted) return {};
    return at::avg_pool2d_backward(output_gradient, input_, {size_, size_}, {stride_, stride_}, {0, 0}, false, true,
                                   {});
  }

 private:
  const int64_t size_, stride_;
};

// In place where nothing else needs what it overwrites: after a layer that makes its output and does not keep it.
class Relu final : public Layer {
 public:
  explicit Relu(bool in_place) : in_place_(in_place) {}
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    at::Tensor output = in_place_ ? at::Tensor(input).relu_() : input.relu();
    if (train) output_ = output;
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    return wanted ? at::threshold_backward(output_gradient, output_, 0) : at::Tensor();
  }

 private:
  const bool in_place_;
};

// To (channels, height, width) in memory too, as PyTorch's weights of a linear layer expect it: a batch of activations
// is less to move than the weights would be.
class Flatten final : public Layer {
 public:
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool) override {
    sizes_ = input.sizes().vec();
    const WeightShape shape{0, sizes_[0], sizes_[1], sizes_[2] * sizes_[3]};
    at::Tensor flat = at::empty({shape.length()}, input.options());
    write_gradient(input.contiguous(at::MemoryFormat::ChannelsLast), {}, shape, flat);
    return flat.view({sizes_[0], -1});
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted) return {};
    const WeightShape shape{0, sizes_[0], sizes_[1], sizes_[2] * sizes_[3]};
    at::Tensor pictures = at::empty(sizes_, output_gradient.options(), at::MemoryFormat::ChannelsLast);
    write_effective(output_gradient.reshape({-1}), {}, shape, pictures);
    return pictures;
  }

 private:
  std::vector<int64_t> sizes_;
};

class BatchNorm final : public Layer {
 public:
  BatchNorm(int64_t channels, bool rectified) : rectified_(rectified) { statistics_length = 2 * channels; }
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    if (!train) return batch_norm(input, rectified_, statistics);
    at::Tensor output = batch_norm(input, rectified_, statistics, &by_);
    input_ = input;
    if (rectified_) output_ = output;
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    return wanted ? batch_norm_backward(output_gradient, input_, output_, rectified_, by_) : at::Tensor();
  }

 private:
  const bool rectified_;
  Normalised by_;
};

// In place where nothing else needs its input.
class Add final : public Layer {
 public:
  Add(bool rectified, bool in_place) : rectified_(rectified), in_place_(in_place) {}
  at::Tensor forward(const at::Tensor& input, const at::Tensor& other, bool train) override {
    at::Tensor output = in_place_ ? at::Tensor(input).add_(other) : input.add(other);
    if (!rectified_) return output;
    output.relu_();
    if (train) output_ = output;
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted) return {};
    return rectified_ ? at::threshold_backward(output_gradient, output_, 0) : output_gradient;
  }

 private:
  const bool rectified_, in_place_;
};

// Whether a layer's output is its own, and not what it needs on the way back.
bool gives_away(const Node& node) {
  const int32_t kind = node.layer.kind;
  return kind == MB_CONV || kind == MB_LINEAR ||
         ((kind == MB_MAX_POOL || kind == MB_BATCH_NORM || kind == MB_ADD) && !node.rectified);
}

constexpr int32_t most = 1 << 20;

void require_positive(int32_t value, const char* what, int64_t place, int32_t least = 1) {
  require(value >= least && value <= most, "layers: ", what, " ", value, " of layer ", place, ", expected ", least,
          " to ", most);
}

// Height and width after a window of `kernel` moves by `stride`.
void slide(ActivationShape& shape, const mb_layer& s, int64_t padding, int64_t place) {
  require(!shape.flat, "layers: layer ", place, " comes after flatten, expected before");
  const int64_t height = shape.height + 2 * padding - s.kernel, width = shape.width + 2 * padding - s.kernel;
  require(height >= 0 && width >= 0, "layers: kernel ", s.kernel, " of layer ", place,
          " is larger than its padded input, ", shape.height + 2 * padding, " × ", shape.width + 2 * padding);
  shape.height = height / s.stride + 1;
  shape.width = width / s.stride + 1;
}

// Of one picture; what an int can count is what libtorch's kernels are made for.
void require_bounded(const ActivationShape& shape, int64_t place) {
  require(shape.height <= most && shape.width <= most && shape.channels * shape.height <= (int64_t{1} << 31) / shape.width,
          "layers: layer ", place, " gives ", shape.channels, " × ", shape.height, " × ", shape.width,
          ", expected at most 2^31 numbers");
}

}  // namespace

std::unique_ptr<Layer> make_layer(const std::vector<Node>& graph, int64_t place, ActivationShape& shape,
                                  const ActivationShape& other, const Arithmetic& by) {
  const Node& node = graph[place];
  const mb_layer& s = node.layer;
  const bool in_place = node.from >= 0 && graph[node.from].readers == 1 && gives_away(graph[node.from]);
  switch (s.kind) {
    case MB_CONV: {
      require_positive(s.inputs, "inputs", place);
      require_positive(s.outputs, "outputs", place);
      require_positive(s.kernel, "kernel", place);
      require_positive(s.stride, "stride", place);
      require_positive(s.padding, "padding", place, 0);
      require(s.kernel <= 1024, "layers: kernel ", s.kernel, " of layer ", place, ", expected at most 1024");
      require(s.inputs == shape.channels, "layers: inputs ", s.inputs, " of layer ", place, ", expected ",
              shape.channels);
      slide(shape, s, s.padding, place);
      shape.channels = s.outputs;
      require_bounded(shape, place);
      return std::make_unique<Conv>(s, by);
    }
    case MB_LINEAR: {
      require_positive(s.inputs, "inputs", place);
      require_positive(s.outputs, "outputs", place);
      require(shape.flat, "layers: linear layer ", place, " needs a flat input, expected flatten before it");
      require(s.inputs == shape.features(), "layers: inputs ", s.inputs, " of layer ", place, ", expected ",
              shape.features());
      shape = {s.outputs, 1, 1, true};
      return std::make_unique<Linear>(s, by);
    }
    case MB_MAX_POOL:
    case MB_AVERAGE_POOL:
      require_positive(s.kernel, "kernel", place);
      require_positive(s.stride, "stride", place);
      require_positive(s.padding, "padding", place, 0);
      require(2 * int64_t{s.padding} <= (s.kind == MB_MAX_POOL ? s.kernel : 0), "layers: padding ", s.padding,
              " of layer ", place, ", expected at most half of a max-pool's kernel, and none of an average's");
      slide(shape, s, s.padding, place);
      if (s.kind == MB_MAX_POOL) return std::make_unique<MaxPool>(s, node.rectified);
      return std::make_unique<AveragePool>(s);
    case MB_RELU:
      return std::make_unique<Relu>(in_place);
    case MB_FLATTEN:
      require(!shape.flat, "layers: flatten, layer ", place, ", of what is flat already");
      shape.flat = true;
      return std::make_unique<Flatten>();
    case MB_BATCH_NORM:
      require(!shape.flat, "layers: normalisation, layer ", place, ", comes after flatten, expected before");
      require(s.inputs == shape.channels, "layers: inputs ", s.inputs, " of layer ", place, ", expected ",
              shape.channels);
      return std::make_unique<BatchNorm>(shape.channels, node.rectified);
    case MB_ADD:
      require(shape.flat == other.flat && shape.channels == other.channels && shape.height == other.height &&
                  shape.width == other.width,
              "layers: layer ", place, " adds ", shape.channels, " × ", shape.height, " × ", shape.width, " and ",
              other.channels, " × ", other.height, " × ", other.width, ", expected one shape");
      return std::make_unique<Add>(node.rectified, in_place && node.from != node.other);
    default:
      require(false, "layers: kind ", s.kind, " of layer ", place, ", expected 0 (conv) to 7 (add)");
      return nullptr;
  }
}

}  // namespace mb
