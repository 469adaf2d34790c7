// Masks that are drawn: noise, and the relaxed draw, each in one pass.
#include <cmath>

#include "device.cuh"
#include "philox.hpp"

namespace mb::cuda {
namespace {

struct NoiseDraw {
  float* to;
  int64_t length;
  uint64_t key;
  Number draw;
  // One counter gives four entries.
  __device__ void operator()(int64_t i) const {
    const Words words = philox_of(static_cast<uint64_t>(i), static_cast<uint64_t>(value_of(draw)), key);
    for (int64_t n = 0; n < 4 && 4 * i + n < length; ++n) to[4 * i + n] = noise_of(words.at[n]);
  }
};

struct Relaxation {
  const float *probability, *noise;
  Number temperature;
  float margin;
  float *mask, *slope;
  __device__ void operator()(int64_t i) const {
    const float p = probability[i] + margin, not_p = 1 - probability[i] + margin, u = noise[i];
    const float by = static_cast<float>(value_of(temperature));
    const float x = logf(p * u / ((1 - u) * not_p)) / by;
    const float bit = 1 / (1 + expf(-x)), rest = 1 / (1 + expf(x));
    mask[i] = bit;
    slope[i] = bit * rest / by * (1 / p + 1 / not_p);
  }
};

}  // namespace

void draw_noise(float* to, int64_t length, uint64_t key, Number draw, void* stream) {
  for_each((length + 3) / 4, stream, NoiseDraw{to, length, key, draw});
}

void relax_mask(const float* probability, const float* noise, int64_t length, Number temperature, float margin,
                float* mask, float* slope, void* stream) {
  for_each(length, stream, Relaxation{probability, noise, temperature, margin, mask, slope});
}

}  // namespace mb::cuda
