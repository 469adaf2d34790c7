// Π_k, and the projection of probabilities.
#include "../ops/projection.hpp"

#include <cmath>

#include "../ops/capped_simplex.hpp"
#include "../runtime/step.hpp"

using namespace mb;

namespace {

void require_segments(Segments segments, const at::Tensor& values) {
  int64_t end = 0;
  for (int64_t s = 0; s < segments.count; ++s) {
    const int64_t offset = segments.offset(s), length = segments.length(s), kept = segments.kept(s);
    require(offset >= end && length >= 0 && offset <= values.numel() && length <= values.numel() - offset,
            "segments: ", length, " from ", offset, " at index ", s, ", expected ascending ones within ",
            values.numel());
    require(has_loops(values.device()) || length < cuda::max_segment, "segments: ", length, " at index ", s,
            ", expected less than 2^31 on this device");
    require(kept >= 0 && kept <= length, "segments: kept ", kept, " at index ", s, ", expected 0 to ", length);
    end = offset + length;
  }
}

}  // namespace

int32_t mb_project_top_k(const mb_vector* values, const int64_t* segments, int64_t count, int32_t order, double floor,
                         double alpha, int32_t relaxation, double low, double high, mb_vector* mask) {
  return guard_within_step("mb_project_top_k", [&] {
    const mb_vector& source = object_of(values, "values");
    const at::Tensor& from = source.tensor;
    at::Tensor& to = vector_for_writing(mask, "mask");
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
    const Segments all{segments, count};
    require_segments(all, from);
    const TopK top_k = make_top_k(source, all, order == MB_BY_MAGNITUDE);
    carry_out("mb_project_top_k", project_top_k, Input{from}, Constant{top_k}, Constant{source.selection.counted},
              Constant{floor}, Variable{alpha}, Constant{relaxation == MB_RELATIVE}, Constant{low}, Constant{high},
              Output{to});
  });
}

int32_t mb_project_capped_simplex(mb_vector* vector, int64_t offset, int64_t length, double most) {
  return guard_within_step("mb_project_capped_simplex", [&] {
    at::Tensor range = range_for_writing(vector, "vector", offset, length);
    require_dtype(range, "vector", at::kFloat);
    require(most >= 0 && std::isfinite(most), "most: ", most, ", expected a number of at least 0");
    carry_out("mb_project_capped_simplex", project_capped_simplex, Variable{most}, Output{range});
  });
}
