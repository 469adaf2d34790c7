#include "clock.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "status.hpp"

namespace {

// Linux keeps three numbers for each thread: nanoseconds run, nanoseconds waited, turns.
class Schedule {
 public:
  Schedule() : file_(open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)) {}
  ~Schedule() {
    if (file_ >= 0) close(file_);
  }
  Schedule(const Schedule&) = delete;
  Schedule& operator=(const Schedule&) = delete;

  double waited() const {
    char text[96];
    const ssize_t length = file_ < 0 ? 0 : pread(file_, text, sizeof text - 1, 0);
    if (length <= 0) return 0;
    text[length] = '\0';
    char* rest = text;
    strtoull(rest, &rest, 10);
    return static_cast<double>(strtoull(rest, &rest, 10)) / 1e9;
  }

 private:
  const int file_;
};

}  // namespace

namespace mb {

double seconds_waited() {
  thread_local const Schedule schedule;
  return schedule.waited();
}

}  // namespace mb

int32_t mb_waited(double* seconds) {
  return mb::guard("mb_waited", [&] {
    mb::require(seconds != nullptr, "seconds: null, expected a place for the number");
    *seconds = mb::seconds_waited();
  });
}
