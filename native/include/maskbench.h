/* maskbench's native core: the one statement of its C interface.
 *
 * The mask is one flat vector. Weights w, mask m, latent z, gradient and momentum all have length n and one
 * layout; a layer is a segment of it. Everything below works on such vectors, on the device they live on.
 *
 * Rules. Every call returns a status; the text of a failed call is mb_last_error() of the same thread. No C++
 * exception crosses. A handle is opaque, belongs to whoever created it, and is checked at every call: null, of
 * another family, or freed already is an error and no crash; a number that was a handle once is never one again. One
 * handle is for one thread at a time. A call that is refused changes nothing, except for a mask where NaNs are found on
 * the way. Arrays must hold what the sizes next to them say: that alone can't be checked. Calls are queued on the device
 * in order; only downloads wait. */
#ifndef MASKBENCH_H
#define MASKBENCH_H

#include <stdint.h>

#if defined(__GNUC__)
#define MB_API __attribute__((visibility("default")))
#else
#define MB_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define MB_ABI_VERSION 12

typedef struct mb_generator mb_generator; /* a libtorch CPU generator */
typedef struct mb_vector mb_vector;       /* a flat vector on a device */
typedef struct mb_dataset mb_dataset;     /* images as bytes, in memory or in a file, and labels */
typedef struct mb_batch mb_batch;         /* normalised images, and labels */
typedef struct mb_network mb_network;     /* layers, and the memory for a pass through them */
typedef struct mb_step mb_step;           /* a training step, recorded */

typedef enum {
  MB_OK = 0,
  MB_INVALID = 1,       /* an argument: the text names it, what came and what was expected */
  MB_NOT_A_NUMBER = 2,  /* a NaN where numbers are compared */
  MB_OUT_OF_MEMORY = 3, /* on the host or the device */
  MB_UNSUPPORTED = 4,   /* not with this libtorch or on this device */
  MB_INTERNAL = 5       /* libtorch failed; its text is passed on */
} mb_status;

typedef enum {
  MB_FLOAT32 = 0,
  MB_FLOAT64 = 1,
  MB_UINT8 = 2,
  MB_INT32 = 3,
  MB_INT64 = 4,
  MB_BFLOAT16 = 5,      /* networks and, on CUDA, batches */
  MB_TENSOR_FLOAT32 = 6 /* networks on CUDA: float32 whose products are rounded to TensorFloat-32 first */
} mb_dtype;
typedef enum { MB_CPU = 0, MB_CUDA = 1 } mb_device;

/* --- library ------------------------------------------------------------------------------------------------ */

MB_API int32_t mb_abi_version(void);
/* Writes the text of this thread's last failed call, zero-terminated, and cut where it is longer than the capacity. */
MB_API int32_t mb_last_error(char *text, int64_t capacity);
/* Writes a JSON object as zero-terminated text: libtorch (version), kernels (cuda, emulated on the processor, or none),
 * cuda (whether there is a device), mkldnn, blas (file of its matrix products), processor (what the processor's kernels
 * are chosen by), gpu (the device's name, empty without one). */
MB_API int32_t mb_describe(char *text, int64_t capacity);
/* Threads that calls from this thread compute with, 1 to 1024. */
MB_API int32_t mb_set_threads(int32_t threads);
/* Handles alive, and bytes of tensors that the core holds, now and at the peak since mb_reset_peak. */
MB_API int32_t mb_live(int64_t *handles, int64_t *bytes, int64_t *peak_bytes);
/* Also gives memory that is no longer used back to the system. */
MB_API int32_t mb_reset_peak(void);
/* Seconds since this thread began in which it could have run, but others had the processor. 0 throughout where the
 * system doesn't report it. */
MB_API int32_t mb_waited(double *seconds);
/* Ends the process at once with that exit code. An ordinary exit destroys libtorch's globals while other threads may
 * still compute with them, and crashes. */
MB_API void mb_exit(int32_t code);

/* Begins (on = 1) or ends (0) summing up where this thread's time goes; `seconds`, or null, gets what the sums were,
 * MB_PARTS of them. While on, every part waits for the device. */
typedef enum {
  MB_GATHER = 0,     /* batches: gathered, augmented, normalised */
  MB_WEIGHTS = 1,    /* w ⊙ m written, and the gradient's way back */
  MB_FORWARD = 2,    /* layers and loss */
  MB_BACKWARD = 3,
  MB_PROJECTION = 4,
  MB_UPDATE = 5,
  MB_PARTS = 6
} mb_part;
MB_API int32_t mb_profile(int32_t on, double *seconds);
/* Seconds of one float32 matrix product size × size, and of one copy of so many bytes, without the time of mb_waited. */
MB_API int32_t mb_measure_matmul(int32_t device, int64_t size, int32_t repeats, double *seconds);
MB_API int32_t mb_measure_copy(int32_t device, int64_t bytes, int32_t repeats, double *seconds);

