// Networks: the masked forward and backward pass, written out layer by layer instead of recorded.
#include <ATen/Context.h>

#include <map>
#include <set>

#include "../ops/layers.hpp"
#include "../ops/loss.hpp"
#include "../ops/verify.hpp"
#include "../runtime/instructions.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"
#include "batch.hpp"

struct mb_network {
  static constexpr const char* family = "network";
  std::vector<mb::Node> graph;
  std::vector<std::unique_ptr<mb::Layer>> layers;  // of its nodes
  mb::ActivationShape input{};
  std::vector<mb::ActivationShape> shapes;  // of the nodes' outputs
  std::vector<bool> learns;  // whether there are weights in a node or before it
  int64_t size = 0, statistics = 0, classes = 0;
  mb::Arithmetic by;
  at::ScalarType outside;  // of vectors and batches: the same, but float32 where it computes in bfloat16
  std::unique_ptr<mb_batch> evaluation;  // room for evaluation's batches
  std::map<int64_t, at::Tensor> loss_rooms;  // by pictures; never replaced, as a recorded step knows where its own is

  const mb::ActivationShape& shape_at(int64_t place) const { return place < 0 ? input : shapes[place]; }
  // Whether the gradient of what is given at a place is needed.
  bool wants(int64_t place) const { return place >= 0 && learns[place]; }
  // Whether the gradient of what a node reads is needed.
  bool wants_input_of(const mb::Node& node) const {
    return wants(node.from) || (node.layer.kind == MB_ADD && wants(node.other));
  }
};

using namespace mb;

namespace {

const at::Tensor& flat_of(const mb_vector* handle, const char* argument, const mb_network& network, int64_t length) {
  const at::Tensor& tensor = vector_of(handle, argument);
  require(tensor.numel() == length, argument, ": length ", tensor.numel(), ", expected ", length, " like the network");
  require_dtype(tensor, argument, network.outside);
  require(tensor.device() == network.by.options.device(), argument, ": expected the network's device");
  return tensor;
}

const at::Tensor& flat_of(const mb_vector* handle, const char* argument, const mb_network& network) {
  return flat_of(handle, argument, network, network.size);
}

// One that is written: what is known of its values holds no more.
at::Tensor& flat_of(mb_vector* handle, const char* argument, const mb_network& network) {
  flat_of(static_cast<const mb_vector*>(handle), argument, network);
  return vector_of(handle, argument);
}

// Hands every normalisation its part. Gives them whole; undefined where there are none.
at::Tensor take_statistics(const mb_network& network, const mb_vector* statistics) {
  if (network.statistics == 0) {
    require(statistics == nullptr, "statistics: a vector, expected null: the network has no normalisation");
    return {};
  }
  const at::Tensor& all = flat_of(statistics, "statistics", network, network.statistics);
  for (const auto& layer : network.layers) {
    if (layer->statistics_length == 0) continue;
    layer->statistics = all.narrow(0, layer->statistics_offset, layer->statistics_length);
  }
  return all;
}

at::Tensor& metrics_of(mb_vector* handle, const mb_network& network) {
  at::Tensor& tensor = vector_of(handle, "metrics");
  require_dtype(tensor, "metrics", at::kDouble);
  require(tensor.numel() == 2, "metrics: length ", tensor.numel(), ", expected 2");
  require(tensor.device() == network.by.options.device(), "metrics: expected the network's device");
  return tensor;
}

void require_fits(int64_t channels, int64_t height, int64_t width, int64_t classes, const mb_network& network,
                  const char* argument) {
  require(channels == network.input.channels && height == network.input.height && width == network.input.width,
          argument, ": pictures ", channels, " × ", height, " × ", width, ", expected ", network.input.channels, " × ",
          network.input.height, " × ", network.input.width);
  require(classes <= network.classes, argument, ": labels up to ", classes - 1, ", expected below ",
          network.classes, ", the network's outputs");
}

const mb_batch& batch_of(const mb_batch* handle, const mb_network& network) {
  const mb_batch& batch = object(handle, "batch");
  require(batch.count > 0, "batch: empty, expected pictures");
  const auto shape = batch.images.sizes();
  require_fits(shape[1], shape[2], shape[3], batch.classes, network, "batch");
  if (batch.images.scalar_type() != network.by.options.dtype()) require_dtype(batch.images, "batch", network.outside);
  require(batch.images.device() == network.by.options.device(), "batch: expected the network's device");
  return batch;
}

// One of the layers' tensors each, for those that have weights.
std::vector<LayerTensor> tensors_of(const mb_network& network, at::Tensor Layer::* which) {
  std::vector<LayerTensor> found;
  for (const auto& layer : network.layers) {
    if (layer->effective.defined()) found.push_back({&layer->weight, (*layer).*which});
  }
  return found;
}

// `mask` null: the network whole.
void write_weights(mb_network& network, const mb_vector* weights, const mb_vector* mask) {
  const at::Tensor& w = flat_of(weights, "weights", network);
  const at::Tensor m = mask ? flat_of(mask, "mask", network) : at::Tensor();
  write_effective(w, m, tensors_of(network, &Layer::effective));
}

at::Tensor forward(mb_network& network, const at::Tensor& images, bool train) {
  const at::Tensor pictures = images.to(network.by.options.dtype());
  std::vector<at::Tensor> outputs(network.graph.size());
  const auto output = [&](int64_t place) { return place < 0 ? pictures : outputs[place]; };
  for (size_t place = 0; place < network.graph.size(); ++place) {
    const Node& node = network.graph[place];
    const bool adds = node.layer.kind == MB_ADD;
    outputs[place] =
        network.layers[place]->forward(output(node.from), adds ? output(node.other) : at::Tensor(), train);
    for (const int64_t read : {node.from, adds ? node.other : -1}) {
      if (read >= 0 && network.graph[read].last_reader == static_cast<int64_t>(place)) outputs[read] = at::Tensor();
    }
  }
  return outputs.back().to(network.outside);
}

// total + flow; in place where nobody else holds the total.
void add_flow(at::Tensor& total, at::Tensor flow) {
  if (!total.defined()) total = std::move(flow);
  else if (total.use_count() == 1) total.add_(flow);
  else total = total.add(flow);
}

// How libtorch computes on CUDA: the same way every time, and as precisely as the network asks. Its switches belong to the
// whole process; runs side by side are of one sweep, and so of one precision.
void settle(const mb_network& network) {
  if (!network.by.options.device().is_cuda()) return;
  at::Context& context = at::globalContext();
  context.setBenchmarkCuDNN(false);
  context.setDeterministicCuDNN(true);
  context.setAllowTF32CuDNN(network.by.tensor_float);
  context.setAllowTF32CuBLAS(network.by.tensor_float);
}

struct Forget {
  mb_network& network;
  ~Forget() {
    for (const auto& layer : network.layers) layer->forget();
  }
};

}  // namespace

