// Max-pooling for windows that don't overlap, as ../max_pool.cpp: a byte an output says which entry of its window won.
#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

// Where the window of output entry e begins in the input.
__device__ int64_t window_of(const Pool& pool, int64_t e) {
  const int64_t rows = pool.height / pool.size, columns = pool.width / pool.size;
  const int64_t c = e % pool.channels, x = e / pool.channels % columns;
  const int64_t row = e / (pool.channels * columns), n = row / rows, y = row % rows;
  return ((n * pool.height + y * pool.size) * pool.width + x * pool.size) * pool.channels + c;
}

__device__ int64_t place_of(const Pool& pool, int64_t entry) {
  return (entry / pool.size * pool.width + entry % pool.size) * pool.channels;
}

template <typename Value>
__device__ float compared(Value value) {
  return As<float>::of(value);
}
__device__ double compared(double value) { return value; }

template <typename Value>
struct Forward {
  Pool pool;
  const Value* input;
  Value* output;
  uint8_t* winners;
  __device__ void operator()(int64_t e) const {
    const Value* const window = input + window_of(pool, e);
    auto best = compared(window[0]);
    int64_t winner = 0;
    for (int64_t entry = 1; entry < pool.size * pool.size; ++entry) {
      const auto value = compared(window[place_of(pool, entry)]);
      if (value > best || value != value) {  // a NaN passes through
        best = value;
        winner = entry;
      }
    }
    output[e] = window[place_of(pool, winner)];
    winners[e] = static_cast<uint8_t>(winner);
  }
};

template <typename Value>
struct Backward {
  Pool pool;
  const Value* gradient;
  const uint8_t* winners;
  Value* input_gradient;
  __device__ void operator()(int64_t e) const {
    Value* const window = input_gradient + window_of(pool, e);
    for (int64_t entry = 0; entry < pool.size * pool.size; ++entry) {
      window[place_of(pool, entry)] = winners[e] == entry ? gradient[e] : As<Value>::of(0.0f);
    }
  }
};

int64_t outputs_of(const Pool& pool) {
  return pool.count * pool.channels * (pool.height / pool.size) * (pool.width / pool.size);
}

}  // namespace

void max_pool(const Pool& pool, const void* input, void* output, uint8_t* winners, Real type, void* stream) {
  with_type(type, [&](auto zero) {
    using Value = decltype(zero);
    each(outputs_of(pool), stream,
         Forward<Value>{pool, static_cast<const Value*>(input), static_cast<Value*>(output), winners});
  });
}

void max_pool_backward(const Pool& pool, const void* gradient, const uint8_t* winners, void* input_gradient, Real type,
                       void* stream) {
  with_type(type, [&](auto zero) {
    using Value = decltype(zero);
    each(outputs_of(pool), stream,
         Backward<Value>{pool, static_cast<const Value*>(gradient), winners, static_cast<Value*>(input_gradient)});
  });
}

}  // namespace mb::cuda
