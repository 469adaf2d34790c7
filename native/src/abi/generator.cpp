// Generators: libtorch's CPU generator, so that the CPU and CUDA start alike and PyTorch users can repeat a draw.
#include "../ops/generator.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include "../runtime/handles.hpp"

using namespace mb;

namespace {

void require_state(const uint8_t* state, int64_t length) {
  require(state != nullptr, "state: null, expected ", MB_GENERATOR_STATE, " bytes");
  require(length == MB_GENERATOR_STATE, "length: ", length, ", expected ", MB_GENERATOR_STATE);
}

at::Generator& generator_of(mb_generator* handle) { return object_of(handle, "generator").generator; }

}  // namespace

int32_t mb_generator_create(uint64_t seed, mb_generator** out) {
  return guard("mb_generator_create", [&] {
    require_out(out);
    *out = adopt(std::make_unique<mb_generator>(mb_generator{at::detail::createCPUGenerator(seed)}));
  });
}

int32_t mb_generator_free(mb_generator* generator) {
  return guard("mb_generator_free", [&] { release(generator, "generator"); });
}

int32_t mb_generator_normal(mb_generator* generator, mb_vector* vector, int64_t offset, int64_t length,
                            double deviation) {
  return guard("mb_generator_normal", [&] {
    const at::Tensor& whole = vector_of(vector, "vector");
    require_floating(whole, "vector");
    require(deviation >= 0, "deviation: ", deviation, ", expected at least 0");
    require_finite(deviation, "deviation", whole);
    at::Generator& draws = generator_of(generator);
    at::Tensor to = range_for_writing(vector, "vector", offset, length);
    draw_normal(draws, deviation, to);
  });
}

int32_t mb_generator_uniform(mb_generator* generator, mb_vector* vector, int64_t offset, int64_t length, double low,
                             double high) {
  return guard("mb_generator_uniform", [&] {
    const at::Tensor& whole = vector_of(vector, "vector");
    require_floating(whole, "vector");
    require_finite(low, "low", whole);
    require_finite(high, "high", whole);
    require(low <= high && high - low <= 3.4e38, "low, high: ", low, ", ", high,
            ", expected low <= high, and at most 3.4e38 between them");
    at::Generator& draws = generator_of(generator);
    at::Tensor to = range_for_writing(vector, "vector", offset, length);
    draw_uniform(draws, low, high, to);
  });
}

int32_t mb_generator_integers(mb_generator* generator, mb_vector* vector, int64_t offset, int64_t length,
                              int64_t high) {
  return guard("mb_generator_integers", [&] {
    const at::Tensor& whole = vector_of(vector, "vector");
    require(!at::isFloatingType(whole.scalar_type()), "vector: ", c10::toString(whole.scalar_type()),
            ", expected Byte, Int or Long");
    const int64_t max = whole.scalar_type() == at::kByte ? 256 : int64_t{1} << 31;
    require(high >= 1 && high <= max, "high: ", high, ", expected 1 to ", max);
    at::Generator& draws = generator_of(generator);
    at::Tensor to = range_for_writing(vector, "vector", offset, length);
    draw_integers(draws, high, to);
  });
}

int32_t mb_generator_permutation(mb_generator* generator, mb_vector* vector) {
  return guard("mb_generator_permutation", [&] {
    require_dtype(vector_of(vector, "vector"), "vector", at::kLong);
    draw_permutation(generator_of(generator), vector_for_writing(vector, "vector"));
  });
}

int32_t mb_generator_save(const mb_generator* generator, uint8_t* state, int64_t length) {
  return guard("mb_generator_save", [&] {
    const at::Generator& source = object_of(generator, "generator").generator;
    require_state(state, length);
    save_state(source, state, length);
  });
}

int32_t mb_generator_restore(mb_generator* generator, const uint8_t* state, int64_t length) {
  return guard("mb_generator_restore", [&] {
    at::Generator& target = generator_of(generator);
    require_state(state, length);
    target = restore_state(state, length);
  });
}
