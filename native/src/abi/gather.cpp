// Batches out of a data set: bytes gathered, cropped, flipped, normalised and converted in one go.
#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>

#include "../ops/crops.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"
#include "batch.hpp"

using namespace mb;

namespace {

// Parts of the crops of an order: top, left, height, width, flip.
constexpr int64_t crop_parts = 5;

// The middle of a picture, or what lies `down` and `right` of it: rows of `row` = width · channels floats; what is outside
// is a padded zero.
template <typename Real>
void copy_picture(const Stored& picture, Real* to, int64_t height, int64_t width, int64_t channels, const Real* scale,
                  const Real* shift, int64_t down, int64_t right, bool flip) {
  const int64_t row = width * channels, top = (picture.height - height) / 2, left = (picture.width - width) / 2;
  for (int64_t y = 0; y < height; ++y) {
    Real* const target = to + y * row;
    const int64_t source_y = y + down;
    if (source_y < 0 || source_y >= height) {
      std::fill(target, target + row, Real(0));
      continue;
    }
    const uint8_t* const source = picture.pixels + ((top + source_y) * picture.width + left) * channels;
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

// Where the pictures of a batch come from.
struct Chosen {
  const mb_dataset& dataset;
  const int64_t* order;  // null: start, start + 1, …
  int64_t start, count, length;

  int64_t picture(int64_t place) const { return order ? order[place] : place; }
};

// By loops on the host; `write` is given a picture, its place in the order, and where it goes.
template <typename Real, typename Write>
void fill_rows(at::Tensor& images, at::Tensor& labels, const Chosen& from, const Write& write) {
  const mb_dataset& dataset = from.dataset;
  const int64_t channels = dataset.channels, width = dataset.width, size = dataset.height * width * channels;
  std::vector<Real> scale(width * channels), shift(width * channels);  // of a whole row, so that rows vectorise
  for (int64_t i = 0; i < width * channels; ++i) {
    scale[i] = static_cast<Real>(dataset.scale[i % channels]);
    shift[i] = static_cast<Real>(dataset.shift[i % channels]);
  }
  const int64_t* const known = dataset.labels.data_ptr<int64_t>();
  Real* const to = images.data_ptr<Real>();
  int64_t* const truth = labels.data_ptr<int64_t>();
  at::parallel_for(0, from.count, std::max<int64_t>(1, 32768 / size), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t place = from.start + i, picture = from.picture(place);
      write(dataset.stored(picture), place, to + i * size, scale.data(), shift.data());
      truth[i] = known[picture];
    }
  });
}

// Has the disk read this batch's pictures, and the next one's while this one is computed with.
void prefetch(const Chosen& from) {
  const int64_t end = std::min(from.start + 2 * from.count, from.length);
  for (int64_t place = from.start; place < end; ++place) {
    const int64_t picture = from.picture(place);
    if (picture >= 0 && picture < from.dataset.count) from.dataset.pack->prefetch(picture);
  }
}

// Fills the batch by the host: in place, or where its memory or its type is not the host's by way of pinned memory. The
// copy from there goes on while the host is at the next batch; libtorch keeps the memory until it is done.
template <typename Write>
void gather_on_host(mb_batch& batch, const Chosen& from, const Write& write) {
  if (from.dataset.pack) prefetch(from);
  const at::ScalarType type = batch.images.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto run = [&](at::Tensor images, at::Tensor labels) {
    if (type == at::kFloat) {
      fill_rows<float>(images, labels, from, write);
    } else {
      fill_rows<double>(images, labels, from, write);
    }
  };
  if (batch.images.is_cpu() && batch.images.scalar_type() == type) return run(batch.images, batch.labels);
  const auto options = at::TensorOptions().pinned_memory(batch.images.is_cuda());
  const at::Tensor images = at::empty(batch.pictures().sizes(), options.dtype(type), at::MemoryFormat::ChannelsLast);
  const at::Tensor labels = at::empty({from.count}, options.dtype(at::kLong));
  run(images, labels);
  batch.pictures().copy_(images.to(batch.images.device(), /*non_blocking=*/true));
  batch.truth().copy_(labels, /*non_blocking=*/true);
}

// The same by libtorch's operations, for devices without a kernel of ours.
void gather_by_indexing(mb_batch& batch, const mb_dataset& dataset, const at::Tensor& places,
                        const at::Tensor* augmentation, int64_t start, int64_t count, int64_t length,
                        int64_t padding) {
  const int64_t height = dataset.height, width = dataset.width, channels = dataset.channels;
  const auto options = batch.images.options();
  const at::Tensor rows = places.clamp(0, dataset.count - 1);
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
  pictures.masked_fill_(rows.ne(places).view({count, 1, 1, 1}), std::nan(""));
  batch.images.narrow(0, 0, count).copy_(pictures.permute({0, 3, 1, 2}));
  batch.labels.narrow(0, 0, count).copy_(dataset.labels.index_select(0, rows));
}

// What every gather asks of a batch, and of a range of an order.
void require_gather(const mb_batch& to, const mb_dataset& from, const at::Tensor& order, int64_t start, int64_t count) {
  require_dtype(order, "order", at::kLong);
  require(count >= 1 && count <= to.images.size(0), "count: ", count, ", expected 1 to ", to.images.size(0));
  const int64_t length = order.numel();
  require(start >= 0 && start <= length && count <= length - start, "start: ", start, ", expected ", count,
          " places within ", length);
  require(from.channels == to.images.size(1) && from.height == to.images.size(2) && from.width == to.images.size(3),
          "dataset: pictures of another shape than the batch's");
  require(from.device == to.images.device(), "dataset: expected the batch's device");
  require(order.device() == from.home(), "order: expected it where the data set's pictures are");
  if (!order.is_cpu()) return;  // looking would wait for the device: what is out of range becomes NaN there
  const int64_t* const pictures = order.data_ptr<int64_t>();
  for (int64_t i = start; i < start + count; ++i) {
    require(pictures[i] >= 0 && pictures[i] < from.count, "order: ", pictures[i], " at ", i, ", expected 0 to ",
            from.count - 1);
  }
}

// The crops of an order, all parts.
at::Tensor crops_of(const at::Tensor& crops, const at::Tensor& order) {
  require_dtype(crops, "crops", at::kInt);
  require(crops.numel() == crop_parts * order.numel(), "crops: length ", crops.numel(), ", expected ",
          crop_parts * order.numel());
  require(crops.is_cpu(), "crops: expected them on the CPU");
  return crops.view({crop_parts, order.numel()});
}

}  // namespace

