#include "convolution.hpp"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include <tuple>

#include "../runtime/dispatch.hpp"
#include "../runtime/status.hpp"

namespace mb {
namespace {

class Convolution final : public Layer {
 public:
  Convolution(const mb_layer& s, const Arithmetic& arithmetic)
      : subsamples_(subsamples(s, arithmetic)),
        skip_(subsamples_ ? s.stride : 1),
        border_(subsamples_ ? s.padding : 0),
        stride_(subsamples_ ? 1 : s.stride),
        padding_(subsamples_ ? 0 : s.padding),
        channels_first_(is_faster_channels_first(s, arithmetic)) {
    weight = weight_shape_of(s, int64_t{s.kernel} * s.kernel, arithmetic);
    effective = at::empty({s.outputs, s.inputs, s.kernel, s.kernel}, arithmetic.options, at::MemoryFormat::ChannelsLast);
  }
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    height_ = input.size(2);
    width_ = input.size(3);
    const at::Tensor read = subsamples_ ? gather_pixels(input) : input;
    if (train) input_ = read;
    if (!channels_first_) return at::conv2d(read, effective, {}, {stride_, stride_}, {padding_, padding_});
    return at::conv2d(read.contiguous(), effective.contiguous(), {}, {stride_, stride_}, {padding_, padding_})
        .contiguous(at::MemoryFormat::ChannelsLast);
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    if (!wanted && has_kernels(input_.device()) && weight.inputs * weight.positions <= max_window_for_product) {
      weight_gradient = multiply_windows(output_gradient);
      return {};
    }
    auto gradients = at::convolution_backward(output_gradient, input_, effective, at::OptionalIntArrayRef{},
                                              {stride_, stride_}, {padding_, padding_}, {1, 1}, false, {0, 0}, 1,
                                              {wanted, true, false});
    weight_gradient = std::get<1>(gradients);
    const at::Tensor& gradient = std::get<0>(gradients);
    return wanted && subsamples_ ? spread_pixels(gradient) : gradient;
  }

 private:
  // A kernel of one pixel with a stride reads every stride-th pixel alone: on the processor these are gathered first, and
  // convolved with stride 1. oneDNN's own way there writes beyond its workspace where the input has fewer channels than
  // one of its blocks, which gives wrong gradients of the weights, or a corrupted heap.
  static bool subsamples(const mb_layer& s, const Arithmetic& arithmetic) {
    return arithmetic.options.device().is_cpu() && s.kernel == 1 && s.stride > 1;
  }

  // The pixels of the padded pictures that are not skipped.
  at::Tensor gather_pixels(const at::Tensor& input) const {
    const at::Tensor padded = border_ == 0 ? input : at::constant_pad_nd(input, {border_, border_, border_, border_});
    return skip_pixels(padded).contiguous(at::MemoryFormat::ChannelsLast);
  }

  // The gradient of the pictures from that of the pixels that were read: zero at all others.
  at::Tensor spread_pixels(const at::Tensor& pixels) const {
    at::Tensor padded = at::empty({pixels.size(0), pixels.size(1), height_ + 2 * border_, width_ + 2 * border_},
                                  pixels.options(), at::MemoryFormat::ChannelsLast);
    skip_pixels(padded.zero_()).copy_(pixels);
    if (border_ == 0) return padded;
    return padded.narrow(2, border_, height_).narrow(3, border_, width_).contiguous(at::MemoryFormat::ChannelsLast);
  }

  at::Tensor skip_pixels(const at::Tensor& pictures) const {
    return pictures.slice(2, 0, pictures.size(2), skip_).slice(3, 0, pictures.size(3), skip_);
  }

  // The cuDNN kernels for strict float32 that always give the same bits are much faster with channels first on the
  // way forward, also with the transposition; on the way back there is no difference.
  static bool is_faster_channels_first(const mb_layer& s, const Arithmetic& arithmetic) {
    const at::TensorOptions& options = arithmetic.options;
    return options.device().is_cuda() && options.dtype() == at::kFloat && !arithmetic.tensor_float && s.kernel > 1;
  }

  // The weights' gradient as one product of matrices, with every window of the pictures written out. For a network's first
  // layer, whose windows are small, that is faster than those of cuDNN's kernels that give the same bits every time.
  at::Tensor multiply_windows(const at::Tensor& output_gradient) const {
    const int64_t kernel = effective.size(2);
    const at::Tensor padded =
        at::constant_pad_nd(input_.permute({0, 2, 3, 1}), {0, 0, padding_, padding_, padding_, padding_}).contiguous();
    const auto strides = padded.strides();
    const at::Tensor windows = padded.as_strided(
        {input_.size(0), output_gradient.size(2), output_gradient.size(3), kernel, kernel, weight.inputs},
        {strides[0], strides[1] * stride_, strides[2] * stride_, strides[1], strides[2], strides[3]});
    const at::Tensor flow = output_gradient.permute({0, 2, 3, 1}).reshape({-1, weight.outputs});
    return at::mm(flow.t(), windows.reshape({-1, weight.positions * weight.inputs}))
        .view({weight.outputs, kernel, kernel, weight.inputs})
        .permute({0, 3, 1, 2});
  }

  // Numbers of a window up to which it is a small one.
  static constexpr int64_t max_window_for_product = 64;

  const bool subsamples_;
  const int64_t skip_, border_;     // how pixels are gathered, where they are
  const int64_t stride_, padding_;  // of the convolution itself
  const bool channels_first_;
  int64_t height_ = 0, width_ = 0;  // of the pictures
};

}  // namespace

WeightShape weight_shape_of(const mb_layer& spec, int64_t positions, const Arithmetic& arithmetic) {
  const bool fits = int64_t{spec.outputs} * spec.inputs * positions < cuda::max_segment;
  require(has_loops(arithmetic.options.device()) || fits, "layers: ", spec.outputs, " x ", spec.inputs, " x ", positions,
          " weights in one, expected less than 2^31 on this device");
  return {0, spec.outputs, spec.inputs, positions};
}

std::unique_ptr<Layer> make_convolution(const mb_layer& spec, const Arithmetic& arithmetic) {
  return std::make_unique<Convolution>(spec, arithmetic);
}

}  // namespace mb
