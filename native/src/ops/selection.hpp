// Π_k of one segment on the processor; see selection.cpp.
#pragma once

#include "../runtime/handles.hpp"

namespace mb {

// How the mask is made of bit and value: see mb_project_top_k.
struct Mix {
  float alpha;
  bool relative;
  float low, high;
};

// The `kept` largest, of values or magnitudes, that exceed the floor. `guess`: where the threshold was the last time.
void project_on_cpu(const float* values, int64_t length, int64_t kept, bool magnitude, float floor, Mix mix,
                    float* mask, mb_vector::Guess& guess);

}  // namespace mb
