// Data sets and batches: bytes on the device, gathered, cropped, flipped, normalised and converted in one go.
#include "dataset.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "profile.hpp"
#include "step.hpp"

using namespace mb;

namespace {

void require_shape(int64_t channels, int64_t height, int64_t width) {
  require(channels >= 1 && channels <= 4096 && height >= 1 && height <= 65536 && width >= 1 && width <= 65536,
          "channels, height, width: ", channels, ", ", height, ", ", width, ", expected at least 1 and sane");
}

// One picture: rows of `row` = width · channels floats; what the crop leaves empty is a padded zero.
template <typename Real>
void copy_picture(const uint8_t* from, Real* to, int64_t height, int64_t width, int64_t channels, const Real* scale,
                  const Real* shift, int64_t down, int64_t right, bool flip) {
  const int64_t row = width * channels;
  for (int64_t y = 0; y < height; ++y) {
    Real* const target = to + y * row;
    const int64_t source_y = y + down;
    if (source_y < 0 || source_y >= height) {
      std::fill(target, target + row, Real(0));
      continue;
    }
    const uint8_t* const source = from + source_y * row;
    if (right == 0 && !flip) {
      for (int64_t i = 0; i < row; ++i) target[i] = source[i] * scale[i] + shift[i];
      continue;
    }
    for (int64_t x = 0; x < width; ++x) {
      const int64_t source_x = (flip ? width - 1 - x : x) + right;
      const bool inside = source_x >= 0 && source_x < width;
      for (int64_t c = 0; c < channels; ++c) {
        target[x * channels + c] = inside ? source[source_x * channels + c] * scale[c] + shift[c] : Real(0);
      }
    }
  }
}

template <typename Real>
void gather_on_cpu(mb_batch& batch, const mb_dataset& dataset, const int64_t* order, int64_t start, int64_t count,
                   const uint8_t* augmentation, int64_t length, int64_t padding) {
  const int64_t height = dataset.images.size(1), width = dataset.images.size(2), channels = dataset.images.size(3);
  const int64_t size = height * width * channels;
  std::vector<Real> scale(width * channels), shift(width * channels);  // of a whole row, so that rows vectorise
  for (int64_t i = 0; i < width * channels; ++i) {
    scale[i] = static_cast<Real>(dataset.scale[i % channels]);
    shift[i] = static_cast<Real>(dataset.shift[i % channels]);
  }
  const uint8_t* const images = dataset.images.data_ptr<uint8_t>();
  const int64_t* const labels = dataset.labels.data_ptr<int64_t>();
  Real* const to = batch.images.data_ptr<Real>();
  int64_t* const truth = batch.labels.data_ptr<int64_t>();
  at::parallel_for(0, count, std::max<int64_t>(1, 32768 / size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = start + i, image = order ? order[place] : place;
      const int64_t down = augmentation ? augmentation[place] - padding : 0;
      const int64_t right = augmentation ? augmentation[length + place] - padding : 0;
      const bool flip = augmentation && augmentation[2 * length + place] != 0;
      // The flip comes after the crop: column x of the result is column width − 1 − x of the crop.
      copy_picture(images + image * size, to + i * size, height, width, channels, scale.data(), shift.data(), down,
                   right, flip);
      truth[i] = labels[image];
    }
  });
}

// The same by libtorch's operations, for devices without a kernel of ours.
void gather_by_indexing(mb_batch& batch, const mb_dataset& dataset, const at::Tensor& rows,
                        const at::Tensor* augmentation, int64_t start, int64_t count, int64_t length,
                        int64_t padding) {
  const int64_t height = dataset.images.size(1), width = dataset.images.size(2), channels = dataset.images.size(3);
  const auto options = batch.images.options();
  const at::Tensor scale = at::tensor(at::ArrayRef<float>(dataset.scale)).to(options.device(), options.dtype());
  const at::Tensor shift = at::tensor(at::ArrayRef<float>(dataset.shift)).to(options.device(), options.dtype());
  at::Tensor pictures = dataset.images.index_select(0, rows).to(batch.images.scalar_type()) * scale + shift;
  if (augmentation) {
    const auto part = [&](int64_t which) {
      return augmentation->narrow(0, which * length + start, count).to(at::kLong).view({count, 1});
    };
    const at::Tensor ys = at::arange(height, rows.options()).view({1, height}) + part(0) - padding;
    at::Tensor xs = at::arange(width, rows.options()).view({1, width}).expand({count, width});
    xs = at::where(part(2).ne(0), width - 1 - xs, xs) + part(1) - padding;
    const at::Tensor inside = (ys.ge(0) & ys.lt(height)).view({count, height, 1, 1}) &
                              (xs.ge(0) & xs.lt(width)).view({count, 1, width, 1});
    const at::Tensor index = ys.clamp(0, height - 1).view({count, height, 1}) * width +
                             xs.clamp(0, width - 1).view({count, 1, width});
    pictures = pictures.view({count, height * width, channels})
                   .gather(1, index.view({count, height * width, 1}).expand({count, height * width, channels}))
                   .view({count, height, width, channels})
                   .mul_(inside);
  }
  batch.images.narrow(0, 0, count).copy_(pictures.permute({0, 3, 1, 2}));
  batch.labels.narrow(0, 0, count).copy_(dataset.labels.index_select(0, rows));
}

}  // namespace

