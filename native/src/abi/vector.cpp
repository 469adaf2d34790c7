// Vectors: flat, typed, on a device.
#include "../ops/vector.hpp"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include "../runtime/step.hpp"

using namespace mb;

namespace {

// Opens a real vector for writing, and checks that another one is like it. Gives the first.
at::Tensor& pair_for_writing(mb_vector* vector, const mb_vector* other, const char* other_argument) {
  at::Tensor& target = vector_for_writing(vector, "vector");
  const at::Tensor& by = vector_of(other, other_argument);
  require(vector != other, "vector, ", other_argument, ": one vector twice, expected two");
  require_floating(target, "vector");
  require_like(by, other_argument, target, "vector");
  return target;
}

}  // namespace

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
    at::Tensor target = range_for_writing(vector, "vector", offset, length);
    if (length == 0) return;  // an empty array arrives as null
    require(data != nullptr, "data: null, expected ", length, " elements");
    target.copy_(at::from_blob(const_cast<void*>(data), {length}, target.options().device(at::kCPU)));
  });
}

int32_t mb_vector_download(mb_vector* vector, void* data, int64_t offset, int64_t length) {
  return guard("mb_vector_download", [&] {
    const at::Tensor source = range_of(vector, "vector", offset, length);
    if (length == 0) return;
    require(data != nullptr, "data: null, expected a buffer for ", length, " elements");
    at::from_blob(data, {length}, source.options().device(at::kCPU)).copy_(source);
  });
}

int32_t mb_vector_copy(mb_vector* to, const mb_vector* from) {
  return guard_within_step("mb_vector_copy", [&] {
    at::Tensor& target = vector_for_writing(to, "to");
    const at::Tensor& source = vector_of(from, "from");
    require(source.numel() == target.numel(), "from: length ", source.numel(), ", expected ", target.numel(),
            " like to");
    carry_out("mb_vector_copy", copy_vector, Input{source}, Output{target});
  });
}

int32_t mb_vector_multiply(mb_vector* vector, const mb_vector* factor) {
  return guard_within_step("mb_vector_multiply", [&] {
    at::Tensor& target = pair_for_writing(vector, factor, "factor");
    carry_out("mb_vector_multiply", multiply_vector, Input{vector_of(factor, "factor")}, Output{target});
  });
}

int32_t mb_vector_add(mb_vector* vector, const mb_vector* term) {
  return guard_within_step("mb_vector_add", [&] {
    at::Tensor& target = pair_for_writing(vector, term, "term");
    carry_out("mb_vector_add", add_vector, Input{vector_of(term, "term")}, Output{target});
  });
}

int32_t mb_vector_affine(mb_vector* vector, int64_t offset, int64_t length, double scale, double shift) {
  return guard_within_step("mb_vector_affine", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    require_floating(range, "vector");
    require_finite(scale, "scale", range);
    require_finite(shift, "shift", range);
    carry_out("mb_vector_affine", transform_affinely, Constant{scale}, Constant{shift}, Output{range});
  });
}

int32_t mb_vector_sign(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_sign", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    carry_out("mb_vector_sign", take_sign, Output{range});
  });
}

int32_t mb_vector_sigmoid(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_sigmoid", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    require_floating(range, "vector");
    carry_out("mb_vector_sigmoid", take_sigmoid, Output{range});
  });
}

int32_t mb_vector_binarise(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_binarise", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    carry_out("mb_vector_binarise", binarise_vector, Output{range});
  });
}

int32_t mb_vector_centre(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_centre", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    carry_out("mb_vector_centre", centre_vector, Output{range});
  });
}

int32_t mb_vector_clip_norm(mb_vector* vector, double max) {
  return guard_within_step("mb_vector_clip_norm", [&] {
    at::Tensor whole = vector_for_writing(vector, "vector");
    require_dtype(whole, "vector", at::kFloat);
    require(max > 0 && std::isfinite(max), "max: ", max, ", expected a finite number over 0");
    carry_out("mb_vector_clip_norm", clip_norm, Constant{max}, Output{whole});
  });
}