int32_t mb_network_create(const mb_layer* layers, int64_t count, int64_t channels, int64_t height, int64_t width,
                          int32_t dtype, int32_t device, mb_network** out) {
  return guard("mb_network_create", [&] {
    require_out(out);
    require(layers != nullptr && count >= 1 && count <= 4096, "layers: null or ", count, " of them, expected 1 to 4096");
    require(channels >= 1 && channels <= 4096 && height >= 1 && height <= 65536 && width >= 1 && width <= 65536,
            "channels, height, width: ", channels, ", ", height, ", ", width, ", expected at least 1 and sane");
    auto network = std::make_unique<mb_network>();
    network->input = {channels, height, width, false};
    const at::Device where = device_of(device);
    const bool low = dtype == MB_BFLOAT16, tensor_float = dtype == MB_TENSOR_FLOAT32;
    const bool able = where.is_cpu() ? low && has_bfloat16() : cuda::low_precision();
    if ((low || tensor_float) && !able) {
      throw Failure(MB_UNSUPPORTED, std::string("dtype: ") + (low ? "bfloat16" : "tf32") +
                                        ", but this processor has no instructions for it, or oneDNN may not use them");
    }
    network->by.tensor_float = tensor_float;
    network->outside = low || tensor_float ? at::kFloat : floating_of(dtype);
    network->by.options = at::TensorOptions().dtype(low ? at::kBFloat16 : network->outside).device(where);
    network->graph = graph_of(layers, count);
    for (size_t place = 0; place < network->graph.size(); ++place) {
      const Node& node = network->graph[place];
      ActivationShape shape = network->shape_at(node.from);
      auto layer = make_layer(network->graph, static_cast<int64_t>(place), shape, network->shape_at(node.other), network->by);
      network->shapes.push_back(shape);
      layer->weight.offset = network->size;
      network->size += layer->weight.length();
      layer->statistics_offset = network->statistics;
      network->statistics += layer->statistics_length;
      network->learns.push_back(layer->effective.defined() || network->wants_input_of(node));
      network->layers.push_back(std::move(layer));
    }
    require(network->shapes.back().flat, "layers: the last one gives pictures, expected flatten before the end");
    require(network->size > 0, "layers: none has weights, expected a conv or linear one");
    network->classes = network->shapes.back().features();
    *out = adopt(std::move(network));
  });
}

