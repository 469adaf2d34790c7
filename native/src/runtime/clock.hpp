// How long this thread had to wait for a processor that others were using.
#pragma once

namespace mb {

// Seconds since the thread began in which it could have run and did not; 0 throughout where the system doesn't tell.
double seconds_waited();

}  // namespace mb
