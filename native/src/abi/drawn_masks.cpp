// Masks that are drawn: noise, and the relaxed draw.
#include "../ops/drawn_masks.hpp"

#include "../runtime/step.hpp"

using namespace mb;

int32_t mb_noise(mb_vector* vector, uint64_t key, int64_t draw) {
  return guard_within_step("mb_noise", [&] {
    at::Tensor& to = vector_for_writing(vector, "vector");
    require_dtype(to, "vector", at::kFloat);
    require(draw >= 0 && draw <= (int64_t{1} << 53), "draw: ", draw, ", expected 0 to 2^53");
    carry_out("mb_noise", draw_noise, Constant{key}, Variable{static_cast<double>(draw)}, Output{to});
  });
}

int32_t mb_relax(const mb_vector* probability, const mb_vector* noise, double temperature, mb_vector* mask,
                 mb_vector* slope) {
  return guard_within_step("mb_relax", [&] {
    const at::Tensor& p = vector_of(probability, "probability");
    const at::Tensor& u = vector_of(noise, "noise");
    at::Tensor& to = vector_for_writing(mask, "mask");
    at::Tensor& rising = vector_for_writing(slope, "slope");
    require_dtype(p, "probability", at::kFloat);
    require_like(u, "noise", p, "probability");
    require_like(to, "mask", p, "probability");
    require_like(rising, "slope", p, "probability");
    require(probability != mask && probability != slope && noise != mask && noise != slope && mask != slope,
            "mask, slope: a vector twice, expected two that are neither probability nor noise");
    require(temperature >= 1e-3 && temperature <= 1e3, "temperature: ", temperature, ", expected 0.001 to 1000");
    carry_out("mb_relax", relax_mask, Input{p}, Input{u}, Variable{temperature}, Output{to}, Output{rising});
  });
}
