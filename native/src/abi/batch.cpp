// Batches of pictures and labels, as the caller has them.
#include "batch.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "../runtime/step.hpp"

using namespace mb;

namespace mb {

std::unique_ptr<mb_batch> make_batch(int64_t capacity, int64_t channels, int64_t height, int64_t width,
                                     at::ScalarType dtype, at::Device device) {
  auto batch = std::make_unique<mb_batch>();
  batch->images = at::empty({capacity, channels, height, width}, at::TensorOptions().dtype(dtype).device(device),
                            at::MemoryFormat::ChannelsLast);
  batch->labels = at::zeros({capacity}, at::TensorOptions().dtype(at::kLong).device(device));
  return batch;
}

}  // namespace mb

int32_t mb_batch_create(int64_t capacity, int64_t channels, int64_t height, int64_t width, int32_t dtype,
                        int32_t device, mb_batch** out) {
  return guard("mb_batch_create", [&] {
    require_out(out);
    require(capacity >= 1 && capacity <= (1 << 24), "capacity: ", capacity, ", expected 1 to 16777216");
    require_shape(channels, height, width);
    require_countable({capacity, channels, height, width}, "capacity, channels, height, width");
    const at::Device where = device_of(device);
    const bool low = dtype == MB_BFLOAT16;
    if (low && !by_kernels(where)) throw Failure(MB_UNSUPPORTED, "dtype: bfloat16, which batches have on CUDA only");
    *out = adopt(make_batch(capacity, channels, height, width, low ? at::kBFloat16 : floating_of(dtype), where));
  });
}

int32_t mb_batch_free(mb_batch* batch) {
  return guard("mb_batch_free", [&] { release(batch, "batch"); });
}

int32_t mb_batch_upload(mb_batch* batch, const void* images, const int32_t* labels, int64_t count) {
  return guard("mb_batch_upload", [&] {
    mb_batch& to = object(batch, "batch");
    require(count >= 1 && count <= to.images.size(0), "count: ", count, ", expected 1 to ", to.images.size(0));
    require(images && labels, "images, labels: null, expected arrays");
    int32_t most = 0;
    for (int64_t i = 0; i < count; ++i) {
      require(labels[i] >= 0, "labels: ", labels[i], " at ", i, ", expected at least 0");
      most = std::max(most, labels[i]);
    }
    const auto shape = to.images.sizes();
    const bool low = to.images.scalar_type() == at::kBFloat16;
    const auto options = at::TensorOptions().dtype(low ? at::kFloat : to.images.scalar_type());
    to.images.narrow(0, 0, count).copy_(
        at::from_blob(const_cast<void*>(images), {count, shape[1], shape[2], shape[3]}, options));
    to.labels.narrow(0, 0, count).copy_(at::from_blob(const_cast<int32_t*>(labels), {count}, at::kInt));
    to.count = count;
    to.classes = int64_t{most} + 1;
  });
}
