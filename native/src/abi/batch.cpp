// Batches of pictures and labels: uploaded, or gathered out of a data set.
#include "../ops/gather.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

#include <algorithm>

using namespace mb;

namespace {

// What an order of a data set's pictures must be, from `start` on `count` of it.
void require_order(const at::Tensor& order, int64_t start, int64_t count, const mb_dataset& dataset) {
  const int64_t* const pictures = order.data_ptr<int64_t>();
  for (int64_t i = start; i < start + count; ++i) {
    require(pictures[i] >= 0 && pictures[i] < dataset.count, "order: ", pictures[i], " at ", i, ", expected 0 to ",
            dataset.count - 1);
  }
}

// What every gather needs of a batch, and of a range of an order.
void require_gather(const mb_batch& to, const mb_dataset& from, const at::Tensor& order, int64_t start, int64_t count) {
  require_dtype(order, "order", at::kLong);
  require(count >= 1 && count <= to.capacity(), "count: ", count, ", expected 1 to ", to.capacity());
  const int64_t length = order.numel();
  require(start >= 0 && start <= length && count <= length - start, "start: ", start, ", expected ", count,
          " indices within ", length);
  require(from.channels == to.images.size(1) && from.height == to.images.size(2) && from.width == to.images.size(3),
          "dataset: pictures of another shape than the batch's");
  require(from.device == to.images.device(), "dataset: expected the batch's device");
  require(order.device() == from.home(), "order: expected it where the data set's pictures are");
  // Looking would wait for the device: what is out of range becomes NaN there.
  if (order.is_cpu()) require_order(order, start, count, from);
}

// The crops of an order.
CropList crops_of(const at::Tensor& crops, const at::Tensor& order) {
  require_dtype(crops, "crops", at::kInt);
  require(crops.numel() == crop_parts * order.numel(), "crops: length ", crops.numel(), ", expected ",
          crop_parts * order.numel());
  require(crops.is_cpu(), "crops: expected them on the CPU");
  return {crops.data_ptr<int32_t>(), order.numel()};
}

void require_within(const Crop& crop, int64_t height, int64_t width, int64_t index) {
  require(crop.top >= 0 && crop.left >= 0 && crop.height >= 1 && crop.width >= 1 &&
              crop.height <= height - crop.top && crop.width <= width - crop.left,
          "crops: ", crop.height, " × ", crop.width, " from ", crop.top, ", ", crop.left, " at ", index,
          ", expected it within ", height, " × ", width);
}

}  // namespace

int32_t mb_batch_create(int64_t capacity, int64_t channels, int64_t height, int64_t width, int32_t dtype,
                        int32_t device, mb_batch** out) {
  return guard("mb_batch_create", [&] {
    require_out(out);
    require(capacity >= 1 && capacity <= (1 << 24), "capacity: ", capacity, ", expected 1 to 16777216");
    require_shape(channels, height, width);
    require_countable({capacity, channels, height, width}, "capacity, channels, height, width");
    const at::Device home = device_of(device);
    const bool low = dtype == MB_BFLOAT16;
    if (low && !has_kernels(home)) throw Failure(MB_UNSUPPORTED, "dtype: bfloat16, which batches have on CUDA only");
    const at::ScalarType type = low ? at::kBFloat16 : floating_dtype_of(dtype);
    *out = adopt(make_batch(capacity, channels, height, width, type, home));
  });
}

int32_t mb_batch_free(mb_batch* batch) {
  return guard("mb_batch_free", [&] { release(batch, "batch"); });
}

int32_t mb_batch_upload(mb_batch* batch, const void* images, const int32_t* labels, int64_t count) {
  return guard("mb_batch_upload", [&] {
    mb_batch& to = object_of(batch, "batch");
    require(count >= 1 && count <= to.capacity(), "count: ", count, ", expected 1 to ", to.capacity());
    require(images && labels, "images, labels: null, expected arrays");
    int32_t largest = 0;
    for (int64_t i = 0; i < count; ++i) {
      require(labels[i] >= 0, "labels: ", labels[i], " at ", i, ", expected at least 0");
      largest = std::max(largest, labels[i]);
    }
    fill_batch(to, images, labels, count, int64_t{largest} + 1);
  });
}

int32_t mb_batch_download(const mb_batch* batch, void* images, int32_t* labels, int64_t count) {
  return guard("mb_batch_download", [&] {
    const mb_batch& from = object_of(batch, "batch");
    require(count >= 1 && count <= from.count, "count: ", count, ", expected 1 to ", from.count, ", which are in the batch");
    require(images && labels, "images, labels: null, expected arrays");
    read_batch(from, images, labels, count);
  });
}

int32_t mb_batch_gather(mb_batch* batch, const mb_dataset* dataset, const mb_vector* order, int64_t start,
                        int64_t count, const mb_vector* augmentation, int64_t padding) {
  return guard_within_step("mb_batch_gather", [&] {
    mb_batch& to = object_of(batch, "batch");
    const mb_dataset& from = object_of(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_gather(to, from, rows, start, count);
    at::Tensor shifts;
    if (augmentation) {
      shifts = vector_of(augmentation, "augmentation");
      require_dtype(shifts, "augmentation", at::kByte);
      require(shifts.numel() == 3 * rows.numel(), "augmentation: length ", shifts.numel(), ", expected ",
              3 * rows.numel());
      require(shifts.device() == rows.device(), "augmentation: expected the order's device");
      require(padding >= 0 && padding <= 127, "padding: ", padding, ", expected 0 to 127");
    }
    if (from.pack) require_no_recorded_step();
    const PartTimer timer(MB_GATHER, rows.device());
    to.count = count;
    to.classes = from.classes;
    carry_out("mb_batch_gather", gather_batch, Object{dataset, from}, Input{rows},
              Variable{static_cast<double>(start)}, Constant{count}, Input{shifts}, Constant{padding},
              Output{to.images}, Output{to.labels});
  });
}

int32_t mb_generator_crops(mb_generator* generator, const mb_dataset* dataset, const mb_vector* order,
                           mb_vector* crops) {
  return guard("mb_generator_crops", [&] {
    at::Generator& draws = object_of(generator, "generator").generator;
    const mb_dataset& pictures = object_of(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_dtype(rows, "order", at::kLong);
    require(rows.is_cpu(), "order: expected it on the CPU");
    const CropList to = crops_of(vector_for_writing(crops, "crops"), rows);
    require_order(rows, 0, rows.numel(), pictures);
    draw_crops(draws, pictures, rows, to);
  });
}

int32_t mb_batch_gather_crops(mb_batch* batch, const mb_dataset* dataset, const mb_vector* order, int64_t start,
                              int64_t count, const mb_vector* crops) {
  return guard_within_step("mb_batch_gather_crops", [&] {
    mb_batch& to = object_of(batch, "batch");
    const mb_dataset& from = object_of(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_gather(to, from, rows, start, count);
    if (!from.home().is_cpu()) throw Failure(MB_UNSUPPORTED, "dataset: on CUDA, expected a packed one");
    const CropList parts = crops_of(vector_of(crops, "crops"), rows);
    const int64_t* const pictures = rows.data_ptr<int64_t>();
    for (int64_t index = start; index < start + count; ++index) {
      const auto [height, width] = from.size_of(pictures[index]);
      require_within(parts.at(index), height, width, index);
    }
    require_no_recorded_step();
    const PartTimer timer(MB_GATHER, rows.device());
    to.count = count;
    to.classes = from.classes;
    gather_crops(from, rows, start, count, parts, to.images, to.labels);
  });
}
