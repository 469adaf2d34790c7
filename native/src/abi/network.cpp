// Networks: made, and passed through forwards and backwards.
#include "../ops/network.hpp"

#include "../ops/verify.hpp"
#include "../runtime/instructions.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {

// What a network of that dtype computes with on that device.
Arithmetic arithmetic_of(int32_t dtype, const at::Device& device) {
  const bool low = dtype == MB_BFLOAT16, tensor_float = dtype == MB_TENSOR_FLOAT32;
  const bool able = device.is_cpu() ? low && has_bfloat16() : cuda::has_low_precision();
  if ((low || tensor_float) && !able) {
    throw Failure(MB_UNSUPPORTED, std::string("dtype: ") + (low ? "bfloat16" : "tf32") +
                                      ", but this processor has no instructions for it, or oneDNN may not use them");
  }
  at::ScalarType type = low ? at::kBFloat16 : at::kFloat;
  if (!low && !tensor_float) type = floating_dtype_of(dtype);
  return {at::TensorOptions().dtype(type).device(device), tensor_float};
}

// A vector of the network's: weights, mask, gradient or statistics.
void require_flat(const at::Tensor& tensor, const char* argument, const mb_network& network, int64_t length) {
  require(tensor.numel() == length, argument, ": length ", tensor.numel(), ", expected ", length, " like the network");
  require_dtype(tensor, argument, network.outer_dtype);
  require(tensor.device() == network.device(), argument, ": expected the network's device");
}

const at::Tensor& flat_of(const mb_vector* handle, const char* argument, const mb_network& network) {
  const at::Tensor& tensor = vector_of(handle, argument);
  require_flat(tensor, argument, network, network.size);
  return tensor;
}

// Undefined for null.
at::Tensor mask_of(const mb_vector* handle, const mb_network& network) {
  return handle ? flat_of(handle, "mask", network) : at::Tensor();
}

// Undefined where the network has none.
at::Tensor statistics_of(const mb_vector* handle, const mb_network& network) {
  if (network.statistics == 0) {
    require(handle == nullptr, "statistics: a vector, expected null: the network has no normalisation");
    return {};
  }
  const at::Tensor& tensor = vector_of(handle, "statistics");
  require_flat(tensor, "statistics", network, network.statistics);
  return tensor;
}

at::Tensor& metrics_for_writing(mb_vector* handle, const mb_network& network) {
  at::Tensor& tensor = vector_for_writing(handle, "metrics");
  require_dtype(tensor, "metrics", at::kDouble);
  require(tensor.numel() == 2, "metrics: length ", tensor.numel(), ", expected 2");
  require(tensor.device() == network.device(), "metrics: expected the network's device");
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
  const mb_batch& batch = object_of(handle, "batch");
  require(batch.count > 0, "batch: empty, expected pictures");
  const auto shape = batch.images.sizes();
  require_fits(shape[1], shape[2], shape[3], batch.classes, network, "batch");
  const bool same = batch.images.scalar_type() == network.arithmetic.options.dtype();
  if (!same) require_dtype(batch.images, "batch", network.outer_dtype);
  require(batch.images.device() == network.device(), "batch: expected the network's device");
  return batch;
}

}  // namespace

int32_t mb_network_create(const mb_layer* layers, int64_t count, int64_t channels, int64_t height, int64_t width,
                          int32_t dtype, int32_t device, mb_network** out) {
  return guard("mb_network_create", [&] {
    require_out(out);
    require(layers != nullptr && count >= 1 && count <= 4096, "layers: null or ", count, " of them, expected 1 to 4096");
    require_shape(channels, height, width);
    const Arithmetic arithmetic = arithmetic_of(dtype, device_of(device));
    const at::ScalarType own = arithmetic.options.dtype().toScalarType();
    const at::ScalarType outer = own == at::kBFloat16 ? at::kFloat : own;
    *out = adopt(make_network(layers, count, {channels, height, width, false}, arithmetic, outer));
  });
}

int32_t mb_network_free(mb_network* network) {
  return guard("mb_network_free", [&] { release(network, "network"); });
}

