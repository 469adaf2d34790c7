#include "projection.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sort.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <limits>

#include "../runtime/profile.hpp"
#include "../runtime/step.hpp"
#include "selection.hpp"

namespace mb {
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

// Computes the FNV-1a hash.
uint64_t digest_of(const std::vector<cuda::Segment>& segments, bool magnitude) {
  uint64_t digest = 0xcbf29ce484222325u;
  const auto add = [&](uint64_t word) { digest = (digest ^ word) * 0x100000001b3u; };
  add(magnitude);
  for (const auto& [offset, length, drop] : segments) {
    for (const int64_t number : {offset, length, drop}) add(static_cast<uint64_t>(number));
  }
  return digest;
}

// What the kernels are to select of a vector; what they had counted of it stays where it is the same as before.
void prepare_selection(const mb_vector& vector, Segments segments, bool magnitude) {
  std::vector<cuda::Segment> wanted;
  for (int64_t s = 0; s < segments.count; ++s) {
    wanted.push_back({segments.offset(s), segments.length(s), segments.length(s) - segments.kept(s)});
  }
  mb_vector::Selection& last = vector.selection;
  if (last.workspace.defined() && last.segments == wanted && last.magnitude == magnitude) return;
  const auto bytes = static_cast<int64_t>(cuda::selection_bytes(wanted.data(), segments.count));
  const uint64_t digest = digest_of(wanted, magnitude);
  const auto options = vector.tensor.options().dtype(at::kByte);
  last = {std::move(wanted), magnitude, false, at::zeros({bytes}, options), digest};
}

}  // namespace

TopK make_top_k(const mb_vector& vector, Segments segments, bool magnitude) {
  if constexpr (kernels) {
    if (has_kernels(vector.tensor.device())) prepare_selection(vector, segments, magnitude);
  }
  return {&vector, segments, magnitude};
}

uint64_t word_of(const TopK& top_k) { return word_of(&top_k.vector->selection); }

void project_top_k(const at::Tensor& values, TopK top_k, bool counted, double floor, cuda::Number alpha, bool relative,
                   double low, double high, at::Tensor& mask) {
  const PartTimer timer(MB_PROJECTION, values.device());
  const auto min = static_cast<float>(low), max = static_cast<float>(high);
  const Mix mix{static_cast<float>(alpha.value), relative, min, max};
  const auto for_segments = [&all = top_k.segments](const auto& project) {
    for (int64_t s = 0; s < all.count; ++s) {
      if (all.length(s) > 0) project(all.offset(s), all.length(s), all.kept(s));
    }
  };
  dispatch(values.device(),
           Kernel{[&] {
             const mb_vector::Selection& selection = top_k.vector->selection;
             const auto count = static_cast<int64_t>(selection.segments.size());
             cuda::project_top_k({selection.segments.data(), count, selection.magnitude, selection.workspace.data_ptr()},
                                 values.data_ptr<float>(), counted, static_cast<float>(floor),
                                 {alpha, relative, min, max}, mask.data_ptr<float>(), cuda::current_stream());
           }},
           Loop{[&] {
             for_segments([&](int64_t offset, int64_t length, int64_t kept) {
               project_by_selection(values.data_ptr<float>() + offset, length, kept, top_k.magnitude,
                                    static_cast<float>(floor), mix, mask.data_ptr<float>() + offset,
                                    top_k.vector->guesses[{offset, top_k.magnitude}]);
             });
           }},
           Operations{[&] {
             for_segments([&](int64_t offset, int64_t length, int64_t kept) {
               project_by_sorting(values.narrow(0, offset, length), kept, top_k.magnitude, floor, mix,
                                  mask.narrow(0, offset, length));
             });
           }});
}

}  // namespace mb