namespace mb {

std::unique_ptr<mb_batch> make_batch(int64_t capacity, int64_t channels, int64_t height, int64_t width,
                                     at::ScalarType dtype, at::Device device) {
  auto batch = std::make_unique<mb_batch>();
  batch->images = at::empty({capacity, channels, height, width}, at::TensorOptions().dtype(dtype).device(device),
                            at::MemoryFormat::ChannelsLast);
  batch->labels = at::zeros({capacity}, at::TensorOptions().dtype(at::kLong).device(device));
  return batch;
}

void gather(mb_batch& batch, const mb_dataset& dataset, const at::Tensor* order, int64_t start, int64_t count,
            const at::Tensor* augmentation, int64_t padding) {
  batch.count = count;
  batch.classes = dataset.classes;
  const int64_t length = order ? order->numel() : 0;
  if constexpr (kernels) {
    if (by_kernels(batch.images.device())) {
      const float* const scale = dataset.normalisation.data_ptr<float>();
      const cuda::Gather from{dataset.images.data_ptr<uint8_t>(),
                              dataset.labels.data_ptr<int64_t>(),
                              dataset.images.size(1),
                              dataset.images.size(2),
                              dataset.images.size(3),
                              scale,
                              scale + dataset.images.size(3),
                              order ? order->data_ptr<int64_t>() : nullptr,
                              number(static_cast<double>(start)),
                              count,
                              augmentation ? augmentation->data_ptr<uint8_t>() : nullptr,
                              length,
                              padding};
      const bool now = carry_out("gather", {word(from.images), word(batch.images), word(from.order),
                                            word(from.augmentation), static_cast<uint64_t>(count),
                                            static_cast<uint64_t>(padding)});
      if (now) {
        cuda::gather(from, batch.images.data_ptr(), batch.labels.data_ptr<int64_t>(), real_of(batch.images),
                     cuda::stream());
      }
      return;
    }
  }
  if (batch.images.is_cpu()) {
    const auto run = batch.images.scalar_type() == at::kFloat ? gather_on_cpu<float> : gather_on_cpu<double>;
    run(batch, dataset, order ? order->data_ptr<int64_t>() : nullptr, start, count,
        augmentation ? augmentation->data_ptr<uint8_t>() : nullptr, length, padding);
    return;
  }
  const auto options = at::TensorOptions().dtype(at::kLong).device(batch.images.device());
  const at::Tensor rows = order ? order->narrow(0, start, count) : at::arange(start, start + count, options);
  gather_by_indexing(batch, dataset, rows, augmentation, start, count, length, padding);
}

}  // namespace mb

int32_t mb_dataset_create(const uint8_t* images, const int32_t* labels, int64_t count, int64_t channels,
                          int64_t height, int64_t width, int64_t classes, const double* mean, const double* deviation,
                          int32_t device, mb_dataset** out) {
  return guard("mb_dataset_create", [&] {
    require_out(out);
    require(count >= 1 && count <= (int64_t{1} << 32), "count: ", count, ", expected at least 1");
    require_shape(channels, height, width);
    require_countable({count, channels, height, width}, "count, channels, height, width");
    require(classes >= 1 && classes <= (1 << 24), "classes: ", classes, ", expected at least 1");
    require(images && labels && mean && deviation, "images, labels, mean, deviation: null, expected arrays");
    for (int64_t i = 0; i < count; ++i) {
      require(labels[i] >= 0 && labels[i] < classes, "labels: ", labels[i], " at ", i, ", expected 0 to ",
              classes - 1);
    }
    auto dataset = std::make_unique<mb_dataset>();
    for (int64_t c = 0; c < channels; ++c) {
      require(std::isfinite(mean[c]) && std::isfinite(deviation[c]) && deviation[c] > 0, "mean, deviation: ", mean[c],
              ", ", deviation[c], " of channel ", c, ", expected finite ones and a deviation above 0");
      const double scale = 1 / (255 * deviation[c]), shift = -mean[c] / deviation[c];
      constexpr double most = std::numeric_limits<float>::max();
      require(scale <= most && std::abs(shift) <= most, "mean, deviation: ", mean[c], ", ", deviation[c],
              " of channel ", c, ", expected a quotient that float32 can hold");
      dataset->scale.push_back(static_cast<float>(scale));
      dataset->shift.push_back(static_cast<float>(shift));
    }
    const at::Device where = device_of(device);
    dataset->classes = classes;
    dataset->images = at::from_blob(const_cast<uint8_t*>(images), {count, channels, height, width}, at::kByte)
                          .permute({0, 2, 3, 1})
                          .clone(at::MemoryFormat::Contiguous)
                          .to(where);
    dataset->labels = at::from_blob(const_cast<int32_t*>(labels), {count}, at::kInt).to(at::kLong).to(where);
    std::vector<float> both = dataset->scale;
    both.insert(both.end(), dataset->shift.begin(), dataset->shift.end());
    dataset->normalisation = at::tensor(at::ArrayRef<float>(both)).to(where);
    *out = adopt(std::move(dataset));
  });
}

