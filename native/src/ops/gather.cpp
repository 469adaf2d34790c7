#include "gather.hpp"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>

#include "../runtime/dispatch.hpp"

namespace mb {
namespace {

// Writes the middle of a picture, or what lies `down` and `right` of it: rows of width · channels numbers. What lies outside
// of the picture is a padded zero.
template <typename Real>
void copy_picture(const StoredPicture& picture, Real* to, int64_t height, int64_t width, int64_t channels,
                  const Real* scale, const Real* shift, int64_t down, int64_t right, bool flip) {
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

// The pictures of a batch: indices start to start + count of an order of `length` of them.
struct PictureRange {
  const mb_dataset& dataset;
  const int64_t* order;  // null: start, start + 1, …
  int64_t start, count, length;

  int64_t picture_at(int64_t index) const { return order ? order[index] : index; }
};

// Gathers by loops on the host; `write` gets a picture, its index in the order, where it goes, and its normalisation.
template <typename Real, typename Write>
void fill_rows(at::Tensor& images, at::Tensor& labels, const PictureRange& from, const Write& write) {
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
      const int64_t index = from.start + i, picture = from.picture_at(index);
      write(dataset.at(picture), index, to + i * size, scale.data(), shift.data());
      truth[i] = known[picture];
    }
  });
}

// Makes the disk read this batch's pictures, and the next one's while this one is computed with.
void prefetch_pictures(const PictureRange& from) {
  const int64_t end = std::min(from.start + 2 * from.count, from.length);
  for (int64_t index = from.start; index < end; ++index) {
    const int64_t picture = from.picture_at(index);
    if (picture >= 0 && picture < from.dataset.count) from.dataset.pack->prefetch(picture);
  }
}

// Fills the batch by the host: in place, or by way of pinned memory where its memory or its type is not the host's. The copy
// from there goes on while the host is at the next batch; libtorch keeps the memory until it is done.
template <typename Write>
void gather_on_host(at::Tensor& images, at::Tensor& labels, const PictureRange& from, const Write& write) {
  if (from.dataset.pack) prefetch_pictures(from);
  const at::ScalarType type = images.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  const auto fill = [&](at::Tensor& to, at::Tensor& truth) {
    if (type == at::kFloat) {
      fill_rows<float>(to, truth, from, write);
    } else {
      fill_rows<double>(to, truth, from, write);
    }
  };
  if (images.is_cpu() && images.scalar_type() == type) return fill(images, labels);
  const auto options = at::TensorOptions().pinned_memory(images.is_cuda());
  const at::Tensor pictures = images.narrow(0, 0, from.count);
  at::Tensor own_images = at::empty(pictures.sizes(), options.dtype(type), at::MemoryFormat::ChannelsLast);
  at::Tensor own_labels = at::empty({from.count}, options.dtype(at::kLong));
  fill(own_images, own_labels);
  pictures.copy_(own_images.to(images.device(), /*non_blocking=*/true));
  labels.narrow(0, 0, from.count).copy_(own_labels, /*non_blocking=*/true);
}

void gather_by_loop(const PictureRange& from, const at::Tensor& augmentation, int64_t padding, at::Tensor& images,
                    at::Tensor& labels) {
  const mb_dataset& dataset = from.dataset;
  const int64_t length = from.length;
  const uint8_t* const shifts = augmentation.defined() ? augmentation.data_ptr<uint8_t>() : nullptr;
  gather_on_host(images, labels, from,
                 [&](const StoredPicture& picture, int64_t index, auto* to, auto* scale, auto* shift) {
                   // The flip comes after the crop: column x of the result is column width − 1 − x of the crop.
                   copy_picture(picture, to, dataset.height, dataset.width, dataset.channels, scale, shift,
                                shifts ? shifts[index] - padding : 0, shifts ? shifts[length + index] - padding : 0,
                                shifts && shifts[2 * length + index] != 0);
                 });
}

// Shifts and flips pictures (count, height, width, channels); `parts` are rows down, columns right and flips of each.
at::Tensor shift_pictures(const at::Tensor& pictures, const at::Tensor& parts, int64_t padding) {
  const int64_t count = pictures.size(0), height = pictures.size(1), width = pictures.size(2), channels = pictures.size(3);
  const auto part = [&](int64_t which) { return parts.select(0, which).to(at::kLong).view({count, 1}); };
  const auto options = parts.options().dtype(at::kLong);
  const at::Tensor ys = at::arange(height, options).view({1, height}) + part(0) - padding;
  at::Tensor xs = at::arange(width, options).view({1, width}).expand({count, width});
  xs = at::where(part(2).ne(0), width - 1 - xs, xs) + part(1) - padding;
  const at::Tensor inside = (ys.ge(0) & ys.lt(height)).view({count, height, 1, 1}) &
                            (xs.ge(0) & xs.lt(width)).view({count, 1, width, 1});
  const at::Tensor index = ys.clamp(0, height - 1).view({count, height, 1}) * width +
                           xs.clamp(0, width - 1).view({count, 1, width});
  return pictures.view({count, height * width, channels})
      .gather(1, index.view({count, height * width, 1}).expand({count, height * width, channels}))
      .view({count, height, width, channels})
      .mul_(inside);
}

