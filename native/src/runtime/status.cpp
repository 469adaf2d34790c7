#include "status.hpp"

#include <c10/util/Exception.h>

#include <new>

namespace mb {
namespace {
thread_local std::string last_error;
}

const std::string& error_text() noexcept { return last_error; }

int32_t fail(mb_status status, const char* function, const std::string& text) noexcept {
  try {
    last_error = std::string(function) + ": " + text;
  } catch (...) {  // no memory even for the text: the status has to do
    last_error.clear();
  }
  return status;
}

int32_t fail_with_current_exception(const char* function) noexcept {
  try {
    throw;
  } catch (const Failure& failure) {
    return fail(failure.status, function, failure.what());
  } catch (const std::bad_alloc&) {
    return fail(MB_OUT_OF_MEMORY, function, "out of memory");
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    const bool memory = text.find("out of memory") != std::string::npos ||
                        text.find("not enough memory") != std::string::npos;
    return fail(memory ? MB_OUT_OF_MEMORY : MB_INTERNAL, function, text);
  } catch (const std::exception& error) {
    return fail(MB_INTERNAL, function, error.what());
  } catch (...) {
    return fail(MB_INTERNAL, function, "unknown failure");
  }
}

}  // namespace mb
