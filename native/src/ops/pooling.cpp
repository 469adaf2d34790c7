#include "pooling.hpp"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/avg_pool2d_backward.h>
#include <ATen/ops/max_pool2d_with_indices.h>
#include <ATen/ops/max_pool2d_with_indices_backward.h>
#include <ATen/ops/threshold_backward.h>

#include "max_pool.hpp"

namespace mb {
namespace {

class MaxPool final : public Layer {
 public:
  MaxPool(const mb_layer& s, bool rectified)
      : size_(s.kernel), stride_(s.stride), padding_(s.padding), rectified_(rectified) {}
  at::Tensor forward(const at::Tensor& input, const at::Tensor&, bool train) override {
    has_own_pass_ = padding_ == 0 && has_max_pool(input, size_, stride_);
    height_ = input.size(2);
    width_ = input.size(3);
    at::Tensor winners;
    if (has_own_pass_) {
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
    if (has_own_pass_) return max_pool_backward(output_gradient, winners_, size_, height_, width_);
    const at::Tensor gradient = rectified_ ? at::threshold_backward(output_gradient, output_, 0) : output_gradient;
    return at::max_pool2d_with_indices_backward(gradient, input_, {size_, size_}, {stride_, stride_},
                                                {padding_, padding_}, {1, 1}, false, winners_);
  }
  void forget() override {
    Layer::forget();
    winners_ = at::Tensor();
  }

 private:
  bool has_own_pass_ = false;
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

}  // namespace

std::unique_ptr<Layer> make_max_pool(const mb_layer& spec, bool rectified) {
  return std::make_unique<MaxPool>(spec, rectified);
}

std::unique_ptr<Layer> make_average_pool(const mb_layer& spec) { return std::make_unique<AveragePool>(spec); }

}  // namespace mb
