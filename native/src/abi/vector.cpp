// Vectors: flat, typed, on a device.
#include <ATen/TensorOperators.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "../ops/sums.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {
// A real vector that is about to be written, and another like it.
std::pair<at::Tensor, at::Tensor> pair_of(mb_vector* vector, const char* argument, const mb_vector* other,
                                          const char* other_argument) {
  at::Tensor& target = vector_of(vector, argument);
  const at::Tensor& by = vector_of(other, other_argument);
  require(vector != other, argument, ", ", other_argument, ": one vector twice, expected two");
  require(at::isFloatingType(target.scalar_type()), argument, ": ", c10::toString(target.scalar_type()),
          ", expected Float or Double");
  require_like(by, other_argument, target, argument);
  return {target, by};
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

int32_t mb_vector_multiply(mb_vector* vector, const mb_vector* factor) {
  return guard_within_step("mb_vector_multiply", [&] {
    const auto [target, by] = pair_of(vector, "vector", factor, "factor");
    if (carry_out("mb_vector_multiply", {word(target), word(by)})) target.mul_(by);
  });
}

int32_t mb_vector_add(mb_vector* vector, const mb_vector* term) {
  return guard_within_step("mb_vector_add", [&] {
    const auto [target, by] = pair_of(vector, "vector", term, "term");
    if (carry_out("mb_vector_add", {word(target), word(by)})) target.add_(by);
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

int32_t mb_vector_sigmoid(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_sigmoid", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    require(at::isFloatingType(range.scalar_type()), "vector: ", c10::toString(range.scalar_type()),
            ", expected Float or Double");
    if (carry_out("mb_vector_sigmoid", {word(range), word(double(length))})) range.sigmoid_();
  });
}

int32_t mb_vector_binarise(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_binarise", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    if (!carry_out("mb_vector_binarise", {word(range), word(double(length))}) || length == 0) return;
    if (!by_loops(range.device())) {
      const at::Tensor signs = range.sign(), count = signs.abs().sum(at::kDouble).clamp_min(1);
      range.copy_(signs.mul_(range.abs().sum(at::kDouble) / count));
      return;
    }
    const float* const x = range.data_ptr<float>();
    const TwoSums sums = sums_of(length, [&](int64_t begin, int64_t end) {
      double magnitudes = 0, count = 0;
#pragma omp simd reduction(+ : magnitudes, count)
      for (int64_t i = begin; i < end; ++i) {
        magnitudes += std::abs(x[i]);
        count += x[i] != 0 ? 1 : 0;
      }
      return TwoSums{magnitudes, count};
    });
    range.sign_().mul_(sums.first / std::max(sums.second, 1.0));
  });
}

int32_t mb_vector_centre(mb_vector* vector, int64_t offset, int64_t length) {
  return guard_within_step("mb_vector_centre", [&] {
    at::Tensor range = range_of(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    if (!carry_out("mb_vector_centre", {word(range), word(double(length))}) || length == 0) return;
    if (!by_loops(range.device())) {
      range.sub_(range.mean(at::kDouble));
      return;
    }
    float* const x = range.data_ptr<float>();
    const TwoSums sums = sums_of(length, [&](int64_t begin, int64_t end) {
      double sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t i = begin; i < end; ++i) sum += x[i];
      return TwoSums{sum};
    });
    const auto mean = static_cast<float>(sums.first / static_cast<double>(length));
    at::parallel_for(0, length, 1 << 15, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) x[i] -= mean;
    });
  });
}
