// The updates of a latent vector: momentum, decay, step and clip, on whose way the first digit of the new values can be counted
// for the projection; and Adam.
#include <cmath>

#include "selection.cuh"

namespace mb::cuda {
namespace {

// The update of one entry.
struct Update {
  float *latent, *velocity;
  const float* gradient;
  Descent by;
  struct Entry {
    float z, v, g;
  };
  __device__ Entry load(int64_t i) const { return {latent[i], velocity[i], gradient[i]}; }
  // Gives the latent afterwards.
  __device__ float step(int64_t i, const Entry& entry, float rate) const {
    const float z = entry.z;
    const float sign = static_cast<float>(z > 0) - static_cast<float>(z < 0);
    const float g = (by.straight_through ? entry.g * sign : entry.g) + by.decay * (z - by.centre);
    const float v = by.momentum * entry.v + g;
    velocity[i] = v;
    return latent[i] = clip(z - rate * v, by.low, by.high);
  }
};

struct UpdateWithoutCount {
  Update update;
  __device__ void operator()(int64_t i) const {
    update.step(i, update.load(i), static_cast<float>(value_of(update.by.rate)));
  }
};

template <bool magnitude>
__global__ void update_and_count(Pieces pieces, Workspace workspace, Update update) {
  const Part part = part_of(pieces);
  const float rate = static_cast<float>(value_of(update.by.rate));
  count_digit<0>(pieces, part, workspace.searches[part.s], [&](auto add) {
    for_part<group / 2>(  // of three values each
        pieces, part, [=](int64_t i) { return update.load(i); },
        [&](int64_t i, const Update::Entry& entry) {
          add(key_of<magnitude>(update.step(i, entry, rate)));
        });
  });
}

struct AdamUpdate {
  float *latent, *first, *second;
  const float* gradient;
  Adam by;
  __device__ void operator()(int64_t i) const {
    const float z = latent[i], g = gradient[i] + by.decay * z;
    const float mean = by.beta1 * first[i] + by.rest1 * g, square = by.beta2 * second[i] + by.rest2 * (g * g);
    const float size = static_cast<float>(value_of(by.size)), root = static_cast<float>(value_of(by.root));
    first[i] = mean;
    second[i] = square;
    latent[i] = clip(z - size * mean / (sqrtf(square) / root + by.epsilon), by.low, by.high);
  }
};

}  // namespace

void descend(float* latent, float* velocity, const float* gradient, int64_t length, const Descent& by,
             const Selection* counting, void* stream) {
  const Update update{latent, velocity, gradient, by};
  if (!counting) return for_each(length, stream, UpdateWithoutCount{update});
  launch_in_groups(*counting, [&](const Pieces& pieces, const Workspace& workspace) {
    const auto kernel = counting->magnitude ? update_and_count<true> : update_and_count<false>;
    launch(kernel, pieces.blocks, stream, pieces, workspace, update);
  });
}

void descend_adam(float* latent, float* first, float* second, const float* gradient, int64_t length, const Adam& by,
                  void* stream) {
  for_each(length, stream, AdamUpdate{latent, first, second, gradient, by});
}

}  // namespace mb::cuda
