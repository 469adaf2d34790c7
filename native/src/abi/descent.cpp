// The updates of a latent vector.
#include "../ops/descent.hpp"

#include "../runtime/step.hpp"

using namespace mb;

int32_t mb_descend(mb_vector* latent, mb_vector* velocity, const mb_vector* gradient, int32_t straight_through,
                   double rate, double momentum, double decay, double centre, double low, double high) {
  return guard_within_step("mb_descend", [&] {
    at::Tensor& z = vector_for_writing(latent, "latent");
    at::Tensor& v = vector_for_writing(velocity, "velocity");
    const at::Tensor& g = vector_of(gradient, "gradient");
    require_dtype(z, "latent", at::kFloat);
    require_like(v, "velocity", z, "latent");
    require_like(g, "gradient", z, "latent");
    require(latent != velocity && latent != gradient && velocity != gradient,
            "latent, velocity, gradient: one vector twice, expected three");
    require(straight_through == 0 || straight_through == 1, "straight_through: ", straight_through,
            ", expected 0 or 1");
    require_finite(rate, "rate", z);
    require_finite(momentum, "momentum", z);
    require_finite(decay, "decay", z);
    require_finite(centre, "centre", z);
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    mb_vector& counted = object_of(latent, "latent");
    const mb_vector::Selection* const counting = find_countable_selection(counted);
    carry_out("mb_descend", descend, Input{g}, Constant{straight_through != 0}, Variable{rate}, Constant{momentum},
              Constant{decay}, Constant{centre}, Constant{low}, Constant{high}, Constant{counting}, Output{z}, Output{v});
    counted.selection.counted = counting != nullptr;
  });
}

int32_t mb_descend_adam(mb_vector* latent, mb_vector* first, mb_vector* second, const mb_vector* gradient, int64_t step,
                        double rate, double beta1, double beta2, double epsilon, double decay, double low,
                        double high) {
  return guard_within_step("mb_descend_adam", [&] {
    at::Tensor& z = vector_for_writing(latent, "latent");
    at::Tensor& m = vector_for_writing(first, "first");
    at::Tensor& s = vector_for_writing(second, "second");
    const at::Tensor& g = vector_of(gradient, "gradient");
    require_dtype(z, "latent", at::kFloat);
    require_like(m, "first", z, "latent");
    require_like(s, "second", z, "latent");
    require_like(g, "gradient", z, "latent");
    require(latent != first && latent != second && latent != gradient && first != second && first != gradient &&
                second != gradient,
            "latent, first, second, gradient: one vector twice, expected four");
    require(step >= 1, "step: ", step, ", expected at least 1");
    require_finite(rate, "rate", z);
    require(beta1 >= 0 && beta1 < 1, "beta1: ", beta1, ", expected 0 to below 1");
    require(beta2 >= 0 && beta2 < 1, "beta2: ", beta2, ", expected 0 to below 1");
    require_finite(epsilon, "epsilon", z);
    require(static_cast<float>(epsilon) > 0, "epsilon: ", epsilon, ", expected a Float above 0");
    require_finite(decay, "decay", z);
    require(low <= high, "low, high: ", low, ", ", high, ", expected low <= high");
    const AdamStep adam = correct_bias(rate, beta1, beta2, step);
    require_finite(adam.size, "rate", z);
    carry_out("mb_descend_adam", descend_adam, Input{g}, Variable{adam.size}, Variable{adam.root}, Constant{beta1},
              Constant{beta2}, Constant{epsilon}, Constant{decay}, Constant{low}, Constant{high}, Output{z}, Output{m},
              Output{s});
  });
}