int32_t mb_network_size(const mb_network* network, int64_t* weights, int64_t* statistics) {
  return guard("mb_network_size", [&] {
    require(weights != nullptr, "weights: null, expected an address for the number");
    require(statistics != nullptr, "statistics: null, expected an address for the number");
    const mb_network& net = object_of(network, "network");
    *weights = net.size;
    *statistics = net.statistics;
  });
}

int32_t mb_network_verify(mb_network* network, int64_t pictures, double* deviations, int64_t capacity, int64_t* count) {
  return guard("mb_network_verify", [&] {
    mb_network& net = object_of(network, "network");
    require(pictures >= 1 && pictures <= 65536, "pictures: ", pictures, ", expected 1 to 65536");
    require(deviations != nullptr, "deviations: null, expected an array for the numbers");
    require(count != nullptr, "count: null, expected an address for the number");
    const auto nodes = static_cast<int64_t>(net.graph.size());
    require(capacity >= nodes, "capacity: ", capacity, ", expected at least ", nodes);
    *count = verify_network(net, pictures, deviations);
  });
}

int32_t mb_network_gradient(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                            mb_vector* statistics, const mb_batch* batch, double smoothing, int32_t of,
                            mb_vector* gradient, mb_vector* metrics) {
  return guard_within_step("mb_network_gradient", [&] {
    mb_network& net = object_of(network, "network");
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
    const at::Tensor m = mask_of(mask, net);
    flat_of(gradient, "gradient", net);
    at::Tensor& to = vector_for_writing(gradient, "gradient");
    at::Tensor& sums = metrics_for_writing(metrics, net);
    at::Tensor running = statistics_of(statistics, net);
    if (statistics) running = vector_for_writing(statistics, "statistics");
    const at::Tensor pictures = from.pictures(), truth = from.truth();
    carry_out("mb_network_gradient", compute_gradient, Object{network, net}, Input{w}, Input{m}, Input{pictures},
              Input{truth}, Constant{smoothing}, Constant{static_cast<mb_gradient_of>(of)}, Output{running}, Output{to},
              Output{sums});
  });
}

int32_t mb_network_forward(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                           const mb_vector* statistics, const mb_batch* batch, mb_vector* logits) {
  return guard("mb_network_forward", [&] {
    mb_network& net = object_of(network, "network");
    const mb_batch& from = batch_of(batch, net);
    at::Tensor& to = vector_for_writing(logits, "logits");
    require_dtype(to, "logits", net.outer_dtype);
    require(to.numel() >= from.count * net.classes, "logits: length ", to.numel(), ", expected at least ",
            from.count * net.classes);
    require(to.device() == net.device(), "logits: expected the network's device");
    require(logits != weights && logits != mask && logits != statistics,
            "logits: the same vector as weights, mask or statistics");
    const at::Tensor running = statistics_of(statistics, net);
    const at::Tensor& w = flat_of(weights, "weights", net);
    compute_logits(net, w, mask_of(mask, net), running, from.pictures(), to);
  });
}

int32_t mb_network_evaluate(mb_network* network, const mb_vector* weights, const mb_vector* mask,
                            const mb_vector* statistics, const mb_dataset* dataset, int64_t batch_size, mb_vector* metrics) {
  return guard("mb_network_evaluate", [&] {
    mb_network& net = object_of(network, "network");
    const mb_dataset& from = object_of(dataset, "dataset");
    require(batch_size >= 1 && batch_size <= (1 << 24), "batch_size: ", batch_size, ", expected 1 to 16777216");
    require_fits(from.channels, from.height, from.width, from.classes, net, "dataset");
    require(from.device == net.device(), "dataset: expected the network's device");
    at::Tensor& sums = metrics_for_writing(metrics, net);
    require(metrics != weights && metrics != mask && metrics != statistics,
            "metrics: the same vector as weights, mask or statistics");
    const at::Tensor running = statistics_of(statistics, net);
    const at::Tensor& w = flat_of(weights, "weights", net);
    evaluate_network(net, w, mask_of(mask, net), running, from, batch_size, sums);
  });
}