namespace mb {

void gather(mb_batch& batch, const mb_dataset& dataset, const at::Tensor* order, int64_t start, int64_t count,
            const at::Tensor* augmentation, int64_t padding) {
  batch.count = count;
  batch.classes = dataset.classes;
  const int64_t length = order ? order->numel() : dataset.count;
  if constexpr (kernels) {
    if (by_kernels(batch.images.device()) && !dataset.pack) {
      const float* const scale = dataset.normalisation.data_ptr<float>();
      const cuda::Gather from{dataset.images.data_ptr<uint8_t>(),
                              dataset.labels.data_ptr<int64_t>(),
                              dataset.count,
                              dataset.height,
                              dataset.width,
                              dataset.channels,
                              scale,
                              scale + dataset.channels,
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
  if (dataset.home().is_cpu()) {
    const Chosen from{dataset, order ? order->data_ptr<int64_t>() : nullptr, start, count, length};
    const uint8_t* const shifts = augmentation ? augmentation->data_ptr<uint8_t>() : nullptr;
    gather_on_host(batch, from, [&](const Stored& picture, int64_t place, auto* to, auto* scale, auto* shift) {
      // The flip comes after the crop: column x of the result is column width − 1 − x of the crop.
      copy_picture(picture, to, dataset.height, dataset.width, dataset.channels, scale, shift,
                   shifts ? shifts[place] - padding : 0, shifts ? shifts[length + place] - padding : 0,
                   shifts && shifts[2 * length + place] != 0);
    });
    return;
  }
  const auto options = at::TensorOptions().dtype(at::kLong).device(batch.images.device());
  const at::Tensor rows = order ? order->narrow(0, start, count) : at::arange(start, start + count, options);
  gather_by_indexing(batch, dataset, rows, augmentation, start, count, length, padding);
}

}  // namespace mb

int32_t mb_batch_gather(mb_batch* batch, const mb_dataset* dataset, const mb_vector* order, int64_t start,
                        int64_t count, const mb_vector* augmentation, int64_t padding) {
  return guard_within_step("mb_batch_gather", [&] {
    mb_batch& to = object(batch, "batch");
    const mb_dataset& from = object(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_gather(to, from, rows, start, count);
    const at::Tensor* extra = nullptr;
    if (augmentation) {
      extra = &vector_of(augmentation, "augmentation");
      require_dtype(*extra, "augmentation", at::kByte);
      require(extra->numel() == 3 * rows.numel(), "augmentation: length ", extra->numel(), ", expected ",
              3 * rows.numel());
      require(extra->device() == rows.device(), "augmentation: expected the order's device");
      require(padding >= 0 && padding <= 127, "padding: ", padding, ", expected 0 to 127");
    }
    if (from.pack) outside_of_steps();
    const Timed timed(MB_GATHER, rows.device());
    gather(to, from, &rows, start, count, extra, padding);
  });
}

int32_t mb_generator_crops(mb_generator* generator, const mb_dataset* dataset, const mb_vector* order,
                           mb_vector* crops) {
  return guard("mb_generator_crops", [&] {
    at::Generator& drawn = object(generator, "generator").generator;
    const mb_dataset& of = object(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_dtype(rows, "order", at::kLong);
    require(rows.is_cpu(), "order: expected it on the CPU");
    const at::Tensor to = crops_of(vector_of(crops, "crops"), rows);
    const int64_t length = rows.numel();
    const int64_t* const pictures = rows.data_ptr<int64_t>();
    for (int64_t i = 0; i < length; ++i) {
      require(pictures[i] >= 0 && pictures[i] < of.count, "order: ", pictures[i], " at ", i, ", expected 0 to ",
              of.count - 1);
    }
    auto* const engine = at::check_generator<at::CPUGeneratorImpl>(drawn);
    int32_t* const parts = to.data_ptr<int32_t>();
    for (int64_t i = 0; i < length; ++i) {
      const auto [height, width] = of.size_of(pictures[i]);
      const Crop crop = draw_crop(*engine, height, width);
      const int64_t all[crop_parts] = {crop.top, crop.left, crop.height, crop.width, crop.flip};
      for (int64_t part = 0; part < crop_parts; ++part) parts[part * length + i] = static_cast<int32_t>(all[part]);
    }
  });
}

int32_t mb_batch_gather_crops(mb_batch* batch, const mb_dataset* dataset, const mb_vector* order, int64_t start,
                              int64_t count, const mb_vector* crops) {
  return guard_within_step("mb_batch_gather_crops", [&] {
    mb_batch& to = object(batch, "batch");
    const mb_dataset& from = object(dataset, "dataset");
    const at::Tensor& rows = vector_of(order, "order");
    require_gather(to, from, rows, start, count);
    if (!from.home().is_cpu()) throw Failure(MB_UNSUPPORTED, "dataset: on CUDA, expected a packed one");
    const int64_t length = rows.numel();
    const int32_t* const parts = crops_of(vector_of(crops, "crops"), rows).data_ptr<int32_t>();
    const int64_t* const pictures = rows.data_ptr<int64_t>();
    const auto crop_at = [=](int64_t place) {
      const auto part = [=](int64_t which) { return int64_t{parts[which * length + place]}; };
      return Crop{part(0), part(1), part(2), part(3), part(4) != 0};
    };
    for (int64_t place = start; place < start + count; ++place) {
      const Crop crop = crop_at(place);
      const auto [height, width] = from.size_of(pictures[place]);
      require(crop.top >= 0 && crop.left >= 0 && crop.height >= 1 && crop.width >= 1 &&
                  crop.height <= height - crop.top && crop.width <= width - crop.left,
              "crops: ", crop.height, " × ", crop.width, " from ", crop.top, ", ", crop.left, " at ", place,
              ", expected it within ", height, " × ", width);
    }
    outside_of_steps();
    const Timed timed(MB_GATHER, rows.device());
    to.count = count;
    to.classes = from.classes;
    const Chosen chosen{from, pictures, start, count, length};
    gather_on_host(to, chosen, [&](const Stored& picture, int64_t place, auto* target, auto* scale, auto* shift) {
      resize_crop(picture, crop_at(place), from.channels, scale, shift, target, from.height, from.width);
    });
  });
}
