#include "batch.hpp"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

namespace mb {

std::unique_ptr<mb_batch> make_batch(int64_t capacity, int64_t channels, int64_t height, int64_t width,
                                     at::ScalarType dtype, at::Device device) {
  auto batch = std::make_unique<mb_batch>();
  batch->images = at::empty({capacity, channels, height, width}, at::TensorOptions().dtype(dtype).device(device),
                            at::MemoryFormat::ChannelsLast);
  batch->labels = at::zeros({capacity}, at::TensorOptions().dtype(at::kLong).device(device));
  return batch;
}

namespace {

// The caller's array of `count` pictures, as a tensor.
at::Tensor pictures_at(void* images, const mb_batch& batch, int64_t count) {
  const auto shape = batch.images.sizes();
  const at::ScalarType own = batch.images.scalar_type();
  const auto options = at::TensorOptions().dtype(own == at::kBFloat16 ? at::kFloat : own);
  return at::from_blob(images, {count, shape[1], shape[2], shape[3]}, options);
}

}  // namespace

void fill_batch(mb_batch& batch, const void* images, const int32_t* labels, int64_t count, int64_t classes) {
  batch.images.narrow(0, 0, count).copy_(pictures_at(const_cast<void*>(images), batch, count));
  batch.labels.narrow(0, 0, count).copy_(at::from_blob(const_cast<int32_t*>(labels), {count}, at::kInt));
  batch.count = count;
  batch.classes = classes;
}

void read_batch(const mb_batch& batch, void* images, int32_t* labels, int64_t count) {
  pictures_at(images, batch, count).copy_(batch.images.narrow(0, 0, count));
  at::from_blob(labels, {count}, at::kInt).copy_(batch.labels.narrow(0, 0, count));
}

}  // namespace mb