/* --- generators: equal to torch.Generator().manual_seed(seed), whatever the device of the vector --------------- */

MB_API int32_t mb_generator_create(uint64_t seed, mb_generator **out);
MB_API int32_t mb_generator_free(mb_generator *generator);
/* vector[offset, offset + length) = torch.empty(length).normal_(0, deviation); deviation 1 is torch.randn. */
MB_API int32_t mb_generator_normal(mb_generator *generator, mb_vector *vector, int64_t offset, int64_t length,
                                   double deviation);
/* … .uniform_(low, high); 0 and 1 is torch.rand. */
MB_API int32_t mb_generator_uniform(mb_generator *generator, mb_vector *vector, int64_t offset, int64_t length,
                                    double low, double high);
/* … .random_(0, high): integers in [0, high). */
MB_API int32_t mb_generator_integers(mb_generator *generator, mb_vector *vector, int64_t offset, int64_t length,
                                     int64_t high);
/* An int64 vector = torch.randperm(its length). */
MB_API int32_t mb_generator_permutation(mb_generator *generator, mb_vector *vector);
/* A generator's state as torch.Generator().get_state() gives it: MB_GENERATOR_STATE bytes. A generator that is restored to
 * it goes on with the same draws. Bytes that no generator could have given are refused. */
#define MB_GENERATOR_STATE 5056
MB_API int32_t mb_generator_save(const mb_generator *generator, uint8_t *state, int64_t length);
MB_API int32_t mb_generator_restore(mb_generator *generator, const uint8_t *state, int64_t length);

/* --- vectors -------------------------------------------------------------------------------------------------- */

/* Zeros. 0 <= length. */
MB_API int32_t mb_vector_create(int64_t length, int32_t dtype, int32_t device, mb_vector **out);
MB_API int32_t mb_vector_free(mb_vector *vector);
/* `data` holds `length` elements of the vector's type; copied before the call returns. */
MB_API int32_t mb_vector_upload(mb_vector *vector, const void *data, int64_t offset, int64_t length);
MB_API int32_t mb_vector_download(mb_vector *vector, void *data, int64_t offset, int64_t length);
MB_API int32_t mb_vector_copy(mb_vector *to, const mb_vector *from);
/* vector = vector ⊙ factor, and vector + term: real vectors of one length and type; the two must differ. */
MB_API int32_t mb_vector_multiply(mb_vector *vector, const mb_vector *factor);
MB_API int32_t mb_vector_add(mb_vector *vector, const mb_vector *term);
/* vector[range] = scale · vector[range] + shift; with scale 0 it is shift, even where it was a NaN */
MB_API int32_t mb_vector_affine(mb_vector *vector, int64_t offset, int64_t length, double scale, double shift);
/* vector[range] = sign(vector[range]): −1, 0 or 1 */
MB_API int32_t mb_vector_sign(mb_vector *vector, int64_t offset, int64_t length);
/* vector[range] = 1 / (1 + exp(−vector[range])) */
MB_API int32_t mb_vector_sigmoid(mb_vector *vector, int64_t offset, int64_t length);
/* vector[range] = α sign(vector[range]), α the mean magnitude of those that are not 0: the nearest binary vector with a
 * gain (Rastegari et al., XNOR-Net, ECCV 2016). float32. */
MB_API int32_t mb_vector_binarise(mb_vector *vector, int64_t offset, int64_t length);
/* vector[range] = vector[range] − its mean, which is summed in double: the result has the mean 0. float32. */
MB_API int32_t mb_vector_centre(mb_vector *vector, int64_t offset, int64_t length);
/* vector = vector · min(1, max / (‖vector‖ + 1e-6)), the Euclidean norm summed in double, as in PyTorch's clip_grad_norm_:
 * a vector that is longer than max, which is over 0, gets as long as that. float32. */
MB_API int32_t mb_vector_clip_norm(mb_vector *vector, double max);

/* --- projection and update ------------------------------------------------------------------------------------ */

typedef enum { MB_BY_VALUE = 0, MB_BY_MAGNITUDE = 1 } mb_order;
typedef enum { MB_CLIPPED = 0, MB_RELATIVE = 1 } mb_relaxation;

