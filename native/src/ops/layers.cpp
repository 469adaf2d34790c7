#include "layers.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/threshold_backward.h>

#include <vector>

#include "batch_norm.hpp"
#include "convolution.hpp"

namespace mb {
namespace {

class LinearLayer final : public Layer {
 public:
  LinearLayer(const mb_layer& s, const Arithmetic& arithmetic) {
    weight = weight_shape_of(s, 1, arithmetic);
    effective = at::empty({s.outputs, s.inputs}, arithmetic.options);
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

// Activations become (channels, height, width) in memory too, as PyTorch's weights of a linear layer expect it: a batch of
// activations is less to move than the weights would be.
class Flattening final : public Layer {
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
    if (!train) return normalise(input, rectified_, statistics);
    at::Tensor output = normalise_batch(input, rectified_, statistics, &moments_);
    input_ = input;
    if (rectified_) output_ = output;
    return output;
  }
  at::Tensor backward(const at::Tensor& output_gradient, bool wanted) override {
    return wanted ? normalise_backward(output_gradient, input_, output_, rectified_, moments_) : at::Tensor();
  }

 private:
  const bool rectified_;
  BatchMoments moments_;
};

class Sum final : public Layer {
 public:
  Sum(bool rectified, bool in_place) : rectified_(rectified), in_place_(in_place) {}
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

}  // namespace

std::unique_ptr<Layer> make_linear(const mb_layer& spec, const Arithmetic& arithmetic) {
  return std::make_unique<LinearLayer>(spec, arithmetic);
}

std::unique_ptr<Layer> make_relu(bool in_place) { return std::make_unique<Relu>(in_place); }

std::unique_ptr<Layer> make_flatten() { return std::make_unique<Flattening>(); }

std::unique_ptr<Layer> make_batch_norm(int64_t channels, bool rectified) {
  return std::make_unique<BatchNorm>(channels, rectified);
}

std::unique_ptr<Layer> make_sum(bool rectified, bool in_place) { return std::make_unique<Sum>(rectified, in_place); }

}  // namespace mb