int32_t mb_dataset_free(mb_dataset* dataset) {
  return guard("mb_dataset_free", [&] { release(dataset, "dataset"); });
}

int32_t mb_batch_create(int64_t capacity, int64_t channels, int64_t height, int64_t width, int32_t dtype,
                        int32_t device, mb_batch** out) {
  return guard("mb_batch_create", [&] {
    require_out(out);
    require(capacity >= 1 && capacity <= (1 << 24), "capacity: ", capacity, ", expected 1 to 16777216");
    require_shape(channels, height, width);
    require_countable({capacity, channels, height, width}, "capacity, channels, height, width");
    const at::Device where = device_of(device);
    const bool low = dtype == MB_BFLOAT16;
    if (low && !by_kernels(where)) throw Failure(MB_UNSUPPORTED, "dtype: bfloat16, which batches have on CUDA only");
    *out = adopt(make_batch(capacity, channels, height, width, low ? at::kBFloat16 : floating_of(dtype), where));
  });
}

int32_t mb_batch_free(mb_batch* batch) {
  return guard("mb_batch_free", [&] { release(batch, "batch"); });
}

int32_t mb_batch_upload(mb_batch* batch, const void* images, const int32_t* labels, int64_t count) {
  return guard("mb_batch_upload", [&] {
    mb_batch& to = object(batch, "batch");
    require(count >= 1 && count <= to.images.size(0), "count: ", count, ", expected 1 to ", to.images.size(0));
    require(images && labels, "images, labels: null, expected arrays");
    int32_t most = 0;
    for (int64_t i = 0; i < count; ++i) {
      require(labels[i] >= 0, "labels: ", labels[i], " at ", i, ", expected at least 0");
      most = std::max(most, labels[i]);
    }
    const auto shape = to.images.sizes();
    const bool low = to.images.scalar_type() == at::kBFloat16;
    const auto options = at::TensorOptions().dtype(low ? at::kFloat : to.images.scalar_type());
    to.images.narrow(0, 0, count).copy_(
        at::from_blob(const_cast<void*>(images), {count, shape[1], shape[2], shape[3]}, options));
    to.labels.narrow(0, 0, count).copy_(at::from_blob(const_cast<int32_t*>(labels), {count}, at::kInt));
    to.count = count;
    to.classes = int64_t{most} + 1;
  });
}

int32_t mb_batch_gather(mb_batch* batch, const mb_dataset* dataset, const mb_vector* order, int64_t start,
                        int64_t count, const mb_vector* augmentation, int64_t padding) {
  return guard_within_step("mb_batch_gather", [&] {
    mb_batch& to = object(batch, "batch");
    const mb_dataset& from = object(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_dtype(rows, "order", at::kLong);
    const int64_t length = rows.numel();
    require(count >= 1 && count <= to.images.size(0), "count: ", count, ", expected 1 to ", to.images.size(0));
    require(start >= 0 && start <= length && count <= length - start, "start: ", start, ", expected ", count,
            " places within ", length);
    require(from.images.size(3) == to.images.size(1) && from.images.size(1) == to.images.size(2) &&
                from.images.size(2) == to.images.size(3),
            "dataset: pictures of another shape than the batch's");
    require(from.images.device() == to.images.device() && rows.device() == to.images.device(),
            "dataset, order: expected the batch's device");
    const at::Tensor* extra = nullptr;
    if (augmentation) {
      extra = &vector_of(augmentation, "augmentation");
      require_dtype(*extra, "augmentation", at::kByte);
      require(extra->numel() == 3 * length, "augmentation: length ", extra->numel(), ", expected ", 3 * length);
      require(extra->device() == to.images.device(), "augmentation: expected the batch's device");
      require(padding >= 0 && padding <= 127, "padding: ", padding, ", expected 0 to 127");
    }
    if (rows.is_cpu()) {  // elsewhere the data set's own draw is trusted: looking would wait for the device
      const int64_t* const order_data = rows.data_ptr<int64_t>();
      for (int64_t i = start; i < start + count; ++i) {
        require(order_data[i] >= 0 && order_data[i] < from.images.size(0), "order: ", order_data[i], " at ", i,
                ", expected 0 to ", from.images.size(0) - 1);
      }
    }
    const Timed timed(MB_GATHER, rows.device());
    gather(to, from, &rows, start, count, extra, padding);
  });
}
