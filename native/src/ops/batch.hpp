// A batch of pictures and labels.
#pragma once

#include "../runtime/handles.hpp"

struct mb_batch {
  static constexpr const char* family = "batch";
  at::Tensor images;  // (capacity, channels, height, width), channels last in memory
  at::Tensor labels;  // int64, length capacity
  int64_t count = 0, classes = 0;

  int64_t capacity() const { return images.size(0); }
  at::Tensor pictures() const { return images.narrow(0, 0, count); }
  at::Tensor truth() const { return labels.narrow(0, 0, count); }
};

namespace mb {

std::unique_ptr<mb_batch> make_batch(int64_t capacity, int64_t channels, int64_t height, int64_t width,
                                     at::ScalarType dtype, at::Device device);

// Fills it with `count` pictures of the caller's, of its type, or float32 where it is bfloat16; labels are below `classes`.
void fill_batch(mb_batch& batch, const void* images, const int32_t* labels, int64_t count, int64_t classes);

// Writes its first `count` pictures and labels to the caller's arrays, which are as for filling it.
void read_batch(const mb_batch& batch, void* images, int32_t* labels, int64_t count);

}  // namespace mb
