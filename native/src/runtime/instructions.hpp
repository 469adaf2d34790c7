// Which instructions libtorch's kernels, oneDNN's and the BLAS's use: those that the processor has, or fewer where the
// environment says so.
#pragma once

#include <string>

namespace mb {

// A symbol of libtorch, or of a library that it is linked to; null where there is none.
void* find_symbol_of_libtorch(const char* name);

// Such as `ATen AVX2, oneDNN avx2, OpenBLAS Haswell`, and the variables of the environment that limit them.
std::string describe_instructions();

// Whether products in bfloat16 are computed as such. Without the instructions libtorch emulates them, slower than float32,
// and where oneDNN may not use them it refuses.
bool has_bfloat16();

}  // namespace mb
