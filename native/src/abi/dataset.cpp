// Data sets: made of pictures in memory, or opened from a file of them.
#include "../ops/dataset.hpp"

using namespace mb;

int32_t mb_dataset_create(const uint8_t* images, const int32_t* labels, int64_t count, int64_t channels,
                          int64_t height, int64_t width, int64_t classes, const double* mean, const double* deviation,
                          int32_t device, mb_dataset** out) {
  return guard("mb_dataset_create", [&] {
    require_out(out);
    require_shape(channels, height, width);
    require_countable({count, channels, height, width}, "count, channels, height, width");
    require(images != nullptr, "images: null, expected an array");
    const at::Device home = device_of(device);
    auto dataset = make_dataset({labels, count, channels, height, width, classes, mean, deviation}, home);
    set_images(*dataset, images);
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
    const at::Device batches = device_of(device);
    auto dataset = make_dataset({labels, count, channels, height, width, classes, mean, deviation}, batches);
    open_pack(*dataset, path, bytes, index);
    *out = adopt(std::move(dataset));
  });
}

int32_t mb_dataset_free(mb_dataset* dataset) {
  return guard("mb_dataset_free", [&] { release(dataset, "dataset"); });
}
