#include "handles.hpp"

#include <ATen/Context.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace mb {

HandleTable& handles() {
  static HandleTable* table = new HandleTable;  // never destroyed: handles may be freed at exit
  return *table;
}

const HandleTable::Entry& HandleTable::at(const void* handle, const char* family, const char* argument) const {
  require(handle != nullptr, argument, ": null, expected a ", family);
  const auto found = alive.find(reinterpret_cast<uintptr_t>(handle));
  require(found != alive.end(), argument, ": freed or unknown, expected a ", family);
  require(std::strcmp(found->second.family, family) == 0, argument, ": a ", found->second.family, ", expected a ",
          family);
  return found->second;
}

const at::Tensor& vector_of(const mb_vector* handle, const char* argument) {
  return object_of(handle, argument).tensor;
}

at::Tensor& vector_for_writing(mb_vector* handle, const char* argument) {
  mb_vector& vector = object_of(handle, argument);
  vector.selection.counted = false;
  return vector.tensor;
}

const at::Tensor range_of(const mb_vector* handle, const char* argument, int64_t offset, int64_t length) {
  const at::Tensor& tensor = vector_of(handle, argument);
  const int64_t size = tensor.size(0);
  require(offset >= 0 && length >= 0 && offset <= size && length <= size - offset, argument, ": range of ", length,
          " from ", offset, ", expected one within its ", size, " elements");
  return tensor.narrow(0, offset, length);
}

at::Tensor range_for_writing(mb_vector* handle, const char* argument, int64_t offset, int64_t length) {
  vector_for_writing(handle, argument);
  return range_of(handle, argument, offset, length);
}

void require_floating(const at::Tensor& tensor, const char* argument) {
  require(at::isFloatingType(tensor.scalar_type()), argument, ": ", c10::toString(tensor.scalar_type()),
          ", expected Float or Double");
}

void require_dtype(const at::Tensor& tensor, const char* argument, at::ScalarType expected) {
  require(tensor.scalar_type() == expected, argument, ": ", c10::toString(tensor.scalar_type()), ", expected ",
          c10::toString(expected));
}

void require_like(const at::Tensor& tensor, const char* argument, const at::Tensor& model,
                  const char* model_argument) {
  require(tensor.numel() == model.numel(), argument, ": length ", tensor.numel(), ", expected ", model.numel(),
          " like ", model_argument);
  require_dtype(tensor, argument, model.scalar_type());
  require(tensor.device() == model.device(), argument, ": on ", tensor.device().str(), ", expected ",
          model.device().str(), " like ", model_argument);
}

void require_finite(double value, const char* argument, const at::Tensor& tensor) {
  const double max = tensor.scalar_type() == at::kDouble ? std::numeric_limits<double>::max()
                                                         : std::numeric_limits<float>::max();
  require(std::abs(value) <= max, argument, ": ", value, ", expected a finite ", c10::toString(tensor.scalar_type()));
}

void require_shape(int64_t channels, int64_t height, int64_t width) {
  require(channels >= 1 && channels <= 4096 && height >= 1 && height <= 65536 && width >= 1 && width <= 65536,
          "channels, height, width: ", channels, ", ", height, ", ", width, ", expected at least 1 and sane");
}

void require_countable(std::initializer_list<int64_t> sizes, const char* argument) {
  int64_t product = 1;
  for (const int64_t size : sizes) {
    require(size == 0 || product <= (int64_t{1} << 40) / size, argument,
            ": their product is too large, expected at most 2^40");
    product *= size;
  }
}

at::ScalarType dtype_of(int32_t dtype, const char* argument) {
  switch (dtype) {
    case MB_FLOAT32: return at::kFloat;
    case MB_FLOAT64: return at::kDouble;
    case MB_UINT8: return at::kByte;
    case MB_INT32: return at::kInt;
    case MB_INT64: return at::kLong;
    default: break;
  }
  require(false, argument, ": ", dtype, ", expected 0 (float32) to 4 (int64)");
  return at::kFloat;
}

at::ScalarType floating_dtype_of(int32_t dtype, const char* argument) {
  require(dtype == MB_FLOAT32 || dtype == MB_FLOAT64, argument, ": ", dtype, ", expected 0 (float32) or 1 (float64)");
  return dtype_of(dtype, argument);
}

at::Device device_of(int32_t device, const char* argument) {
  require(device == MB_CPU || device == MB_CUDA, argument, ": ", device, ", expected 0 (cpu) or 1 (cuda)");
  if (device == MB_CPU) return at::Device(at::kCPU);
  if (!at::globalContext().hasCUDA()) {
    throw Failure(MB_UNSUPPORTED, std::string(argument) + ": cuda, but this libtorch or machine has none");
  }
  cuda::use_own_stream();
  return at::Device(at::kCUDA, 0);
}

}  // namespace mb
