#include "dataset.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <limits>

namespace mb {

std::unique_ptr<mb_dataset> make_dataset(const DatasetDescription& description, at::Device device) {
  const auto& [labels, count, channels, height, width, classes, mean, deviation] = description;
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
    constexpr double max = std::numeric_limits<float>::max();
    require(scale <= max && std::abs(shift) <= max, "mean, deviation: ", mean[c], ", ", deviation[c], " of channel ", c,
            ", expected a quotient that float32 can hold");
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

void set_images(mb_dataset& dataset, const uint8_t* images) {
  const int64_t count = dataset.count, channels = dataset.channels;
  dataset.images =
      at::from_blob(const_cast<uint8_t*>(images), {count, channels, dataset.height, dataset.width}, at::kByte)
          .permute({0, 2, 3, 1})
          .clone(at::MemoryFormat::Contiguous)
          .to(dataset.device);
  dataset.labels = dataset.labels.to(dataset.device);
  std::vector<float> both = dataset.scale;
  both.insert(both.end(), dataset.shift.begin(), dataset.shift.end());
  dataset.normalisation = at::tensor(at::ArrayRef<float>(both)).to(dataset.device);
}

void open_pack(mb_dataset& dataset, const char* path, int64_t bytes, const int64_t* index) {
  const int64_t count = dataset.count, height = dataset.height, width = dataset.width;
  std::vector<PackEntry> entries(count);
  for (int64_t i = 0; i < count; ++i) {
    entries[i] = {index[3 * i], index[3 * i + 1], index[3 * i + 2]};
    require(entries[i].height >= height && entries[i].width >= width, "index: picture ", i, " of ", entries[i].height,
            " × ", entries[i].width, ", expected at least ", height, " × ", width);
  }
  dataset.pack = std::make_unique<Pack>(path, bytes, entries.data(), count, dataset.channels);
}

}  // namespace mb
