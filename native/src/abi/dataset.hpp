// The data set as the other native files see it.
#pragma once

#include <utility>
#include <vector>

#include "../runtime/handles.hpp"
#include "../runtime/pack.hpp"

struct mb_dataset {
  static constexpr const char* family = "dataset";
  at::Tensor images;  // (count, height, width, channels) bytes: a picture's row is one run of memory
  std::unique_ptr<mb::Pack> pack;  // or this: mapped on the host, whatever the device of the batches
  at::Tensor labels;               // int64, where the pictures are
  int64_t count, channels, height, width;  // of pictures as they are fed: the middle of what a pack holds
  int64_t classes;
  at::Device device = at::kCPU;  // of the batches
  std::vector<float> scale, shift;  // a pixel is fed as scale[c] · byte + shift[c]
  at::Tensor normalisation;         // scale, then shift, on the device: where kernels read them

  // Where orders and crops of its pictures must be.
  at::Device home() const { return labels.device(); }
  // As it is stored: height and width.
  std::pair<int64_t, int64_t> size_of(int64_t picture) const {
    if (!pack) return {height, width};
    const mb::Stored stored = pack->at(picture);
    return {stored.height, stored.width};
  }
  // For pictures on the host.
  mb::Stored stored(int64_t picture) const {
    if (pack) return pack->at(picture);
    return {images.data_ptr<uint8_t>() + picture * height * width * channels, height, width};
  }
};

namespace mb {
void require_shape(int64_t channels, int64_t height, int64_t width);
}  // namespace mb
