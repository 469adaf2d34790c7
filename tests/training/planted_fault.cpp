// Preloaded before libtorch: its convolutions' backward pass with one number of the result 1% too large, or a NaN, or the
// end of the process, as PLANTED says. It stands for a library whose arithmetic is wrong on some machine.
#include <ATen/ATen.h>
#include <ATen/ops/convolution_backward_ops.h>
#if __has_include(<torch/headeronly/version.h>)
#include <torch/headeronly/version.h>
#else
#include <torch/csrc/api/include/torch/version.h>
#endif

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>

#include <array>
#include <cmath>
#include <string>
#include <tuple>

#if TORCH_VERSION_MAJOR >= 2
using Sizes = c10::SymIntArrayRef;
using Count = c10::SymInt;
#else
using Sizes = at::IntArrayRef;
using Count = int64_t;
#endif
using Gradients = std::tuple<at::Tensor, at::Tensor, at::Tensor>;
using Wanted = std::array<bool, 3>;

// Outside of at::_ops, where `std` is the name of an operation.
static void plant(Gradients& gradients) {
  const char* const variable = getenv("PLANTED");
  const std::string planted = variable ? variable : "";
  if (planted == "crash") raise(SIGSEGV);
  at::Tensor& whole = planted == "input" ? std::get<0>(gradients) : std::get<1>(gradients);
  if (planted.empty() || !whole.defined()) return;
  at::Tensor flat = whole.permute({0, 2, 3, 1}).reshape({-1}).clone();
  const int64_t largest = flat.abs().argmax().item<int64_t>();
  if (planted == "nan") flat[largest] = NAN;
  else flat[largest] *= 1.01;
  whole = flat.view({whole.size(0), whole.size(2), whole.size(3), whole.size(1)}).permute({0, 3, 1, 2});
}

Gradients at::_ops::convolution_backward::call(const at::Tensor& output_gradient, const at::Tensor& input,
                                               const at::Tensor& weight, at::OptionalSymIntArrayRef bias, Sizes stride,
                                               Sizes padding, Sizes dilation, bool transposed, Sizes output_padding,
                                               Count groups, Wanted wanted) {
  using Call = Gradients (*)(const at::Tensor&, const at::Tensor&, const at::Tensor&, at::OptionalSymIntArrayRef, Sizes,
                             Sizes, Sizes, bool, Sizes, Count, Wanted);
  static const Call real = [] {
    Dl_info self{};
    dladdr(reinterpret_cast<void*>(&at::_ops::convolution_backward::call), &self);
    return reinterpret_cast<Call>(dlsym(RTLD_NEXT, self.dli_sname));
  }();
  Gradients gradients = real(output_gradient, input, weight, bias, stride, padding, dilation, transposed, output_padding,
                             groups, wanted);
  plant(gradients);
  return gradients;
}
