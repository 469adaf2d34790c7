// Π_k of all segments of a vector: by our selection on the processor, by our kernels, or by sorting.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <cmath>
#include <limits>

#include "../ops/selection.hpp"
#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {

// Π_k of one segment by libtorch's stable sort, for devices without a kernel of ours.
void project_by_sorting(const at::Tensor& values, int64_t kept, bool magnitude, double floor, Mix mix,
                        at::Tensor mask) {
  if (values.isnan().any().item<bool>()) throw Failure(MB_NOT_A_NUMBER, "values: NaN in a segment");
  const at::Tensor compared = magnitude ? values.abs() : values;
  const auto [sorted, order] = at::sort(compared, /*stable=*/true, /*dim=*/0, /*descending=*/false);
  const int64_t removed = values.numel() - kept;
  at::Tensor bit = at::zeros_like(values);
  bit.index_fill_(0, order.narrow(0, removed, kept), 1);
  if (floor != -std::numeric_limits<double>::infinity()) bit.mul_(compared > floor);
  if (mix.alpha == 1) return void(mask.copy_(bit));
  at::Tensor relaxed;
  if (mix.relative) {
    const float without = removed == 0 ? 0 : std::numeric_limits<float>::infinity();
    const bool split = removed > 0 && kept > 0;
    const at::Tensor last = split ? sorted.select(0, removed) : at::full({}, without, values.options());
    const at::Tensor ratio = compared / last * 0.5;  // NaN where both are 0 or infinite
    relaxed = at::where(ratio < 1, ratio, at::ones_like(ratio));
  } else {
    relaxed = values.clamp(mix.low, mix.high);
  }
  mask.copy_(relaxed * (1 - mix.alpha) + bit * mix.alpha);
}

// FNV-1a.
uint64_t digest_of(const std::vector<cuda::Selected>& segments, bool magnitude) {
  uint64_t digest = 0xcbf29ce484222325u;
  const auto take = [&](uint64_t word) { digest = (digest ^ word) * 0x100000001b3u; };
  take(magnitude);
  for (const auto& [offset, length, drop] : segments) {
    for (const int64_t number : {offset, length, drop}) take(static_cast<uint64_t>(number));
  }
  return digest;
}

// What the kernels are to select of a vector; what they had counted of it stays where it is the same as before.
cuda::Selection selection_of(const mb_vector& vector, const int64_t* triples, int64_t count, bool magnitude) {
  std::vector<cuda::Selected> segments;
  for (int64_t s = 0; s < count; ++s) {
    const int64_t* const triple = triples + 3 * s;
    segments.push_back({triple[0], triple[1], triple[1] - triple[2]});
  }
  mb_vector::Selection& last = vector.selection;
  if (!last.room.defined() || !(last.segments == segments) || last.magnitude != magnitude) {
    const auto bytes = static_cast<int64_t>(cuda::selection_room(segments.data(), count));
    const uint64_t digest = digest_of(segments, magnitude);
    last = {std::move(segments), magnitude, false, at::zeros({bytes}, vector.tensor.options().dtype(at::kByte)), digest};
  }
  return {last.segments.data(), count, magnitude, last.room.data_ptr()};
}

}  // namespace

int32_t mb_project_top_k(const mb_vector* values, const int64_t* segments, int64_t count, int32_t order, double floor,
                         double alpha, int32_t relaxation, double low, double high, mb_vector* mask) {
  return guard_within_step("mb_project_top_k", [&] {
    const mb_vector& source = object(values, "values");
    const at::Tensor& from = source.tensor;
    at::Tensor& to = vector_of(mask, "mask");
    require_dtype(from, "values", at::kFloat);
    require_like(to, "mask", from, "values");
    require(values != mask, "mask: the same vector as values, expected another");
    require(order == MB_BY_VALUE || order == MB_BY_MAGNITUDE, "order: ", order, ", expected 0 or 1");
    require(!std::isnan(floor), "floor: NaN, expected a number or -infinity");
    require(alpha >= 0 && alpha <= 1, "alpha: ", alpha, ", expected 0 to 1");
    require(relaxation == MB_CLIPPED || (relaxation == MB_RELATIVE && order == MB_BY_MAGNITUDE), "relaxation: ",
            relaxation, ", expected 0, or 1 by magnitude");
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    require(count >= 0 && count <= 65536, "count: ", count, ", expected 0 to 65536");
    require(count == 0 || segments != nullptr, "segments: null, expected triples");
    int64_t end = 0;
    for (int64_t s = 0; s < count; ++s) {
      const int64_t offset = segments[3 * s], length = segments[3 * s + 1], kept = segments[3 * s + 2];
      require(offset >= end && length >= 0 && offset <= from.numel() && length <= from.numel() - offset, "segments: ",
              length, " from ", offset, " at place ", s, ", expected ascending ones within ", from.numel());
      require(by_loops(from.device()) || length < cuda::longest_segment, "segments: ", length, " at place ", s,
              ", expected less than 2^31 on this device");
      require(kept >= 0 && kept <= length, "segments: kept ", kept, " at place ", s, ", expected 0 to ", length);
      end = offset + length;
    }
    const bool magnitude = order == MB_BY_MAGNITUDE, relative = relaxation == MB_RELATIVE;
    const Timed timed(MB_PROJECTION, from.device());
    if constexpr (kernels) {
      if (by_kernels(from.device())) {
        const cuda::Selection selection = selection_of(source, segments, count, magnitude);
        const cuda::Mix mix{number(alpha), relative, static_cast<float>(low), static_cast<float>(high)};
        const bool counted = source.selection.counted;
        const bool now = carry_out("mb_project_top_k", {word(from), word(to), word(selection.room),
                                                        source.selection.digest, counted, word(floor), relative,
                                                        word(low), word(high)});
        if (!now || count == 0) return;
        return cuda::project(selection, from.data_ptr<float>(), counted, static_cast<float>(floor), mix,
                             to.data_ptr<float>(), cuda::stream());
      }
    }
    const Mix mix{static_cast<float>(alpha), relative, static_cast<float>(low), static_cast<float>(high)};
    for (int64_t s = 0; s < count; ++s) {
      const int64_t offset = segments[3 * s], length = segments[3 * s + 1], kept = segments[3 * s + 2];
      if (length == 0) continue;
      if (!by_loops(from.device())) {
        project_by_sorting(from.narrow(0, offset, length), kept, magnitude, floor, mix,
                           to.narrow(0, offset, length));
        continue;
      }
      project_on_cpu(from.data_ptr<float>() + offset, length, kept, magnitude, static_cast<float>(floor), mix,
                     to.data_ptr<float>() + offset, source.guesses[{offset, magnitude}]);
    }
  });
}