/* Π_k, for each of `count` segments (at most 65,536), given as triples (offset, length, kept) that ascend and
 * don't overlap:
 *
 *   bit = 1 for the `kept` largest entries of the segment that also exceed `floor` (−infinity: no floor), else 0
 *   mask = (1 − alpha) · relaxed + alpha · bit        alpha in [0, 1]; 1 gives the binary mask itself
 *
 * MB_CLIPPED: relaxed = clip(value, low, high). MB_RELATIVE, for MB_BY_MAGNITUDE alone, which has no use for low and high:
 * relaxed = min(1, |value| / 2τ), τ the `kept`-th largest magnitude of the segment, whatever the floor; 1 for every value
 * where τ is 0 or all are kept; where none is kept τ is infinite.
 *
 * Largest by value or by magnitude. Ties: in stable ascending order the earlier index is dropped first; −0 and 0
 * are equal. low and high may be infinite. A NaN is refused with MB_NOT_A_NUMBER and its index; the CUDA kernels, which
 * would have to wait to report it, pass it on into the mask. float32; `mask` and `values` must differ. */
MB_API int32_t mb_project_top_k(const mb_vector *values, const int64_t *segments, int64_t count, int32_t order,
                                double floor, double alpha, int32_t relaxation, double low, double high,
                                mb_vector *mask);

/* One step of stochastic gradient descent with momentum and decay, in one pass, on float32 vectors:
 *
 *   g = gradient (⊙ sign(latent), if straight_through)
 *   velocity = momentum · velocity + g + decay · (latent − centre)
 *   latent   = clip(latent − rate · velocity, low, high)      low, high may be infinite */
MB_API int32_t mb_descend(mb_vector *latent, mb_vector *velocity, const mb_vector *gradient,
                          int32_t straight_through, double rate, double momentum, double decay, double centre,
                          double low, double high);

/* One step of Adam (Kingma, Ba, ICLR 2015), as PyTorch takes it, on float32 vectors; `step` counts from 1:
 *
 *   g = gradient + decay · latent
 *   first  = beta1 · first + (1 − beta1) · g,   second = beta2 · second + (1 − beta2) · g²
 *   latent = clip(latent − rate / (1 − beta1^step) · first / (√second / √(1 − beta2^step) + epsilon), low, high)
 *
 * low, high may be infinite. */
MB_API int32_t mb_descend_adam(mb_vector *latent, mb_vector *first, mb_vector *second, const mb_vector *gradient,
                               int64_t step, double rate, double beta1, double beta2, double epsilon, double decay,
                               double low, double high);

/* --- masks that are drawn --------------------------------------------------------------------------------------- */

/* Uniform draws from (0, 1), never 0 or 1, into a float32 vector: a function of key, draw (0 to 2^53) and index alone, the
 * same on every device. Word i mod 4 of Philox4x32-10 with the counter (⌊i / 4⌋, draw), each 64 bits with the lower half
 * first, and the key likewise: its 23 high bits, plus 1/2, times 2^−23. */
MB_API int32_t mb_noise(mb_vector *vector, uint64_t key, int64_t draw);
/* The relaxed draw of a mask (Maddison, Mnih, Teh, ICLR 2017, and Jang, Gu, Poole, ICLR 2017), on float32 vectors, and how
 * it changes with the probability p; u is uniform noise, and the temperature τ 0.001 to 1000:
 *
 *   mask = σ((logit p + logit u) / τ),   slope = ∂mask/∂p = mask (1 − mask) / τ · (1/p + 1/(1 − p))
 *
 * where p and 1 − p count as 1e−20 more. As τ falls to 0 the mask becomes 1 with probability p, else 0. `mask` and `slope`
 * must be two vectors, and not one of the others. */
MB_API int32_t mb_relax(const mb_vector *probability, const mb_vector *noise, double temperature, mb_vector *mask,
                        mb_vector *slope);
/* vector[range] = the nearest vector with entries in [0, 1] that sum up to at most `most`: clip(x − v, 0, 1), where v = 0
 * if that does, else the v > 0 that makes the sum `most`, less 0.001 at most, or as near below it as a float32 can. */
MB_API int32_t mb_project_capped_simplex(mb_vector *vector, int64_t offset, int64_t length, double most);

/* --- data ----------------------------------------------------------------------------------------------------- */

/* `images` (count, channels, height, width) bytes and `labels` in [0, classes), copied to the device. An image is
 * fed as (pixel / 255 − mean[c]) / deviation[c]. */
