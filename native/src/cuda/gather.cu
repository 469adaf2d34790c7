// A batch is gathered, cropped, flipped, normalised and converted in one launch, with the arithmetic of ops/gather.cpp.
#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

template <typename To>
struct PixelWriter {
  BatchSource from;
  To* images;
  int64_t* labels;
  // Writes entry e of the batch, channels last.
  __device__ void operator()(int64_t e) const {
    using Sum = decltype(Conversion<double>::of(To{}) * 0.0f);
    const int64_t size = from.height * from.width * from.channels;
    const int64_t i = e / size, index = static_cast<int64_t>(value_of(from.start)) + i;
    const int64_t image = from.order ? from.order[index] : index;
    const int64_t channel = e % from.channels, x = e / from.channels % from.width, y = e % size / (from.width * from.channels);
    int64_t row = y, column = x;
    if (from.augmentation) {
      row += from.augmentation[index] - from.padding;
      if (from.augmentation[2 * from.length + index] != 0) column = from.width - 1 - x;
      column += from.augmentation[from.length + index] - from.padding;
    }
    if (image < 0 || image >= from.pictures) {  // the host could learn of it by waiting alone: it shows in the loss
      if (e % size == 0) labels[i] = 0;
      images[e] = Conversion<To>::of(same_bits<float>(0x7fc00000u));
      return;
    }
    if (e % size == 0) labels[i] = from.labels[image];
    if (row < 0 || row >= from.height || column < 0 || column >= from.width) {
      images[e] = Conversion<To>::of(0.0f);
      return;
    }
    const uint8_t byte = from.images[image * size + (row * from.width + column) * from.channels + channel];
    images[e] = Conversion<To>::of(normalise(byte, channel, Sum{}));
  }
  __device__ float normalise(uint8_t byte, int64_t channel, float) const {
    return byte * from.scale[channel] + from.shift[channel];
  }
  __device__ double normalise(uint8_t byte, int64_t channel, double) const {
    return byte * static_cast<double>(from.scale[channel]) + static_cast<double>(from.shift[channel]);
  }
};

}  // namespace

void gather_batch(const BatchSource& from, void* images, int64_t* labels, Real type, void* stream) {
  const int64_t entries = from.count * from.height * from.width * from.channels;
  with_type(type, [&](auto value) {
    using To = decltype(value);
    for_each(entries, stream, PixelWriter<To>{from, static_cast<To*>(images), labels});
  });
}

}  // namespace mb::cuda
