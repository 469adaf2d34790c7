// Max-pooling for windows that don't overlap, as in ops/max_pool.cpp: a byte for each output says which entry of its window
// won. A thread takes neighbouring channels, as many as one load brings.
#include <limits>

#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

template <typename Value, int lanes>
struct alignas(sizeof(Value) * lanes) Lanes {
  Value at[lanes];
};

// A pool's shape, channels counted in lanes; in 32 bits where those are enough, as they are quicker to divide.
template <typename Index>
struct Windows {
  Index channels, height, width, size, rows, columns;

  // The index in the input where the window of output e begins.
  __device__ Index begin_of(Index e) const {
    const Index c = e % channels, position = e / channels;
    const Index x = position % columns, row = position / columns;
    const Index y = row % rows, n = row / rows;
    return ((n * height + y * size) * width + x * size) * channels + c;
  }

  // Calls body(name, offset) for the entries of a window, which begins at offset 0.
  template <typename Body>
  __device__ void for_each_entry(Body body) const {
    uint8_t name = 0;
    for (Index y = 0; y < size; ++y) {
      for (Index x = 0; x < size; ++x, ++name) body(name, (y * width + x) * channels);
    }
  }
};

// The types that a kernel is made for.
template <typename V, int n, typename I>
struct Kind {
  using Value = V;
  using Index = I;
  using Values = Lanes<V, n>;
  using Names = Lanes<uint8_t, n>;
  static constexpr int lanes = n;
};

// A value in a type that has comparisons.
template <typename Value>
__device__ float comparable(Value value) {
  return Conversion<float>::of(value);
}
__device__ double comparable(double value) { return value; }

template <typename Kind>
struct ForwardPass {
  Windows<typename Kind::Index> windows;
  bool rectified;
  const typename Kind::Values* input;
  typename Kind::Values* output;
  typename Kind::Names* winners;
  __device__ void operator()(int64_t e) const {
    const auto* const window = input + windows.begin_of(static_cast<typename Kind::Index>(e));
    typename Kind::Values best = window[0];
    typename Kind::Names winner{};
    windows.for_each_entry([&](uint8_t name, auto offset) {
      const typename Kind::Values other = window[offset];
      for (int l = 0; l < Kind::lanes; ++l) {
        const auto value = comparable(other.at[l]);
        if (!(value > comparable(best.at[l]) || value != value)) continue;  // a NaN passes through
        best.at[l] = other.at[l];
        winner.at[l] = name;
      }
    });
    for (int l = 0; l < Kind::lanes && rectified; ++l) {
      if (!(comparable(best.at[l]) <= 0)) continue;
      best.at[l] = Conversion<typename Kind::Value>::of(0.0f);
      winner.at[l] = no_winner;
    }
    output[e] = best;
    winners[e] = winner;
  }
};

template <typename Kind>
struct BackwardPass {
  Windows<typename Kind::Index> windows;
  const typename Kind::Values* gradient;
  const typename Kind::Names* winners;
  typename Kind::Values* input_gradient;
  __device__ void operator()(int64_t e) const {
    auto* const window = input_gradient + windows.begin_of(static_cast<typename Kind::Index>(e));
    const typename Kind::Values flow = gradient[e];
    const typename Kind::Names winner = winners[e];
    windows.for_each_entry([&](uint8_t name, auto offset) {
      typename Kind::Values to;
      for (int l = 0; l < Kind::lanes; ++l) {
        to.at[l] = winner.at[l] == name ? flow.at[l] : Conversion<typename Kind::Value>::of(0.0f);
      }
      window[offset] = to;
    });
  }
};

// Calls body(kind, windows, outputs).
template <typename Value, int lanes, typename Body>
void with_index(const Pool& pool, const Body& body) {
  const int64_t rows = pool.height / pool.size, columns = pool.width / pool.size, channels = pool.channels / lanes;
  const auto by = [&](auto zero) {
    using Index = decltype(zero);
    const auto cast = [](int64_t value) { return static_cast<Index>(value); };
    const Windows<Index> windows{cast(channels), cast(pool.height), cast(pool.width),
                                 cast(pool.size), cast(rows), cast(columns)};
    body(Kind<Value, lanes, Index>{}, windows, pool.count * rows * columns * channels);
  };
  const bool fits_32_bits = pool.count * pool.height * pool.width * pool.channels <= std::numeric_limits<uint32_t>::max();
  fits_32_bits ? by(uint32_t{}) : by(int64_t{});
}

// Calls body(kind, windows, outputs) with as many lanes as the channels allow.
template <typename Body>
void with_kind(const Pool& pool, Real type, const Body& body) {
  with_type(type, [&](auto zero) {
    using Value = decltype(zero);
    constexpr int max_lanes = 16 / sizeof(Value);  // a thread loads 16 bytes at once
    pool.channels % max_lanes == 0 ? with_index<Value, max_lanes>(pool, body) : with_index<Value, 1>(pool, body);
  });
}

}  // namespace

void max_pool(const Pool& pool, const void* input, void* output, uint8_t* winners, Real type, void* stream) {
  with_kind(pool, type, [&](auto kind, const auto& windows, int64_t outputs) {
    using K = decltype(kind);
    for_each(outputs, stream,
         ForwardPass<K>{windows, pool.rectified, static_cast<const typename K::Values*>(input),
                    static_cast<typename K::Values*>(output), reinterpret_cast<typename K::Names*>(winners)});
  });
}

void max_pool_backward(const Pool& pool, const void* gradient, const uint8_t* winners, void* input_gradient, Real type,
                       void* stream) {
  with_kind(pool, type, [&](auto kind, const auto& windows, int64_t outputs) {
    using K = decltype(kind);
    for_each(outputs, stream,
         BackwardPass<K>{windows, static_cast<const typename K::Values*>(gradient),
                     reinterpret_cast<const typename K::Names*>(winners),
                     static_cast<typename K::Values*>(input_gradient)});
  });
}

}  // namespace mb::cuda