MB_API int32_t mb_dataset_create(const uint8_t *images, const int32_t *labels, int64_t count, int64_t channels,
                                 int64_t height, int64_t width, int64_t classes, const double *mean,
                                 const double *deviation, int32_t device, mb_dataset **out);
/* The same of images in a file, which may be larger than memory: it is mapped, read as needed and never copied as a whole.
 * `path` is zero-terminated, `bytes` is what the file must have. `index` has an offset in bytes, a height and a width for
 * each image, which lies there as (height, width, channels) bytes, at least as large as its middle, the `height` × `width`
 * that is fed. Its batches are on `device`; they are gathered by the host, so orders, augmentations and crops are on the
 * CPU, and gathering them is no part of a recorded step. A file that is cut short afterwards kills whoever reads on. */
MB_API int32_t mb_dataset_open(const char *path, int64_t bytes, const int64_t *index, const int32_t *labels,
                               int64_t count, int64_t channels, int64_t height, int64_t width, int64_t classes,
                               const double *mean, const double *deviation, int32_t device, mb_dataset **out);
MB_API int32_t mb_dataset_free(mb_dataset *dataset);

/* Memory for up to `capacity` images of float32 or float64, or on CUDA of bfloat16 (uploaded as float32). */
MB_API int32_t mb_batch_create(int64_t capacity, int64_t channels, int64_t height, int64_t width, int32_t dtype,
                               int32_t device, mb_batch **out);
MB_API int32_t mb_batch_free(mb_batch *batch);
/* `images` (count, channels, height, width) of the batch's type, taken as they are. */
MB_API int32_t mb_batch_upload(mb_batch *batch, const void *images, const int32_t *labels, int64_t count);
/* The first `count` images that are in it, likewise (of bfloat16 as float32), and their labels. */
MB_API int32_t mb_batch_download(const mb_batch *batch, void *images, int32_t *labels, int64_t count);
/* The images order[start, start + count) of the data set; `order` int64. `augmentation`, or null for none: uint8,
 * three parts of the length of `order`: rows down and columns right of the crop's corner in the picture padded by
 * `padding` zeros (normalised) on each side, 0 to 2·padding each, and 0/1 for a horizontal flip after it. */
MB_API int32_t mb_batch_gather(mb_batch *batch, const mb_dataset *dataset, const mb_vector *order, int64_t start,
                               int64_t count, const mb_vector *augmentation, int64_t padding);

/* Random resized crops for the images of an order, both on the CPU: int32, five parts of the length of `order`: top, left,
 * height and width within the image as it is stored, and 0/1 for a horizontal flip. 8 to 100% of its area, a ratio from
 * 3:4 to 4:3, ten tries, else the middle: the draws of torchvision's RandomResizedCrop() and RandomHorizontalFlip() for
 * one image after the other. */
MB_API int32_t mb_generator_crops(mb_generator *generator, const mb_dataset *dataset, const mb_vector *order,
                                  mb_vector *crops);
/* As mb_batch_gather, of images on the host: the crop, resized to what is fed, then flipped. Bilinear between the centres
 * of pixels, which lie at half-pixels, without antialiasing, as torch.nn.functional.interpolate(mode="bilinear",
 * align_corners=False) does. MB_UNSUPPORTED for those of mb_dataset_create on CUDA. */
MB_API int32_t mb_batch_gather_crops(mb_batch *batch, const mb_dataset *dataset, const mb_vector *order, int64_t start,
                                     int64_t count, const mb_vector *crops);

/* --- recorded steps: one launch a step on CUDA ------------------------------------------------------------------ */

/* Between begin and end of a step, this thread's calls of mb_batch_gather, mb_vector_copy, _multiply, _add, _affine,
 * _sign, _sigmoid and _binarise, mb_project_top_k, mb_network_gradient, mb_descend, mb_descend_adam, mb_noise, mb_relax and
 * mb_project_capped_simplex on CUDA are recorded as a graph, the third time that a step of that `shape` begins; from then on
 * they only hand over what may differ from step to step, `start`, `alpha`, `rate`, `step`, `draw` and `temperature`, and the
 * end replays the graph. A step must make the same calls as the recorded one, with all else equal:
 * MB_UNSUPPORTED where it does not, or makes other calls; then abandon it, and make the calls again: they are carried out
 * one by one from then on. On the CPU, and without kernels, calls are always carried out as they come. */
MB_API int32_t mb_step_create(int32_t device, mb_step **out);
MB_API int32_t mb_step_free(mb_step *step);
MB_API int32_t mb_step_begin(mb_step *step, int64_t shape);
MB_API int32_t mb_step_end(mb_step *step);
MB_API int32_t mb_step_abandon(mb_step *step);

