#include "machine.hpp"

#include <ATen/Context.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#if __has_include(<torch/headeronly/version.h>)  // from 2.9 on
#include <torch/headeronly/version.h>
#else
#include <torch/csrc/api/include/torch/version.h>
#endif

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include <chrono>
#include <functional>
#include <sstream>

#include "../cuda/runtime.hpp"
#include "clock.hpp"
#include "instructions.hpp"
#include "profile.hpp"

namespace mb {
namespace {

double measure_seconds(int32_t repeats, const at::Device& device, const std::function<void()>& body) {
  body();
  wait_for(device);
  const auto start = std::chrono::steady_clock::now();
  const double waited_before = read_wait_seconds();
  for (int32_t i = 0; i < repeats; ++i) body();
  wait_for(device);
  // The clocks are read in this order, so that a wait in between counts as time, and never the other way round.
  const double waited = read_wait_seconds() - waited_before;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  return (passed.count() - waited) / repeats;
}

// The file that libtorch's matrix products come from: a BLAS library, or libtorch's own where it brings one (MKL).
std::string find_blas_file() {
  Dl_info found{};
  void* const product = find_symbol_of_libtorch("sgemm_");
  if (!product || !dladdr(product, &found) || !found.dli_fname) return "libtorch_cpu.so";
  char real[PATH_MAX];
  return realpath(found.dli_fname, real) ? real : found.dli_fname;
}

// The features that kernels are chosen by. The processor's name may not show them: families of servers share one.
std::string describe_processor() {
  std::ostringstream text;
#if defined(__x86_64__)
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d)) {
    const unsigned base = a >> 8 & 0xf, family = base == 0xf ? base + (a >> 20 & 0xff) : base;
    const unsigned model = (a >> 4 & 0xf) | (base == 6 || base == 0xf ? a >> 12 & 0xf0 : 0);
    text << "family " << family << ", model " << model << ", stepping " << (a & 0xf);
  }
  if (__builtin_cpu_supports("avx512f")) text << ", AVX-512";
  else if (__builtin_cpu_supports("avx2")) text << ", AVX2";
#endif
  return text.str();
}

// The first GPU's name, by the driver where libtorch has loaded one; empty without.
std::string find_gpu_name() {
  char name[256] = "";
  void* const driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!driver) return name;
  const auto name_of = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  if (!name_of || name_of(name, sizeof name, 0) != 0) name[0] = '\0';
  dlclose(driver);
  return name;
}

}  // namespace

std::string describe_machine() {
  const char* const made = emulated ? "emulated" : kernels ? "cuda" : "none";
  const auto json_of = [](bool value) { return value ? "true" : "false"; };
  std::ostringstream json;
  json << "{\"libtorch\":\"" << TORCH_VERSION << "\",\"kernels\":\"" << made << "\",\"cuda\":"
       << json_of(at::globalContext().hasCUDA()) << ",\"mkldnn\":" << json_of(at::globalContext().hasMKLDNN())
       << ",\"blas\":\"" << find_blas_file() << "\",\"processor\":\"" << describe_processor()
       << "\",\"instructions\":\"" << describe_instructions() << "\",\"gpu\":\"" << find_gpu_name() << "\"}";
  return json.str();
}

double measure_matmul(const at::Device& device, int64_t size, int32_t repeats) {
  const at::Tensor a = at::ones({size, size}, device), b = at::ones({size, size}, device);
  at::Tensor c = at::empty({size, size}, device);
  return measure_seconds(repeats, device, [&] { at::mm_out(c, a, b); });
}

double measure_copy(const at::Device& device, int64_t bytes, int32_t repeats) {
  const at::Tensor from = at::ones({bytes / 4}, device);
  at::Tensor to = at::zeros({bytes / 4}, device);
  return measure_seconds(repeats, device, [&] { to.copy_(from); });
}

}  // namespace mb
