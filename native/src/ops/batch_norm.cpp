#include "batch_norm.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/native_batch_norm.h>
#include <ATen/ops/native_batch_norm_backward.h>
#include <ATen/ops/threshold_backward.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <type_traits>
#include <vector>

#include "../runtime/dispatch.hpp"
#include "with_type.hpp"

namespace mb {
namespace {

constexpr double epsilon = 1e-5, momentum = 0.1;
constexpr auto last = at::MemoryFormat::ChannelsLast;

// Rows of pixels, in chunks whose number does not depend on that of threads, so that the sums over them don't either.
struct Rows {
  int64_t count, channels, chunks;
  explicit Rows(const at::Tensor& pictures)
      : count(pictures.numel() / std::max<int64_t>(1, pictures.size(1))),
        channels(pictures.size(1)),
        chunks(std::max<int64_t>(1, std::min<int64_t>(256, count * channels / 16384))) {}
  int64_t begin(int64_t chunk) const { return chunk * count / chunks; }

  // body(first row, row after the last, chunk)
  template <typename Body>
  void for_each_chunk(const Body& body) const {
    at::parallel_for(0, chunks, 1, [&](int64_t from, int64_t to) {
      for (int64_t chunk = from; chunk < to; ++chunk) body(begin(chunk), begin(chunk + 1), chunk);
    });
  }
};

// Gives two sums by channel over all rows, in double precision; add(row, first sums, second sums) adds a row to them.
template <typename Add>
std::vector<double> sum_by_channel(const Rows& rows, const Add& add) {
  const int64_t width = 2 * rows.channels;
  std::vector<double> parts(rows.chunks * width);
  rows.for_each_chunk([&](int64_t first, int64_t end, int64_t chunk) {
    double* const part = parts.data() + chunk * width;
    for (int64_t row = first; row < end; ++row) add(row, part, part + rows.channels);
  });
  for (int64_t chunk = 1; chunk < rows.chunks; ++chunk) {
    for (int64_t i = 0; i < width; ++i) parts[i] += parts[chunk * width + i];
  }
  parts.resize(width);
  return parts;
}

// The type that numbers of another type are computed with.
template <typename Real>
using Accurate = std::conditional_t<std::is_same_v<Real, double>, double, float>;

at::Tensor make_doubles(int64_t length) { return at::empty({length}, at::TensorOptions().dtype(at::kDouble)); }

// Writes (x − mean) · scale by channel, and its ReLU where it is rectified.
template <typename Real>
void write_normalised(const at::Tensor& input, bool rectified, const double* mean, const double* scale, at::Tensor& output) {
  using Number = Accurate<Real>;
  const Rows rows(input);
  const Real* const from = input.data_ptr<Real>();
  Real* const to = output.data_ptr<Real>();
  std::vector<Number> factor(rows.channels), shift(rows.channels);
  for (int64_t c = 0; c < rows.channels; ++c) {
    factor[c] = static_cast<Number>(scale[c]);
    shift[c] = static_cast<Number>(-mean[c] * scale[c]);
  }
  const Number min = rectified ? 0 : -std::numeric_limits<Number>::infinity();
  rows.for_each_chunk([&](int64_t first, int64_t end, int64_t) {
    for (int64_t row = first; row < end; ++row) {
      const Real* const __restrict x = from + row * rows.channels;
      Real* const __restrict y = to + row * rows.channels;
      for (int64_t c = 0; c < rows.channels; ++c) {
        const Number value = static_cast<Number>(x[c]) * factor[c] + shift[c];
        y[c] = static_cast<Real>(value < min ? min : value);  // a NaN passes through
      }
    }
  });
}

// The batch's moments from its sums and sums of squares; `running` moves towards them.
template <typename Kept>
void compute_moments(const Rows& rows, const std::vector<double>& sum, Kept* running, double* mean, double* scale) {
  const auto n = static_cast<double>(rows.count);
  for (int64_t c = 0; c < rows.channels; ++c) {
    mean[c] = sum[c] / n;
    const double variance = std::max(0.0, sum[rows.channels + c] / n - mean[c] * mean[c]);
    scale[c] = 1 / std::sqrt(variance + epsilon);
    if (sum[c] != sum[c]) scale[c] = sum[c];  // max() above would hide a NaN
    const double unbiased = rows.count > 1 ? variance * n / (n - 1) : variance;
    running[c] = static_cast<Kept>((1 - momentum) * running[c] + momentum * mean[c]);
    Kept& spread = running[rows.channels + c];
    spread = static_cast<Kept>((1 - momentum) * spread + momentum * unbiased);
  }
}

template <typename Real>
at::Tensor normalise_by_loop(const at::Tensor& input, bool rectified, at::Tensor& running, BatchMoments* moments) {
  const Rows rows(input);
  const Real* const from = input.data_ptr<Real>();
  const auto sum = sum_by_channel(rows, [=, channels = rows.channels](int64_t row, double* s, double* squares) {
    const Real* const __restrict x = from + row * channels;
    double* const __restrict first = s;
    double* const __restrict second = squares;
    for (int64_t c = 0; c < channels; ++c) {
      const auto value = static_cast<double>(static_cast<Accurate<Real>>(x[c]));
      first[c] += value;
      second[c] += value * value;
    }
  });
  *moments = {make_doubles(rows.channels), make_doubles(rows.channels)};
  double* const mean = moments->mean.data_ptr<double>();
  double* const scale = moments->scale.data_ptr<double>();
  if (running.scalar_type() == at::kDouble) compute_moments(rows, sum, running.data_ptr<double>(), mean, scale);
  else compute_moments(rows, sum, running.data_ptr<float>(), mean, scale);
  at::Tensor output = at::empty(input.sizes(), input.options(), last);
  write_normalised<Real>(input, rectified, mean, scale, output);
  return output;
}

template <typename Real, bool rectified>
at::Tensor normalise_backward_by_loop(const at::Tensor& gradient, const at::Tensor& input, const at::Tensor& output,
                                      const BatchMoments& moments) {
  using Number = Accurate<Real>;
  const Rows rows(input);
  const int64_t channels = rows.channels;
  const Real* const flow = gradient.data_ptr<Real>();
  const Real* const from = input.data_ptr<Real>();
  const Real* const given = rectified ? output.data_ptr<Real>() : flow;  // read only where it is rectified
  const auto passed = [](Real g, Real y) {
    return !rectified || static_cast<Number>(y) > 0 ? static_cast<Number>(g) : Number(0);
  };
  const double* const mean = moments.mean.data_ptr<double>();
  const double* const scale = moments.scale.data_ptr<double>();
  std::vector<Number> centre(channels), factor(channels), constant(channels), slope(channels);
  for (int64_t c = 0; c < channels; ++c) centre[c] = static_cast<Number>(mean[c]);

  // The sums are Σ g and Σ g (x − mean), where g is what passes the ReLU.
  const auto sum = sum_by_channel(rows, [=, centre = centre.data()](int64_t row, double* s, double* products) {
    const Real* const __restrict g = flow + row * channels;
    const Real* const __restrict x = from + row * channels;
    const Real* const __restrict y = given + row * channels;
    double* const __restrict first = s;
    double* const __restrict second = products;
    for (int64_t c = 0; c < channels; ++c) {
      const auto value = static_cast<double>(passed(g[c], y[c]));
      first[c] += value;
      second[c] += value * static_cast<double>(static_cast<Number>(x[c]) - centre[c]);
    }
  });
  // ∂L/∂x = scale (g − Σg/n − (x − mean) scale² Σg(x − mean)/n) = factor · g + slope · (x − mean) + constant
  const auto n = static_cast<double>(rows.count);
  for (int64_t c = 0; c < channels; ++c) {
    factor[c] = static_cast<Number>(scale[c]);
    slope[c] = static_cast<Number>(-scale[c] * scale[c] * scale[c] * sum[channels + c] / n);
    constant[c] = static_cast<Number>(-scale[c] * sum[c] / n);
  }
  at::Tensor to = at::empty(input.sizes(), input.options(), last);
  Real* const into = to.data_ptr<Real>();
  rows.for_each_chunk([&](int64_t first, int64_t end, int64_t) {
    for (int64_t row = first; row < end; ++row) {
      const Real* const __restrict g = flow + row * channels;
      const Real* const __restrict x = from + row * channels;
      const Real* const __restrict y = given + row * channels;
      Real* const __restrict d = into + row * channels;
      for (int64_t c = 0; c < channels; ++c) {
        const Number moved = static_cast<Number>(x[c]) - centre[c];
        d[c] = static_cast<Real>(factor[c] * passed(g[c], y[c]) + slope[c] * moved + constant[c]);
      }
    }
  });
  return to;
}

at::Tensor means_of(const at::Tensor& running) { return running.narrow(0, 0, running.numel() / 2); }
at::Tensor variances_of(const at::Tensor& running) {
  return running.narrow(0, running.numel() / 2, running.numel() / 2);
}

// Normalises by libtorch, except that it would take the variance of a single value for each channel for 0 / 0.
at::Tensor normalise_by_operations(const at::Tensor& input, bool rectified, const at::Tensor& running, bool train,
                                   BatchMoments* moments) {
  const bool single = train && input.numel() == input.size(1);
  auto [output, mean, scale] =
      single ? at::native_batch_norm(input, {}, {}, {}, {}, true, momentum, epsilon)
             : at::native_batch_norm(input, {}, {}, means_of(running), variances_of(running), train, momentum, epsilon);
  if (single) {
    at::Tensor to = running;
    to.mul_(1 - momentum);
    means_of(to).add_(input.reshape({-1}).to(to.scalar_type()), momentum);
  }
  if (moments) *moments = {mean, scale};
  return rectified ? output.relu_() : output;
}

at::Tensor normalise_by_running(const at::Tensor& input, bool rectified, const at::Tensor& running) {
  const at::Tensor mean = means_of(running).to(at::kDouble);
  const at::Tensor scale = variances_of(running).to(at::kDouble, false, true);
  for (int64_t c = 0; c < scale.numel(); ++c) {
    double& spread = scale.data_ptr<double>()[c];
    spread = 1 / std::sqrt(spread + epsilon);
  }
  at::Tensor output = at::empty(input.sizes(), input.options(), last);
  with_type(input, [&](auto zero) {
    write_normalised<decltype(zero)>(input, rectified, mean.data_ptr<double>(), scale.data_ptr<double>(), output);
  });
  return output;
}

}  // namespace

at::Tensor normalise_batch(const at::Tensor& given, bool rectified, at::Tensor running, BatchMoments* moments) {
  const at::Tensor input = given.contiguous(last);
  return dispatch(input.device(),
                  Loop{[&] {
                    return with_type(input, [&](auto zero) {
                      return normalise_by_loop<decltype(zero)>(input, rectified, running, moments);
                    });
                  }},
                  Operations{[&] { return normalise_by_operations(input, rectified, running, true, moments); }});
}

at::Tensor normalise(const at::Tensor& given, bool rectified, const at::Tensor& running) {
  const at::Tensor input = given.contiguous(last);
  return dispatch(input.device(), Loop{[&] { return normalise_by_running(input, rectified, running); }},
                  Operations{[&] { return normalise_by_operations(input, rectified, running, false, nullptr); }});
}

at::Tensor normalise_backward(const at::Tensor& output_gradient, const at::Tensor& input, const at::Tensor& output,
                              bool rectified, const BatchMoments& moments) {
  const at::Tensor gradient = output_gradient.contiguous(last), read = input.contiguous(last);
  return dispatch(gradient.device(),
                  Loop{[&] {
                    return with_type(read, [&](auto zero) {
                      using Real = decltype(zero);
                      return rectified ? normalise_backward_by_loop<Real, true>(gradient, read, output, moments)
                                       : normalise_backward_by_loop<Real, false>(gradient, read, output, moments);
                    });
                  }},
                  Operations{[&] {
                    const at::Tensor passed = rectified ? at::threshold_backward(gradient, output, 0) : gradient;
                    return std::get<0>(at::native_batch_norm_backward(passed, read, {}, {}, {}, moments.mean,
                                                                      moments.scale, true, epsilon,
                                                                      {true, false, false}));
                  }});
}

}  // namespace mb
