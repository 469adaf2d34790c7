// The library itself: version, errors, description, threads, memory, time, and what the machine can do.
#include <ATen/Parallel.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "../runtime/clock.hpp"
#include "../runtime/handles.hpp"
#include "../runtime/machine.hpp"
#include "../runtime/memory.hpp"
#include "../runtime/profile.hpp"

using namespace mb;

namespace {

void require_measurement(int32_t repeats, const double* seconds) {
  require(repeats >= 1 && repeats <= 1000000, "repeats: ", repeats, ", expected 1 to 1000000");
  require(seconds != nullptr, "seconds: null, expected an address for the number");
}

}  // namespace

int32_t mb_abi_version(void) { return MB_ABI_VERSION; }

void mb_exit(int32_t code) { _exit(code); }

int32_t mb_last_error(char* text, int64_t capacity) {
  return guard_within_step("mb_last_error", [&] {
    require(text != nullptr && capacity > 0, "text: null or no capacity, expected a buffer for the text");
    const std::string& last = error_text();
    const size_t length = std::min(last.size(), static_cast<size_t>(capacity - 1));
    std::memcpy(text, last.data(), length);
    text[length] = '\0';
  });
}

int32_t mb_describe(char* text, int64_t capacity) {
  return guard("mb_describe", [&] {
    require(text != nullptr && capacity > 0, "text: null or no capacity, expected a buffer for the description");
    const std::string description = describe_machine();
    require(static_cast<int64_t>(description.size()) < capacity, "capacity: ", capacity, ", expected at least ",
            description.size() + 1);
    std::memcpy(text, description.c_str(), description.size() + 1);
  });
}

int32_t mb_set_threads(int32_t threads) {
  return guard("mb_set_threads", [&] {
    require(threads >= 1 && threads <= 1024, "threads: ", threads, ", expected 1 to 1024");
    at::get_num_threads();  // a thread's first call takes what another one set last, even after it has set its own
    at::set_num_threads(threads);
  });
}

int32_t mb_live(int64_t* count, int64_t* bytes, int64_t* peak) {
  return guard("mb_live", [&] {
    require(count && bytes && peak, "handles, bytes, peak_bytes: null, expected addresses for the numbers");
    const std::lock_guard<std::mutex> lock(handles().mutex);
    *count = static_cast<int64_t>(handles().alive.size());
    *bytes = bytes_in_use();
    *peak = peak_bytes();
  });
}

int32_t mb_reset_peak(void) {
  return guard("mb_reset_peak", [] { reset_peak_bytes(); });
}

int32_t mb_waited(double* seconds) {
  return guard("mb_waited", [&] {
    require(seconds != nullptr, "seconds: null, expected an address for the number");
    *seconds = read_wait_seconds();
  });
}

int32_t mb_profile(int32_t on, double* seconds) {
  return guard("mb_profile", [&] {
    require(on == 0 || on == 1, "on: ", on, ", expected 0 or 1");
    set_profiling(on == 1, seconds);
  });
}

int32_t mb_measure_matmul(int32_t device, int64_t size, int32_t repeats, double* seconds) {
  return guard("mb_measure_matmul", [&] {
    require(size >= 1 && size <= 32768, "size: ", size, ", expected 1 to 32768");
    const at::Device where = device_of(device);
    require_measurement(repeats, seconds);
    *seconds = measure_matmul(where, size, repeats);
  });
}

int32_t mb_measure_copy(int32_t device, int64_t bytes, int32_t repeats, double* seconds) {
  return guard("mb_measure_copy", [&] {
    require(bytes >= 4 && bytes <= (int64_t{1} << 36), "bytes: ", bytes, ", expected 4 to 2^36");
    const at::Device where = device_of(device);
    require_measurement(repeats, seconds);
    *seconds = measure_copy(where, bytes, repeats);
  });
}