int32_t mb_network_free(mb_network* network) {
  return guard("mb_network_free", [&] { release(network, "network"); });
}

int32_t mb_network_size(const mb_network* network, int64_t* weights, int64_t* statistics) {
  return guard("mb_network_size", [&] {
    require(weights != nullptr, "weights: null, expected a place for the number");
    require(statistics != nullptr, "statistics: null, expected a place for the number");
    const mb_network& net = object(network, "network");
    *weights = net.size;
    *statistics = net.statistics;
  });
}

int32_t mb_network_verify(mb_network* network, int64_t pictures, double* deviations, int64_t capacity, int64_t* count) {
  return guard("mb_network_verify", [&] {
    mb_network& net = object(network, "network");
    require(pictures >= 1 && pictures <= 65536, "pictures: ", pictures, ", expected 1 to 65536");
    require(deviations != nullptr, "deviations: null, expected places for the numbers");
    require(count != nullptr, "count: null, expected a place for the number");
    const auto nodes = static_cast<int64_t>(net.graph.size());
    require(capacity >= nodes, "capacity: ", capacity, ", expected at least ", nodes);
    settle(net);
    const Forget after{net};
    std::set<std::vector<int64_t>> tried;  // a layer like one before it computes as that one does
    *count = 0;
    for (int64_t at = 0; at < nodes; ++at) {
      const Node& node = net.graph[at];
      const mb_layer& s = node.layer;
      const ActivationShape input = net.shape_at(node.from);
      const bool wanted = net.wants_input_of(node);
      if (!tried.insert({s.kind, s.inputs, s.outputs, s.kernel, s.stride, s.padding, input.channels, input.height,
                         input.width, input.flat, node.rectified, net.learns[at], wanted}).second) {
        continue;
      }
      const Deviations found =
          deviations_from_loops(*net.layers[at], node, {input, pictures, net.learns[at], wanted}, net.by);
      double* const row = deviations + 4 * (*count)++;
      row[0] = static_cast<double>(node.place);
      row[1] = found.output;
      row[2] = found.input_gradient;
      row[3] = found.weight_gradient;
    }
  });
}

