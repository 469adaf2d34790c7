// Generators: libtorch's CPU generator, so that the CPU and CUDA start alike and PyTorch users can repeat a draw.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/randperm.h>

#include <algorithm>

#include "../runtime/handles.hpp"

using namespace mb;

namespace {
// Draws on the CPU into a tensor of its own, then copies: a draw into a slice must equal a draw of that length.
template <typename Draw>
void draw_into(mb_generator* handle, mb_vector* vector, int64_t offset, int64_t length, Draw draw) {
  at::Generator& generator = object(handle, "generator").generator;
  at::Tensor target = range_of(vector, "vector", offset, length);
  at::Tensor drawn = at::empty({length}, target.options().device(at::kCPU));
  draw(drawn, generator);
  target.copy_(drawn);
}

void require_floating(mb_vector* vector) {
  const at::Tensor& tensor = vector_of(vector, "vector");
  require(at::isFloatingType(tensor.scalar_type()), "vector: ", c10::toString(tensor.scalar_type()),
          ", expected Float or Double");
}

void require_state(const uint8_t* state, int64_t length) {
  require(state != nullptr, "state: null, expected ", MB_GENERATOR_STATE, " bytes");
  require(length == MB_GENERATOR_STATE, "length: ", length, ", expected ", MB_GENERATOR_STATE);
}
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
    require_floating(vector);
    require(deviation >= 0, "deviation: ", deviation, ", expected at least 0");
    require_finite(deviation, "deviation", vector_of(vector, "vector"));
    draw_into(generator, vector, offset, length,
              [&](at::Tensor& to, at::Generator& from) { to.normal_(0, deviation, from); });
  });
}

int32_t mb_generator_uniform(mb_generator* generator, mb_vector* vector, int64_t offset, int64_t length, double low,
                             double high) {
  return guard("mb_generator_uniform", [&] {
    require_floating(vector);
    require_finite(low, "low", vector_of(vector, "vector"));
    require_finite(high, "high", vector_of(vector, "vector"));
    require(low <= high && high - low <= 3.4e38, "low, high: ", low, ", ", high,
            ", expected low <= high, and at most 3.4e38 between them");
    draw_into(generator, vector, offset, length,
              [&](at::Tensor& to, at::Generator& from) { to.uniform_(low, high, from); });
  });
}

int32_t mb_generator_integers(mb_generator* generator, mb_vector* vector, int64_t offset, int64_t length,
                              int64_t high) {
  return guard("mb_generator_integers", [&] {
    const at::Tensor& tensor = vector_of(vector, "vector");
    require(!at::isFloatingType(tensor.scalar_type()), "vector: ", c10::toString(tensor.scalar_type()),
            ", expected Byte, Int or Long");
    const int64_t most = tensor.scalar_type() == at::kByte ? 256 : int64_t{1} << 31;
    require(high >= 1 && high <= most, "high: ", high, ", expected 1 to ", most);
    draw_into(generator, vector, offset, length,
              [&](at::Tensor& to, at::Generator& from) { to.random_(0, high, from); });
  });
}

int32_t mb_generator_permutation(mb_generator* generator, mb_vector* vector) {
  return guard("mb_generator_permutation", [&] {
    require_dtype(vector_of(vector, "vector"), "vector", at::kLong);
    const int64_t length = vector_of(vector, "vector").size(0);
    draw_into(generator, vector, 0, length, [&](at::Tensor& to, at::Generator& from) {
      to.copy_(at::randperm(length, from, to.options()));
    });
  });
}

int32_t mb_generator_save(const mb_generator* generator, uint8_t* state, int64_t length) {
  return guard("mb_generator_save", [&] {
    const at::Tensor bytes = object(generator, "generator").generator.get_state();
    require_state(state, length);
    require(bytes.numel() == length, "this libtorch's generators have ", bytes.numel(), " bytes, expected ", length);
    std::copy_n(bytes.data_ptr<uint8_t>(), length, state);
  });
}

int32_t mb_generator_restore(mb_generator* generator, const uint8_t* state, int64_t length) {
  return guard("mb_generator_restore", [&] {
    mb_generator& target = object(generator, "generator");
    require_state(state, length);
    at::Tensor bytes = at::empty({length}, at::kByte);
    std::copy_n(state, length, bytes.data_ptr<uint8_t>());
    at::Generator restored = at::detail::createCPUGenerator();
    bool valid = true;
    try {
      restored.set_state(bytes);
    } catch (const c10::Error&) {
      valid = false;
    }
    // libtorch checks each of the two counters, but not that together they stay within the engine's 624 words.
    if (valid) {
      const at::mt19937_data_pod engine = at::check_generator<at::CPUGeneratorImpl>(restored)->engine().data();
      valid = engine.left_ >= 1 && int64_t{engine.left_} + engine.next_ <= at::MERSENNE_STATE_N + 1;
    }
    require(valid, "state: not that of a generator");
    target.generator = restored;
  });
}