/* --- networks ------------------------------------------------------------------------------------------------- */

typedef enum {
  MB_CONV = 0,         /* weights (outputs, inputs, kernel, kernel); stride, padding */
  MB_LINEAR = 1,       /* weights (outputs, inputs) */
  MB_MAX_POOL = 2,     /* kernel, stride, padding (by what is never the largest) */
  MB_AVERAGE_POOL = 3, /* kernel, stride */
  MB_RELU = 4,
  MB_FLATTEN = 5,    /* to (batch, channels · height · width), in that order */
  MB_BATCH_NORM = 6, /* (x − mean) / √(variance + 1e-5) by channel: of the batch in training, else of `statistics` */
  MB_ADD = 7,        /* the outputs of two layers, of one shape */
  MB_DEPTHWISE = 8   /* weights (channels, 1, kernel, kernel): each channel convolved by itself; inputs = outputs */
} mb_layer_kind;

typedef struct {
  int32_t kind, inputs, outputs, kernel, stride, padding; /* 0 where a kind has none */
  int32_t from, other; /* the layers that it reads, by index, −1 for the pictures; `other` of MB_ADD alone */
} mb_layer;

/* A layer reads what comes before it, and every layer but the last is read. The last one must be linear (or flatten what
 * is 1 × 1): its outputs are the logits. `dtype` is float32, float64,
 * bfloat16 or TensorFloat-32: with the latter two its vectors and batches are float32 (or, on CUDA, batches of bfloat16
 * for the former), and its layers compute with what is rounded from them (MB_UNSUPPORTED without the instructions). */
MB_API int32_t mb_network_create(const mb_layer *layers, int64_t count, int64_t channels, int64_t height,
                                 int64_t width, int32_t dtype, int32_t device, mb_network **out);
MB_API int32_t mb_network_free(mb_network *network);
/* Number of weights, n, and length of the statistics: for each MB_BATCH_NORM, in their order, the means of its channels
 * and then their variances; 0 without one. */
MB_API int32_t mb_network_size(const mb_network *network, int64_t *weights, int64_t *statistics);

/* Compares the layers with plain loops in double precision, on random numbers: each layer that has no like before it, both
 * ways, with a batch of so many pictures, as it computes on this device with this thread's number of threads. Rows of four
 * numbers: the index of the layer, and for its output, its input's gradient and its weights' gradient the largest
 * difference over the root mean square of what the loops give, −1 where it has none. `capacity` is in rows, at least one a
 * layer; `count` becomes how many were written. The rows of a normalisation's output count its running statistics too. */
MB_API int32_t mb_network_verify(mb_network *network, int64_t pictures, double *deviations, int64_t capacity,
                                 int64_t *count);

typedef enum { MB_OF_MASK = 0, MB_OF_WEIGHTS = 1 } mb_gradient_of;

/* Mean loss L of the network with weights w ⊙ m (m null: w) on the batch: of each image, with its probabilities p, the
 * cross-entropy with smoothed labels, (1 − ε) · −log p[label] + ε · mean of −log p over the classes, where ε in [0, 1) is
 * `smoothing`. And
 *
 *   gradient = ∂L/∂m = ∂L/∂(w ⊙ m) ⊙ w    or, of weights,   ∂L/∂w = ∂L/∂(w ⊙ m) ⊙ m
 *
 * metrics (float64, length 2) += (L · images, correct predictions). The weights are only read.
 *
 * statistics (null where the network has none) ← 0.9 · statistics + 0.1 · those of the batch, variances as estimated of
 * the whole: over entries − 1. */
MB_API int32_t mb_network_gradient(mb_network *network, const mb_vector *weights, const mb_vector *mask,
                                   mb_vector *statistics, const mb_batch *batch, double smoothing, int32_t of,
                                   mb_vector *gradient, mb_vector *metrics);
/* The forward pass alone; logits (capacity at least images · classes) in row-major order. */
MB_API int32_t mb_network_forward(mb_network *network, const mb_vector *weights, const mb_vector *mask,
                                  const mb_vector *statistics, const mb_batch *batch, mb_vector *logits);
/* metrics += (sum of losses, correct predictions) over the whole data set, `batch_size` images at a time. */
MB_API int32_t mb_network_evaluate(mb_network *network, const mb_vector *weights, const mb_vector *mask,
                                   const mb_vector *statistics, const mb_dataset *dataset, int64_t batch_size,
                                   mb_vector *metrics);

#ifdef __cplusplus
}
#endif
#endif