int32_t mb_network_gradient(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                            mb_vector* statistics, const mb_batch* batch, double smoothing, int32_t of,
                            mb_vector* gradient, mb_vector* metrics) {
  return guard_within_step("mb_network_gradient", [&] {
    mb_network& net = object(network, "network");
    const mb_batch& from = batch_of(batch, net);
    require(smoothing >= 0 && smoothing < 1, "smoothing: ", smoothing, ", expected at least 0 and less than 1");
    require(of == MB_OF_MASK || of == MB_OF_WEIGHTS, "of: ", of, ", expected 0 (mask) or 1 (weights)");
    require(of == MB_OF_WEIGHTS || mask, "mask: null, expected one to take the gradient of");
    require(gradient != weights && (gradient != mask || !mask), "gradient: the same vector as weights or mask");
    const at::Tensor& w = flat_of(weights, "weights", net);
    require(metrics != weights && metrics != mask && metrics != gradient,
            "metrics: the same vector as another argument");
    require(!statistics || (statistics != weights && statistics != mask && statistics != gradient && statistics != metrics),
            "statistics: the same vector as another argument");
    const at::Tensor m = mask ? flat_of(mask, "mask", net) : at::Tensor();
    at::Tensor& to = flat_of(gradient, "gradient", net);
    at::Tensor& sums = metrics_of(metrics, net);
    const at::Tensor running = take_statistics(net, statistics);
    if (statistics) vector_of(statistics, "statistics");  // written too
    const at::Device device = w.device();
    if (!carry_out("mb_network_gradient", {word(network), word(w), word(m), word(running), word(from.images), word(to),
                                           word(sums), word(smoothing), static_cast<uint64_t>(from.count),
                                           static_cast<uint64_t>(of)})) {
      return;
    }
    settle(net);
    const Forget after{net};
    {
      const Timed timed(MB_WEIGHTS, device);
      write_weights(net, weights, mask);
    }
    std::vector<at::Tensor> flows(net.graph.size());  // gradients of the outputs, as far as they are known
    {
      const Timed timed(MB_FORWARD, device);
      at::Tensor flow;
      add_loss(forward(net, from.pictures(), true), from.truth(), smoothing, sums, &flow,
               net.loss_rooms[from.count]);
      flows.back() = flow.to(net.by.options.dtype());
    }
    for (size_t at = net.graph.size(); at-- > 0;) {
      if (!net.learns[at]) continue;
      const Node& node = net.graph[at];
      Layer& layer = *net.layers[at];
      const bool adds = node.layer.kind == MB_ADD;
      {
        const Timed timed(MB_BACKWARD, device);
        at::Tensor flow = layer.backward(flows[at], net.wants_input_of(node));
        flows[at] = at::Tensor();
        if (adds && net.wants(node.other)) add_flow(flows[node.other], flow);
        if (net.wants(node.from)) add_flow(flows[node.from], std::move(flow));
      }
      // At once, so that the gradient's own memory is free for the layers before; the kernels take all of them at the end.
      if (!layer.effective.defined() || by_kernels(device)) continue;
      const Timed timed(MB_WEIGHTS, device);
      write_gradient(layer.weight_gradient, of == MB_OF_MASK ? w : m, layer.weight, to);
      layer.weight_gradient = at::Tensor();
    }
    if (!by_kernels(device)) return;
    const Timed timed(MB_WEIGHTS, device);
    write_gradient(tensors_of(net, &Layer::weight_gradient), of == MB_OF_MASK ? w : m, to);
    for (const auto& layer : net.layers) layer->weight_gradient = at::Tensor();
  });
}

int32_t mb_network_forward(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                           const mb_vector* statistics, const mb_batch* batch, mb_vector* logits) {
  return guard("mb_network_forward", [&] {
    mb_network& net = object(network, "network");
    const mb_batch& from = batch_of(batch, net);
    at::Tensor& to = vector_of(logits, "logits");
    require_dtype(to, "logits", net.outside);
    require(to.numel() >= from.count * net.classes, "logits: length ", to.numel(), ", expected at least ",
            from.count * net.classes);
    require(to.device() == net.by.options.device(), "logits: expected the network's device");
    require(logits != weights && logits != mask && logits != statistics,
            "logits: the same vector as weights, mask or statistics");
    take_statistics(net, statistics);
    settle(net);
    write_weights(net, weights, mask);
    to.narrow(0, 0, from.count * net.classes).copy_(forward(net, from.pictures(), false).reshape({-1}));
  });
}

int32_t mb_network_evaluate(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                            const mb_vector* statistics, const mb_dataset* dataset, int64_t batch_size, mb_vector* metrics) {
  return guard("mb_network_evaluate", [&] {
    mb_network& net = object(network, "network");
    const mb_dataset& from = object(dataset, "dataset");
    require(batch_size >= 1 && batch_size <= (1 << 24), "batch_size: ", batch_size, ", expected 1 to 16777216");
    require_fits(from.channels, from.height, from.width, from.classes, net, "dataset");
    require(from.device == net.by.options.device(), "dataset: expected the network's device");
    at::Tensor& sums = metrics_of(metrics, net);
    require(metrics != weights && metrics != mask && metrics != statistics,
            "metrics: the same vector as weights, mask or statistics");
    take_statistics(net, statistics);
    settle(net);
    write_weights(net, weights, mask);
    const int64_t count = from.count, capacity = std::min(batch_size, count);
    if (!net.evaluation || net.evaluation->images.size(0) < capacity) {
      const at::ScalarType type = by_kernels(net.by.options.device()) ? net.by.options.dtype().toScalarType() : net.outside;
      net.evaluation = make_batch(capacity, net.input.channels, net.input.height, net.input.width, type,
                                  net.by.options.device());
    }
    mb_batch& batch = *net.evaluation;
    for (int64_t start = 0; start < count; start += capacity) {
      gather(batch, from, nullptr, start, std::min(capacity, count - start), nullptr, 0);
      add_loss(forward(net, batch.pictures(), false), batch.truth(), 0, sums, nullptr, net.loss_rooms[batch.count]);
    }
  });
}
