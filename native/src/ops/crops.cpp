#include "crops.hpp"

#include <ATen/core/DistributionsHelper.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace mb {

namespace {

constexpr float least_area = 0.08f, most_area = 1;
constexpr double least_ratio = 3.0 / 4, most_ratio = 4.0 / 3;
constexpr int tries = 10;

float uniform(at::CPUGeneratorImpl& generator, float low, float high) {
  return at::uniform_real_distribution<float>(low, high)(&generator);
}

int64_t rounded(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

// In [0, high).
int64_t integer(at::CPUGeneratorImpl& generator, int64_t high) {
  return at::uniform_int_from_to_distribution<int64_t>(static_cast<uint64_t>(high), 0)(&generator);
}

// Where on a line of `length` pixels each of `count` evenly spread points lies: between two of them, and how far along.
template <typename Real>
struct Between {
  int64_t before, after;
  Real share;
};
template <typename Real>
Between<Real> between(int64_t point, int64_t count, int64_t length) {
  const double place = std::max(0.0, (point + 0.5) * length / count - 0.5);
  const int64_t before = std::min(static_cast<int64_t>(place), length - 1);
  return {before, std::min(before + 1, length - 1), static_cast<Real>(place - before)};
}

}  // namespace

Crop draw_crop(at::CPUGeneratorImpl& generator, int64_t height, int64_t width) {
  const auto flipped = [&] { return uniform(generator, 0, 1) < 0.5f; };
  const float narrowest = std::log(static_cast<float>(least_ratio)), widest = std::log(static_cast<float>(most_ratio));
  const double area = static_cast<double>(height * width);
  for (int i = 0; i < tries; ++i) {
    const double part = area * uniform(generator, least_area, most_area);
    const double ratio = std::exp(uniform(generator, narrowest, widest));
    const int64_t wide = rounded(std::sqrt(part * ratio)), high = rounded(std::sqrt(part / ratio));
    if (wide < 1 || wide > width || high < 1 || high > height) continue;
    const int64_t top = integer(generator, height - high + 1), left = integer(generator, width - wide + 1);
    return {top, left, high, wide, flipped()};
  }
  // The middle, as large as the ratios allow.
  const double ratio = static_cast<double>(width) / height;
  const int64_t wide = ratio > most_ratio ? rounded(height * most_ratio) : width;
  const int64_t high = ratio < least_ratio ? rounded(width / least_ratio) : height;
  return {(height - high) / 2, (width - wide) / 2, high, wide, flipped()};
}

template <typename Real>
void resize_crop(const Stored& picture, const Crop& crop, int64_t channels, const Real* scale, const Real* shift,
                 Real* to, int64_t height, int64_t width) {
  const int64_t length = crop.width * channels;
  std::vector<Real> line(length);  // of the crop's width, between two of its rows
  std::vector<Between<Real>> columns(width);
  for (int64_t x = 0; x < width; ++x) {
    columns[x] = between<Real>(crop.flip ? width - 1 - x : x, width, crop.width);
  }
  for (int64_t y = 0; y < height; ++y) {
    const auto [upper, lower, down] = between<Real>(y, height, crop.height);
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

template void resize_crop(const Stored&, const Crop&, int64_t, const float*, const float*, float*, int64_t, int64_t);
template void resize_crop(const Stored&, const Crop&, int64_t, const double*, const double*, double*, int64_t, int64_t);

}  // namespace mb
