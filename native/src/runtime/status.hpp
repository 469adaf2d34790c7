// How a call fails: `guard` turns whatever its body throws into a status and this thread's error text.
#pragma once

#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <string>

#include "maskbench.h"

namespace mb {

class Failure : public std::runtime_error {
 public:
  Failure(mb_status status, const std::string& text) : std::runtime_error(text), status(status) {}
  const mb_status status;
};

// require(length >= 0, "length: ", length, ", expected at least 0")
template <typename... Parts>
void require(bool condition, const Parts&... parts) {
  if (condition) return;
  std::ostringstream text;
  (text << ... << parts);
  throw Failure(MB_INVALID, text.str());
}

// The text of this thread's last failed call.
const std::string& error_text() noexcept;

// Sets that text, and gives the status back.
int32_t fail(mb_status status, const char* function, const std::string& text) noexcept;

// The status of the exception being handled; kept out of the template so that it is compiled once.
int32_t fail_with_current_exception(const char* function) noexcept;

// Throws within a recorded step: see step.hpp.
void require_no_recorded_step();

// For the calls that can be part of a recorded step.
template <typename Body>
int32_t guard_within_step(const char* function, Body&& body) noexcept {
  try {
    body();
    return MB_OK;
  } catch (...) {
    return fail_with_current_exception(function);
  }
}

// For all others.
template <typename Body>
int32_t guard(const char* function, Body&& body) noexcept {
  return guard_within_step(function, [&] {
    require_no_recorded_step();
    body();
  });
}

}  // namespace mb
