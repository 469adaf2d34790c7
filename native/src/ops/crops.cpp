#include "crops.hpp"

#include <ATen/core/DistributionsHelper.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace mb {

namespace {

constexpr float min_area = 0.08f, max_area = 1;
constexpr double min_ratio = 3.0 / 4, max_ratio = 4.0 / 3;
constexpr int tries = 10;

float draw_uniform(at::CPUGeneratorImpl& generator, float low, float high) {
  return at::uniform_real_distribution<float>(low, high)(&generator);
}

int64_t round_to_integer(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

// Draws from [0, high).
int64_t draw_integer(at::CPUGeneratorImpl& generator, int64_t high) {
  return at::uniform_int_from_to_distribution<int64_t>(static_cast<uint64_t>(high), 0)(&generator);
}

// Between which two pixels of a line a point lies, and how far along.
template <typename Real>
struct Interpolation {
  int64_t before, after;
  Real share;
};
// That of each of `count` points, which are evenly spread on a line of `length` pixels.
template <typename Real>
Interpolation<Real> interpolation_of(int64_t point, int64_t count, int64_t length) {
  const double position = std::max(0.0, (point + 0.5) * length / count - 0.5);
  const int64_t before = std::min(static_cast<int64_t>(position), length - 1);
  return {before, std::min(before + 1, length - 1), static_cast<Real>(position - before)};
}

}  // namespace

Crop draw_crop(at::CPUGeneratorImpl& generator, int64_t height, int64_t width) {
  const auto draw_flip = [&] { return draw_uniform(generator, 0, 1) < 0.5f; };
  const float narrowest = std::log(static_cast<float>(min_ratio)), widest = std::log(static_cast<float>(max_ratio));
  const double area = static_cast<double>(height * width);
  for (int i = 0; i < tries; ++i) {
    const double part = area * draw_uniform(generator, min_area, max_area);
    const double ratio = std::exp(draw_uniform(generator, narrowest, widest));
    const int64_t wide = round_to_integer(std::sqrt(part * ratio)), high = round_to_integer(std::sqrt(part / ratio));
    if (wide < 1 || wide > width || high < 1 || high > height) continue;
    const int64_t top = draw_integer(generator, height - high + 1), left = draw_integer(generator, width - wide + 1);
    return {top, left, high, wide, draw_flip()};
  }
  // No try fitted: the middle is taken, as large as the ratios allow.
  const double ratio = static_cast<double>(width) / height;
  const int64_t wide = ratio > max_ratio ? round_to_integer(height * max_ratio) : width;
  const int64_t high = ratio < min_ratio ? round_to_integer(width / min_ratio) : height;
  return {(height - high) / 2, (width - wide) / 2, high, wide, draw_flip()};
}

template <typename Real>
void resize_crop(const StoredPicture& picture, const Crop& crop, int64_t channels, const Real* scale, const Real* shift,
                 Real* to, int64_t height, int64_t width) {
  const int64_t length = crop.width * channels;
  std::vector<Real> line(length);  // interpolated between two rows of the crop
  std::vector<Interpolation<Real>> columns(width);
  for (int64_t x = 0; x < width; ++x) {
    columns[x] = interpolation_of<Real>(crop.flip ? width - 1 - x : x, width, crop.width);
  }
  for (int64_t y = 0; y < height; ++y) {
    const auto [upper, lower, down] = interpolation_of<Real>(y, height, crop.height);
    const auto row = [&](int64_t which) {
      return picture.pixels + ((crop.top + which) * picture.width + crop.left) * channels;
    };
    const uint8_t *const above = row(upper), *const below = row(lower);
    for (int64_t i = 0; i < length; ++i) {
      const Real from = above[i];
      line[i] = from + (below[i] - from) * down;
    }
    Real* target = to + y * width * channels;
    for (const auto& [before, after, share] : columns) {
      const Real *const left = line.data() + before * channels, *const right = line.data() + after * channels;
      for (int64_t c = 0; c < channels; ++c) {
        *target++ = (left[c] + (right[c] - left[c]) * share) * scale[c] + shift[c];
      }
    }
  }
}

template void resize_crop(const StoredPicture&, const Crop&, int64_t, const float*, const float*, float*, int64_t, int64_t);
template void resize_crop(const StoredPicture&, const Crop&, int64_t, const double*, const double*, double*, int64_t, int64_t);

}  // namespace mb
