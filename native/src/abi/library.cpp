// The library itself: version, description, threads, memory, and what the machine can do.
#include <ATen/Context.h>
#include <ATen/Parallel.h>
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
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <functional>

#include "../runtime/clock.hpp"
#include "../runtime/handles.hpp"
#include "../runtime/instructions.hpp"
#include "../runtime/memory.hpp"
#include "../runtime/profile.hpp"

using namespace mb;

namespace {

void measure(int32_t repeats, double* seconds, const at::Device& device, const std::function<void()>& body) {
  require(repeats >= 1 && repeats <= 1000000, "repeats: ", repeats, ", expected 1 to 1000000");
  require(seconds != nullptr, "seconds: null, expected a place for the number");
  body();
  wait_for(device);
  const auto start = std::chrono::steady_clock::now();
  const double waited = seconds_waited();
  for (int32_t i = 0; i < repeats; ++i) body();
  wait_for(device);
  // Read in this order, so that a wait in between counts as time, and never the other way round.
  const double others = seconds_waited() - waited;
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
  *seconds = (passed.count() - others) / repeats;
}

// The file that libtorch's matrix products come from: a BLAS library, or libtorch's own where it brings one (MKL).
std::string blas_file() {
  Dl_info found{};
  void* const product = symbol_of_libtorch("sgemm_");
  if (!product || !dladdr(product, &found) || !found.dli_fname) return "libtorch_cpu.so";
  char real[PATH_MAX];
  return realpath(found.dli_fname, real) ? real : found.dli_fname;
}

// What kernels are chosen by, which the processor's name need not tell: families of servers share one.
std::string processor() {
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
std::string gpu() {
  char name[256] = "";
  void* const driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_NOLOAD);
  if (!driver) return name;
  const auto name_of = reinterpret_cast<int (*)(char*, int, int)>(dlsym(driver, "cuDeviceGetName"));
  if (!name_of || name_of(name, sizeof name, 0) != 0) name[0] = '\0';
  dlclose(driver);
  return name;
}

}  // namespace

int32_t mb_abi_version(void) { return MB_ABI_VERSION; }

void mb_exit(int32_t code) { _exit(code); }

int32_t mb_describe(char* text, int64_t capacity) {
  return guard("mb_describe", [&] {
    require(text != nullptr && capacity > 0, "text: null or no capacity, expected room for the description");
    const bool cuda = at::globalContext().hasCUDA();
    std::ostringstream json;
    const char* const made = emulated ? "emulated" : kernels ? "cuda" : "none";
    json << "{\"libtorch\":\"" << TORCH_VERSION << "\",\"kernels\":\"" << made << "\",\"cuda\":" << (cuda ? "true" : "false")
         << ",\"mkldnn\":" << (at::globalContext().hasMKLDNN() ? "true" : "false") << ",\"blas\":\"" << blas_file()
         << "\",\"processor\":\"" << processor() << "\",\"instructions\":\"" << instructions()
         << "\",\"gpu\":\"" << gpu() << "\"}";
    const std::string written = json.str();
    require(static_cast<int64_t>(written.size()) < capacity, "capacity: ", capacity, ", expected at least ",
            written.size() + 1);
    std::memcpy(text, written.c_str(), written.size() + 1);
  });
}

int32_t mb_set_threads(int32_t threads) {
  return guard("mb_set_threads", [&] {
    require(threads >= 1 && threads <= 1024, "threads: ", threads, ", expected 1 to 1024");
    at::get_num_threads();  // a thread's first call takes what another one set last, even after it has set its own
    at::set_num_threads(threads);
  });
}

int32_t mb_live(int64_t* count, int64_t* bytes, int64_t* peak_bytes) {
  return guard("mb_live", [&] {
    require(count && bytes && peak_bytes, "handles, bytes, peak_bytes: null, expected places for the numbers");
    const std::lock_guard<std::mutex> lock(handles().mutex);
    *count = static_cast<int64_t>(handles().alive.size());
    *bytes = memory_in_use();
    *peak_bytes = memory_peak();
  });
}

int32_t mb_reset_peak(void) {
  return guard("mb_reset_peak", [] { memory_reset_peak(); });
}

int32_t mb_measure_matmul(int32_t device, int64_t size, int32_t repeats, double* seconds) {
  return guard("mb_measure_matmul", [&] {
    require(size >= 1 && size <= 32768, "size: ", size, ", expected 1 to 32768");
    const at::Device where = device_of(device);
    const at::Tensor a = at::ones({size, size}, where), b = at::ones({size, size}, where);
    at::Tensor c = at::empty({size, size}, where);
    measure(repeats, seconds, where, [&] { at::mm_out(c, a, b); });
  });
}

int32_t mb_measure_copy(int32_t device, int64_t bytes, int32_t repeats, double* seconds) {
  return guard("mb_measure_copy", [&] {
    require(bytes >= 4 && bytes <= (int64_t{1} << 36), "bytes: ", bytes, ", expected 4 to 2^36");
    const at::Device where = device_of(device);
    const at::Tensor from = at::ones({bytes / 4}, where);
    at::Tensor to = at::zeros({bytes / 4}, where);
    measure(repeats, seconds, where, [&] { to.copy_(from); });
  });
}
