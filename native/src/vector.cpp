// Vectors: flat, typed, on a device.
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "step.hpp"

using namespace mb;

int32_t mb_vector_create(int64_t length, int32_t dtype, int32_t device, mb_vector** out) {
  return guard("mb_vector_create", [&] {
    require_out(out);
    require(length >= 0 && length <= (int64_t{1} << 40), "length: ", length, ", expected 0 to 2^40");
    const auto options = at::TensorOptions().dtype(dtype_of(dtype)).device(device_of(device));
    *out = adopt(std::make_unique<mb_vector>(mb_vector{at::zeros({length}, options), {}, {}}));
  });
}

int32_t mb_vector_free(mb_vector* vector) {
  return guard("mb_vector_free", [&] { release(vector, "vector"); });
}

int32_t mb_vector_upload(mb_vector* vector, const void* data, int64_t offset, int64_t length) {
  return guard("mb_vector_upload", [&] {
    at::Tensor target = range_of(vector, "vector", offset, length);
    if (length == 0) return;  // an empty array arrives as null
    require(data != nullptr, "data: null, expected ", length, " elements");
    target.copy_(at::from_blob(const_cast<void*>(data), {length}, target.options().device(at::kCPU)));
  });
}

int32_t mb_vector_download(mb_vector* vector, void* data, int64_t offset, int64_t length) {
  return guard("mb_vector_download", [&] {
    const at::Tensor source = range_of(static_cast<const mb_vector*>(vector), "vector", offset, length);
    if (length == 0) return;
    require(data != nullptr, "data: null, expected room for ", length, " elements");
    at::from_blob(data, {length}, source.options().device(at::kCPU)).copy_(source);
  });
}

int32_t mb_vector_copy(mb_vector* to, const mb_vector* from) {
  return guard_within_step("mb_vector_copy", [&] {
    at::Tensor& target = vector_of(to, "to");
    const at::Tensor& source = vector_of(from, "from");
    require(source.numel() == target.numel(), "from: length ", source.numel(), ", expected ", target.numel(),
            " like to");
    if (!carry_out("mb_vector_copy", {word(target), word(source)})) return;
    target.copy_(source);
  });
}

int32_t mb_vector_affine(mb_vector* vector, int64_t offset, int64_t length, double scale, double shift) {
  return guard_within_step("mb_vector_affine", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    require(at::isFloatingType(range.scalar_type()), "vector: ", c10::toString(range.scalar_type()),
            ", expected Float or Double");
    require_finite(scale, "scale", range);
    require_finite(shift, "shift", range);
    if (!carry_out("mb_vector_affine", {word(range), word(double(length)), word(scale), word(shift)})) return;
    if (scale != 1) range.mul_(scale);
    if (shift != 0) range.add_(shift);
  });
}

int32_t mb_vector_sign(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_sign", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    if (!carry_out("mb_vector_sign", {word(range), word(double(length))})) return;
    range.sign_();
  });
}
