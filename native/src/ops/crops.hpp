// Random resized crops: which part of a picture is fed, and how it becomes a picture of the size that is fed.
#pragma once

#include <ATen/CPUGeneratorImpl.h>

#include "../runtime/pack.hpp"

namespace mb {

struct Crop {
  int64_t top, left, height, width;
  bool flip;
};

// Draws a part of 8 to 100% of the picture's area, with a ratio from 3:4 to 4:3, and whether it is flipped. The draws are
// those of torchvision's RandomResizedCrop and RandomHorizontalFlip from a generator in the same state.
Crop draw_crop(at::CPUGeneratorImpl& generator, int64_t height, int64_t width);

// Writes the crop as (height, width, channels), a value v as scale[c] · v + shift[c]. It is bilinear between pixels' centres,
// which lie at half-pixels, without antialiasing, as torch.nn.functional.interpolate(mode="bilinear", align_corners=False) is.
template <typename Real>
void resize_crop(const StoredPicture& picture, const Crop& crop, int64_t channels, const Real* scale, const Real* shift,
                 Real* to, int64_t height, int64_t width);

}  // namespace mb
