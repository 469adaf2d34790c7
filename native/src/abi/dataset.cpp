// Data sets: pictures as bytes on the device, or packed in a file, and how they are normalised when they are gathered.
#include "dataset.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>

using namespace mb;

namespace {

// A data set without its pictures.
std::unique_ptr<mb_dataset> described(const int32_t* labels, int64_t count, int64_t channels, int64_t height,
                                      int64_t width, int64_t classes, const double* mean, const double* deviation,
                                      at::Device device) {
  require(count >= 1 && count <= (int64_t{1} << 32), "count: ", count, ", expected at least 1");
  require(classes >= 1 && classes <= (1 << 24), "classes: ", classes, ", expected at least 1");
  require(labels && mean && deviation, "labels, mean, deviation: null, expected arrays");
  for (int64_t i = 0; i < count; ++i) {
    require(labels[i] >= 0 && labels[i] < classes, "labels: ", labels[i], " at ", i, ", expected 0 to ", classes - 1);
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
  dataset->labels = at::from_blob(const_cast<int32_t*>(labels), {count}, at::kInt).to(at::kLong);
  dataset->count = count;
  dataset->channels = channels;
  dataset->height = height;
  dataset->width = width;
  dataset->classes = classes;
  dataset->device = device;
  return dataset;
}

}  // namespace

namespace mb {
void require_shape(int64_t channels, int64_t height, int64_t width) {
  require(channels >= 1 && channels <= 4096 && height >= 1 && height <= 65536 && width >= 1 && width <= 65536,
          "channels, height, width: ", channels, ", ", height, ", ", width, ", expected at least 1 and sane");
}
}  // namespace mb

int32_t mb_dataset_create(const uint8_t* images, const int32_t* labels, int64_t count, int64_t channels,
                          int64_t height, int64_t width, int64_t classes, const double* mean, const double* deviation,
                          int32_t device, mb_dataset** out) {
  return guard("mb_dataset_create", [&] {
    require_out(out);
    require_shape(channels, height, width);
    require_countable({count, channels, height, width}, "count, channels, height, width");
    require(images != nullptr, "images: null, expected an array");
    const at::Device where = device_of(device);
    auto dataset = described(labels, count, channels, height, width, classes, mean, deviation, where);
    dataset->images = at::from_blob(const_cast<uint8_t*>(images), {count, channels, height, width}, at::kByte)
                          .permute({0, 2, 3, 1})
                          .clone(at::MemoryFormat::Contiguous)
                          .to(where);
    dataset->labels = dataset->labels.to(where);
    std::vector<float> both = dataset->scale;
    both.insert(both.end(), dataset->shift.begin(), dataset->shift.end());
    dataset->normalisation = at::tensor(at::ArrayRef<float>(both)).to(where);
    *out = adopt(std::move(dataset));
  });
}

int32_t mb_dataset_open(const char* path, int64_t bytes, const int64_t* index, const int32_t* labels, int64_t count,
                        int64_t channels, int64_t height, int64_t width, int64_t classes, const double* mean,
                        const double* deviation, int32_t device, mb_dataset** out) {
  return guard("mb_dataset_open", [&] {
    require_out(out);
    require_shape(channels, height, width);
    require_countable({channels, height, width}, "channels, height, width");
    require(bytes >= 1, "bytes: ", bytes, ", expected at least 1");
    require(path && index, "path, index: null, expected arrays");
    auto dataset = described(labels, count, channels, height, width, classes, mean, deviation, device_of(device));
    std::vector<Place> places(count);
    for (int64_t i = 0; i < count; ++i) {
      places[i] = {index[3 * i], index[3 * i + 1], index[3 * i + 2]};
      require(places[i].height >= height && places[i].width >= width, "index: picture ", i, " of ", places[i].height,
              " × ", places[i].width, ", expected at least ", height, " × ", width);
    }
    dataset->pack = std::make_unique<Pack>(path, bytes, places.data(), count, channels);
    *out = adopt(std::move(dataset));
  });
}

int32_t mb_dataset_free(mb_dataset* dataset) {
  return guard("mb_dataset_free", [&] { release(dataset, "dataset"); });
}
