#include "network.hpp"

#include <ATen/Context.h>

#include "../runtime/dispatch.hpp"
#include "../runtime/profile.hpp"
#include "gather.hpp"
#include "loss.hpp"
#include "make_layer.hpp"

namespace mb {
namespace {

// One of the layers' tensors each, for those that have weights.
std::vector<LayerTensor> tensors_of(const mb_network& network, at::Tensor Layer::* which) {
  std::vector<LayerTensor> tensors;
  for (const auto& layer : network.layers) {
    if (layer->effective.defined()) tensors.push_back({&layer->weight, (*layer).*which});
  }
  return tensors;
}

// Hands every normalisation its part of the statistics.
void bind_statistics(const mb_network& network, const at::Tensor& statistics) {
  for (const auto& layer : network.layers) {
    if (layer->statistics_length == 0) continue;
    layer->statistics = statistics.narrow(0, layer->statistics_offset, layer->statistics_length);
  }
}

at::Tensor pass_forward(mb_network& network, const at::Tensor& images, bool train) {
  const at::Tensor pictures = images.to(network.arithmetic.options.dtype());
  std::vector<at::Tensor> outputs(network.graph.size());
  const auto output_at = [&](int64_t index) { return index < 0 ? pictures : outputs[index]; };
  for (size_t index = 0; index < network.graph.size(); ++index) {
    const Node& node = network.graph[index];
    const at::Tensor other = adds(node) ? output_at(node.other) : at::Tensor();
    outputs[index] = network.layers[index]->forward(output_at(node.from), other, train);
    for (const int64_t read : reads_of(node)) {
      if (read >= 0 && network.graph[read].last_reader == static_cast<int64_t>(index)) outputs[read] = at::Tensor();
    }
  }
  return outputs.back().to(network.outer_dtype);
}

// total + flow; in place where nobody else holds the total.
void add_flow(at::Tensor& total, at::Tensor flow) {
  if (!total.defined()) total = std::move(flow);
  else if (total.use_count() == 1) total.add_(flow);
  else total = total.add(flow);
}

// Goes back through the layers from the gradient of the logits; after each that has weights it calls written(layer).
template <typename Written>
void pass_backward(mb_network& network, at::Tensor logits_gradient, const Written& written) {
  std::vector<at::Tensor> flows(network.graph.size());  // gradients of the outputs, as far as they are known
  flows.back() = std::move(logits_gradient);
  for (size_t index = network.graph.size(); index-- > 0;) {
    if (!network.learns[index]) continue;
    const Node& node = network.graph[index];
    Layer& layer = *network.layers[index];
    {
      const PartTimer timer(MB_BACKWARD, network.device());
      at::Tensor flow = layer.backward(flows[index], network.needs_input_gradient_of(node));
      flows[index] = at::Tensor();
      if (adds(node) && network.needs_gradient_at(node.other)) add_flow(flows[node.other], flow);
      if (network.needs_gradient_at(node.from)) add_flow(flows[node.from], std::move(flow));
    }
    if (layer.effective.defined()) written(layer);
  }
}

}  // namespace

std::unique_ptr<mb_network> make_network(const mb_layer* layers, int64_t count, const ActivationShape& input,
                                         const Arithmetic& arithmetic, at::ScalarType outer_dtype) {
  auto network = std::make_unique<mb_network>();
  network->input = input;
  network->arithmetic = arithmetic;
  network->outer_dtype = outer_dtype;
  network->graph = make_graph(layers, count);
  for (size_t index = 0; index < network->graph.size(); ++index) {
    const Node& node = network->graph[index];
    ActivationShape shape = network->shape_at(node.from);
    auto layer = make_layer(network->graph, static_cast<int64_t>(index), shape, network->shape_at(node.other), arithmetic);
    network->shapes.push_back(shape);
    layer->weight.offset = network->size;
    network->size += layer->weight.length();
    layer->statistics_offset = network->statistics;
    network->statistics += layer->statistics_length;
    network->learns.push_back(layer->effective.defined() || network->needs_input_gradient_of(node));
    network->layers.push_back(std::move(layer));
  }
  require(network->shapes.back().flat, "layers: the last one gives pictures, expected flatten before the end");
  require(network->size > 0, "layers: none has weights, expected a conv or linear one");
  network->classes = network->shapes.back().features();
  return network;
}

void set_arithmetic(const mb_network& network) {
  if (!network.device().is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(network.arithmetic.tensor_float);
  context.setAllowTF32CuBLAS(network.arithmetic.tensor_float);
}

void compute_gradient(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                      const at::Tensor& pictures, const at::Tensor& truth, double smoothing, mb_gradient_of of,
                      at::Tensor& statistics, at::Tensor& gradient, at::Tensor& metrics) {
  const at::Device device = network.device();
  const at::Tensor& factor = of == MB_OF_MASK ? weights : mask;
  bind_statistics(network, statistics);
  set_arithmetic(network);
  const PassCleanup cleanup{network};
  {
    const PartTimer timer(MB_WEIGHTS, device);
    write_effective(weights, mask, tensors_of(network, &Layer::effective));
  }
  at::Tensor logits_gradient;
  {
    const PartTimer timer(MB_FORWARD, device);
    add_loss(pass_forward(network, pictures, true), truth, smoothing, metrics, &logits_gradient,
             network.loss_workspaces[pictures.size(0)]);
    logits_gradient = logits_gradient.to(network.arithmetic.options.dtype());
  }
  // A layer's gradient is written at once, so that its memory is free for the layers before; the kernels take all of them
  // at the end.
  const bool at_once = !has_kernels(device);
  pass_backward(network, std::move(logits_gradient), [&](Layer& layer) {
    if (!at_once) return;
    const PartTimer timer(MB_WEIGHTS, device);
    write_gradient(layer.weight_gradient, factor, layer.weight, gradient);
    layer.weight_gradient = at::Tensor();
  });
  if (at_once) return;
  const PartTimer timer(MB_WEIGHTS, device);
  write_gradient(tensors_of(network, &Layer::weight_gradient), factor, gradient);
  for (const auto& layer : network.layers) layer->weight_gradient = at::Tensor();
}

void compute_logits(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                    const at::Tensor& statistics, const at::Tensor& pictures, at::Tensor& logits) {
  bind_statistics(network, statistics);
  set_arithmetic(network);
  write_effective(weights, mask, tensors_of(network, &Layer::effective));
  const at::Tensor computed = pass_forward(network, pictures, false);
  logits.narrow(0, 0, pictures.size(0) * network.classes).copy_(computed.reshape({-1}));
}

void evaluate_network(mb_network& network, const at::Tensor& weights, const at::Tensor& mask,
                      const at::Tensor& statistics, const mb_dataset& dataset, int64_t batch_size, at::Tensor& metrics) {
  bind_statistics(network, statistics);
  set_arithmetic(network);
  write_effective(weights, mask, tensors_of(network, &Layer::effective));
  const int64_t count = dataset.count, capacity = std::min(batch_size, count);
  if (!network.evaluation || network.evaluation->capacity() < capacity) {
    const at::ScalarType own = network.arithmetic.options.dtype().toScalarType();
    const at::ScalarType type = has_kernels(network.device()) ? own : network.outer_dtype;
    const ActivationShape& input = network.input;
    network.evaluation = make_batch(capacity, input.channels, input.height, input.width, type, network.device());
  }
  mb_batch& batch = *network.evaluation;
  for (int64_t start = 0; start < count; start += capacity) {
    batch.count = std::min(capacity, count - start);
    const cuda::Number first{static_cast<double>(start)};
    gather_batch(dataset, {}, first, batch.count, {}, 0, batch.images, batch.labels);
    add_loss(pass_forward(network, batch.pictures(), false), batch.truth(), 0, metrics, nullptr,
             network.loss_workspaces[batch.count]);
  }
}

}  // namespace mb
