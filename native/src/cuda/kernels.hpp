// The kernels as the rest of the core calls them: plain pointers into device memory, a stream, no libtorch.
//
// They are compiled by nvcc where libtorch has CUDA; or, with MB_EMULATE, as plain C++ that runs them on the processor, so
// that what they compute is tested where there is no GPU. Without either, MB_KERNELS is not defined and none is called.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mb::cuda {

// A number that may differ from step to step. A recorded step that is replayed reads it at `address`, in device memory.
struct Number {
  double value = 0;
  const double* address = nullptr;
};

struct bfloat16 {
  uint16_t bits;
};

enum class Real { float32, float64, bfloat16 };

// --- projection and update: see mb_project_top_k and mb_descend -----------------------------------------------------

// One segment of a flat vector, and how many of its entries are dropped.
struct Segment {
  int64_t offset, length, drop;
  bool operator==(const Segment& other) const {
    return offset == other.offset && length == other.length && drop == other.drop;
  }
};

// What is selected of a vector. `workspace` is device memory, selection_bytes() of it, zeros at first; it keeps what was
// counted.
struct Selection {
  const Segment* segments;
  int64_t count;
  bool magnitude;
  void* workspace;
};

constexpr int64_t max_segment = int64_t{1} << 31;

size_t selection_bytes(const Segment* segments, int64_t count);

// How the mask is made of bit and value.
struct Mix {
  Number alpha;
  bool relative;
  float low, high;
};

// `counted`: descend() has counted the first digit of these very values already.
void project_top_k(const Selection& selection, const float* values, bool counted, float floor, Mix mix, float* mask,
                   void* stream);

struct Descent {
  Number rate;
  float momentum, decay, centre, low, high;
  bool straight_through;
};

// `counting`, or null: a selection whose segments are the whole vector, one after the other; the first digit of the new
// values is counted for it on the way.
void descend(float* latent, float* velocity, const float* gradient, int64_t length, const Descent& by,
             const Selection* counting, void* stream);

// See mb_descend_adam; size = rate / (1 − beta1^step), root = √(1 − beta2^step), rest = 1 − beta before it is rounded.
struct Adam {
  Number size, root;
  float beta1, rest1, beta2, rest2, epsilon, decay, low, high;
};
void descend_adam(float* latent, float* first, float* second, const float* gradient, int64_t length, const Adam& by,
                  void* stream);

// --- masks that are drawn: see mb_noise, mb_relax and mb_project_capped_simplex --------------------------------------

void draw_noise(float* to, int64_t length, uint64_t key, Number draw, void* stream);
// `margin` is added to p and to 1 − p.
void relax_mask(const float* probability, const float* noise, int64_t length, Number temperature, float margin,
                float* mask, float* slope, void* stream);
// `workspace`: simplex_bytes(length) bytes, zeros at first.
size_t simplex_bytes(int64_t length);
void project_capped_simplex(float* x, int64_t length, Number budget, void* workspace, void* stream);

// --- weights: see effective.hpp --------------------------------------------------------------------------------------

// One layer: where it begins in the flat vector, and its tensor (outputs, positions, inputs), or (outputs, inputs, positions)
// where `flat`.
struct LayerWeights {
  void* tensor;
  int64_t offset, outputs, inputs, positions;
  bool flat;
};

// tensors = weights ⊙ mask (null: weights), all layers in one launch.
void write_effective(const LayerWeights* layers, int64_t count, const void* weights, const void* mask, Real vectors,
                     Real tensors, void* stream);
// gradient = tensors ⊙ factor (null: tensors)
void write_gradient(const LayerWeights* layers, int64_t count, const void* factor, void* gradient, Real vectors,
                    Real tensors, void* stream);

// --- data, loss, pooling ---------------------------------------------------------------------------------------------

// What a batch is gathered from: see mb_batch_gather; `order` null: start, start + 1, …
struct BatchSource {
  const uint8_t* images;
  const int64_t* labels;
  int64_t pictures, height, width, channels;
  const float *scale, *shift;  // by channel, in device memory
  const int64_t* order;
  Number start;
  int64_t count;
  const uint8_t* augmentation;  // null: none
  int64_t length;               // of the order
  int64_t padding;              // around the picture
};
void gather_batch(const BatchSource& from, void* images, int64_t* labels, Real type, void* stream);

// metrics[0] += sum of losses, metrics[1] += correct predictions; gradient (null: not wanted) of their mean; see loss.hpp.
// `workspace`: loss_bytes(rows) bytes, zeros at first.
size_t loss_bytes(int64_t rows);
void add_loss(const void* logits, const int64_t* truth, int64_t rows, int64_t classes, double smoothing, double* metrics,
              void* gradient, void* workspace, Real type, void* stream);

// See max_pool.hpp: pictures with channels last; windows of fewer entries than `no_winner`.
constexpr uint8_t no_winner = 255;
struct Pool {
  int64_t count, channels, height, width, size;
  bool rectified;
};
void max_pool(const Pool& pool, const void* input, void* output, uint8_t* winners, Real type, void* stream);
void max_pool_backward(const Pool& pool, const void* gradient, const uint8_t* winners, void* input_gradient, Real type,
                       void* stream);

// --- recorded steps ----------------------------------------------------------------------------------------------------

// The numbers of the steps to come, in memory that host and device both see: the host fills row (step % steps) and
// replays; the replayed step begins by reading its numbers from there.
struct Ring {
  static constexpr int64_t steps = 256;
  static constexpr int64_t max_numbers = 128;  // of a step
  double values[steps][max_numbers];
  volatile int64_t steps_read;  // written by the device: how many steps have read their numbers
};
// Device memory: the numbers of the step under way, and how many steps have read theirs.
struct StepNumbers {
  double values[Ring::max_numbers];
  int64_t steps_read;
};
void read_numbers(Ring* ring, StepNumbers* numbers, void* stream);

}  // namespace mb::cuda
