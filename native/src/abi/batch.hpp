// The batch as the other native files see it.
#pragma once

#include "dataset.hpp"

struct mb_batch {
  static constexpr const char* family = "batch";
  at::Tensor images;  // (capacity, channels, height, width), channels last in memory
  at::Tensor labels;  // int64, length capacity
  int64_t count = 0, classes = 0;

  at::Tensor pictures() const { return images.narrow(0, 0, count); }
  at::Tensor truth() const { return labels.narrow(0, 0, count); }
};

namespace mb {
std::unique_ptr<mb_batch> make_batch(int64_t capacity, int64_t channels, int64_t height, int64_t width,
                                     at::ScalarType dtype, at::Device device);
// Fills `batch` with the images at order[start, start + count), or start, start + 1, … where order is null.
void gather(mb_batch& batch, const mb_dataset& dataset, const at::Tensor* order, int64_t start, int64_t count,
            const at::Tensor* augmentation, int64_t padding);
}  // namespace mb