void gather_by_operations(const PictureRange& from, const at::Tensor& order, const at::Tensor& augmentation,
                          int64_t padding, at::Tensor& images, at::Tensor& labels) {
  const mb_dataset& dataset = from.dataset;
  const int64_t start = from.start, count = from.count;
  const auto longs = at::TensorOptions().dtype(at::kLong).device(images.device());
  const at::Tensor asked = order.defined() ? order.narrow(0, start, count) : at::arange(start, start + count, longs);
  const at::Tensor rows = asked.clamp(0, dataset.count - 1);
  const auto options = images.options();
  const at::Tensor scale = at::tensor(at::ArrayRef<float>(dataset.scale)).to(options.device(), options.dtype());
  const at::Tensor shift = at::tensor(at::ArrayRef<float>(dataset.shift)).to(options.device(), options.dtype());
  at::Tensor pictures = dataset.images.index_select(0, rows).to(images.scalar_type()) * scale + shift;
  if (augmentation.defined()) {
    const at::Tensor parts = augmentation.view({3, from.length}).narrow(1, start, count);
    pictures = shift_pictures(pictures, parts, padding);
  }
  pictures.masked_fill_(rows.ne(asked).view({count, 1, 1, 1}), std::nan(""));
  images.narrow(0, 0, count).copy_(pictures.permute({0, 3, 1, 2}));
  labels.narrow(0, 0, count).copy_(dataset.labels.index_select(0, rows));
}

}  // namespace

void gather_batch(const mb_dataset& dataset, const at::Tensor& order, cuda::Number start, int64_t count,
                  const at::Tensor& augmentation, int64_t padding, at::Tensor& images, at::Tensor& labels) {
  const bool ordered = order.defined(), augmented = augmentation.defined();
  const int64_t length = ordered ? order.numel() : dataset.count;
  const int64_t* const indices = ordered ? order.data_ptr<int64_t>() : nullptr;
  const PictureRange from{dataset, indices, static_cast<int64_t>(start.value), count, length};
  if (dataset.pack) return gather_by_loop(from, augmentation, padding, images, labels);
  dispatch(images.device(),
           Kernel{[&] {
             const float* const scale = dataset.normalisation.data_ptr<float>();
             const cuda::BatchSource source{dataset.images.data_ptr<uint8_t>(),
                                            dataset.labels.data_ptr<int64_t>(),
                                            dataset.count,
                                            dataset.height,
                                            dataset.width,
                                            dataset.channels,
                                            scale,
                                            scale + dataset.channels,
                                            indices,
                                            start,
                                            count,
                                            augmented ? augmentation.data_ptr<uint8_t>() : nullptr,
                                            length,
                                            padding};
             cuda::gather_batch(source, images.data_ptr(), labels.data_ptr<int64_t>(), real_of(images),
                                cuda::current_stream());
           }},
           Loop{[&] { gather_by_loop(from, augmentation, padding, images, labels); }},
           Operations{[&] { gather_by_operations(from, order, augmentation, padding, images, labels); }});
}

void draw_crops(at::Generator& generator, const mb_dataset& dataset, const at::Tensor& order, CropList crops) {
  const int64_t* const pictures = order.data_ptr<int64_t>();
  auto* const engine = at::check_generator<at::CPUGeneratorImpl>(generator);
  for (int64_t index = 0; index < order.numel(); ++index) {
    const auto [height, width] = dataset.size_of(pictures[index]);
    crops.set(index, draw_crop(*engine, height, width));
  }
}

void gather_crops(const mb_dataset& dataset, const at::Tensor& order, int64_t start, int64_t count, CropList crops,
                  at::Tensor& images, at::Tensor& labels) {
  const PictureRange from{dataset, order.data_ptr<int64_t>(), start, count, order.numel()};
  gather_on_host(images, labels, from,
                 [&](const StoredPicture& picture, int64_t index, auto* to, auto* scale, auto* shift) {
                   resize_crop(picture, crops.at(index), dataset.channels, scale, shift, to, dataset.height,
                               dataset.width);
                 });
}

}  // namespace mb
