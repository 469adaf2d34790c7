// How long this thread had to wait for a processor that others were using.
#pragma once

namespace mb {

// Seconds since the thread began in which it could have run and did not; always 0 where the system doesn't report it.
double read_wait_seconds();

}  // namespace mb
