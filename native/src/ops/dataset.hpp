// A data set: pictures as bytes on the device, or packed in a file, and how they are normalised when they are gathered.
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
  int64_t count, channels, height, width;  // pictures as they are fed: the middle of what a pack holds
  int64_t classes;
  at::Device device = at::kCPU;  // of the batches
  std::vector<float> scale, shift;  // a pixel is fed as scale[c] · byte + shift[c]
  at::Tensor normalisation;         // scale, then shift, on the device: where kernels read them

  // Where orders and crops of its pictures must be.
  at::Device home() const { return labels.device(); }
  // The height and width of a picture as it is stored.
  std::pair<int64_t, int64_t> size_of(int64_t picture) const {
    if (!pack) return {height, width};
    const mb::StoredPicture stored = pack->at(picture);
    return {stored.height, stored.width};
  }
  // A picture on the host.
  mb::StoredPicture at(int64_t picture) const {
    if (pack) return pack->at(picture);
    return {images.data_ptr<uint8_t>() + picture * height * width * channels, height, width};
  }
};

namespace mb {

// What the caller says of a data set, besides its pictures.
struct DatasetDescription {
  const int32_t* labels;
  int64_t count, channels, height, width, classes;
  const double *mean, *deviation;
};

// A data set without its pictures. Throws a Failure where the description is wrong.
std::unique_ptr<mb_dataset> make_dataset(const DatasetDescription& description, at::Device device);

// Gives it pictures (count, channels, height, width), which are copied to its device.
void set_images(mb_dataset& dataset, const uint8_t* images);

// Gives it pictures in a file; `index` has an offset, a height and a width for each. Throws a Failure where they don't fit.
void open_pack(mb_dataset& dataset, const char* path, int64_t bytes, const int64_t* index);

}  // namespace mb
