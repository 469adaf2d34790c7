// Batches out of a data set: bytes gathered, cropped, flipped, normalised and converted in one go.
#pragma once

#include "batch.hpp"
#include "crops.hpp"
#include "dataset.hpp"

namespace mb {

// Writes the pictures at order[start, start + count), or at start, start + 1, … where `order` is undefined, into the first
// `count` of `images` and `labels`, shifted and flipped as mb_batch_gather says, where `augmentation` is defined.
void gather_batch(const mb_dataset& dataset, const at::Tensor& order, cuda::Number start, int64_t count,
                  const at::Tensor& augmentation, int64_t padding, at::Tensor& images, at::Tensor& labels);

// The parts of the crops of an order: top, left, height, width, flip.
constexpr int64_t crop_parts = 5;

// The crops of an order of `length` pictures, (crop_parts, length) int32.
class CropList {
 public:
  CropList(int32_t* parts, int64_t length) : parts_(parts), length_(length) {}
  Crop at(int64_t index) const {
    return {part(0, index), part(1, index), part(2, index), part(3, index), part(4, index) != 0};
  }
  void set(int64_t index, const Crop& crop) {
    const int64_t all[crop_parts] = {crop.top, crop.left, crop.height, crop.width, crop.flip};
    for (int64_t which = 0; which < crop_parts; ++which) part(which, index) = static_cast<int32_t>(all[which]);
  }

 private:
  int32_t& part(int64_t which, int64_t index) const { return parts_[which * length_ + index]; }

  int32_t* const parts_;
  const int64_t length_;
};

// Draws a crop for each picture of an order.
void draw_crops(at::Generator& generator, const mb_dataset& dataset, const at::Tensor& order, CropList crops);

// Gathers pictures that are on the host, each as its crop, resized to what is fed.
void gather_crops(const mb_dataset& dataset, const at::Tensor& order, int64_t start, int64_t count, CropList crops,
                  at::Tensor& images, at::Tensor& labels);

}  // namespace mb
