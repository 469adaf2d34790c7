// Π_k of one segment on the processor, without sorting it; see selection.cpp.
#pragma once

#include "../runtime/handles.hpp"

namespace mb {

// How the mask is made of bit and value: see mb_project_top_k.
struct Mix {
  float alpha;
  bool relative;
  float low, high;
};

// The mask of the `kept` largest, of values or magnitudes, that exceed the floor. `guess` is where the threshold was the last
// time; it becomes where it is now. Throws a Failure where there is a NaN.
void project_by_selection(const float* values, int64_t length, int64_t kept, bool magnitude, float floor, Mix mix,
                          float* mask, mb_vector::Guess& guess);

}  // namespace mb
