// Max-pooling for windows that don't overlap, as ops/max_pool.cpp: a byte an output says which entry of its window won. A
// thread takes neighbouring channels, as many as one load brings.
#include <limits>

#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

template <typename Value, int lanes>
struct alignas(sizeof(Value) * lanes) Lanes {
  Value at[lanes];
};

// A pool's shape, channels counted in lanes; in 32 bits where they do, which are quicker to divide.
template <typename Index>
struct Windows {
  Index channels, height, width, size, rows, columns;

  // Where the window of output e begins in the input.
  __device__ Index of(Index e) const {
    const Index c = e % channels, position = e / channels;
    const Index x = position % columns, row = position / columns;
    const Index y = row % rows, n = row / rows;
    return ((n * height + y * size) * width + x * size) * channels + c;
  }

  // Calls body(name, place) for the entries of a window, which begins at 0.
  template <typename Body>
  __device__ void each_entry(Body body) const {
    uint8_t name = 0;
    for (Index y = 0; y < size; ++y) {
      for (Index x = 0; x < size; ++x, ++name) body(name, (y * width + x) * channels);
    }
  }
};

// What a kernel is made for.
template <typename V, int n, typename I>
struct Kind {
  using Value = V;
  using Index = I;
  using Values = Lanes<V, n>;
  using Names = Lanes<uint8_t, n>;
  static constexpr int lanes = n;
};

template <typename Value>
__device__ float compared(Value value) {
  return As<float>::of(value);
}
__device__ double compared(double value) { return value; }

template <typename Kind>
struct Forward {
  Windows<typename Kind::Index> windows;
  bool rectified;
  const typename Kind::Values* input;
  typename Kind::Values* output;
  typename Kind::Names* winners;
  __device__ void operator()(int64_t e) const {
    const auto* const window = input + windows.of(static_cast<typename Kind::Index>(e));
    typename Kind::Values best = window[0];
    typename Kind::Names winner{};
    windows.each_entry([&](uint8_t name, auto place) {
      const typename Kind::Values other = window[place];
      for (int l = 0; l < Kind::lanes; ++l) {
        const auto value = compared(other.at[l]);
        if (!(value > compared(best.at[l]) || value != value)) continue;  // a NaN passes through
        best.at[l] = other.at[l];
        winner.at[l] = name;
      }
    });
    for (int l = 0; l < Kind::lanes && rectified; ++l) {
      if (!(compared(best.at[l]) <= 0)) continue;
      best.at[l] = As<typename Kind::Value>::of(0.0f);
      winner.at[l] = no_winner;
    }
    output[e] = best;
    winners[e] = winner;
  }
};

template <typename Kind>
struct Backward {
  Windows<typename Kind::Index> windows;
  const typename Kind::Values* gradient;
  const typename Kind::Names* winners;
  typename Kind::Values* input_gradient;
  __device__ void operator()(int64_t e) const {
    auto* const window = input_gradient + windows.of(static_cast<typename Kind::Index>(e));
    const typename Kind::Values flow = gradient[e];
    const typename Kind::Names winner = winners[e];
    windows.each_entry([&](uint8_t name, auto place) {
      typename Kind::Values to;
      for (int l = 0; l < Kind::lanes; ++l) {
        to.at[l] = winner.at[l] == name ? flow.at[l] : As<typename Kind::Value>::of(0.0f);
      }
      window[place] = to;
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
  const bool few = pool.count * pool.height * pool.width * pool.channels <= std::numeric_limits<uint32_t>::max();
  few ? by(uint32_t{}) : by(int64_t{});
}

template <typename Body>
void with_kind(const Pool& pool, Real type, const Body& body) {
  with_type(type, [&](auto zero) {
    using Value = decltype(zero);
    constexpr int most = 16 / sizeof(Value);  // bytes that a thread loads at once
    pool.channels % most == 0 ? with_index<Value, most>(pool, body) : with_index<Value, 1>(pool, body);
  });
}

}  // namespace

void max_pool(const Pool& pool, const void* input, void* output, uint8_t* winners, Real type, void* stream) {
  with_kind(pool, type, [&](auto kind, const auto& windows, int64_t outputs) {
    using K = decltype(kind);
    each(outputs, stream,
         Forward<K>{windows, pool.rectified, static_cast<const typename K::Values*>(input),
                    static_cast<typename K::Values*>(output), reinterpret_cast<typename K::Names*>(winners)});
  });
}

void max_pool_backward(const Pool& pool, const void* gradient, const uint8_t* winners, void* input_gradient, Real type,
                       void* stream) {
  with_kind(pool, type, [&](auto kind, const auto& windows, int64_t outputs) {
    using K = decltype(kind);
    each(outputs, stream,
         Backward<K>{windows, static_cast<const typename K::Values*>(gradient),
                     reinterpret_cast<const typename K::Names*>(winners),
                     static_cast<typename K::Values*>(input_gradient)});
  });
}

}  // namespace mb::cuda
