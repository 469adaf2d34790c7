// Π_k of all segments of a vector: by kernels, by selection on the processor, or by sorting. float32.
#pragma once

#include "../runtime/handles.hpp"

namespace mb {

// The segments of a flat vector, as triples (offset, length, kept): see mb_project_top_k.
struct Segments {
  const int64_t* triples;
  int64_t count;
  int64_t offset(int64_t index) const { return triples[3 * index]; }
  int64_t length(int64_t index) const { return triples[3 * index + 1]; }
  int64_t kept(int64_t index) const { return triples[3 * index + 2]; }
};

// What is selected of a vector, with what the vector keeps for the next selection.
struct TopK {
  const mb_vector* vector;
  Segments segments;
  bool magnitude;
};

// Where there are kernels, the vector's selection becomes this one; what they had counted stays where it is the same.
TopK make_top_k(const mb_vector& vector, Segments segments, bool magnitude);

// The word that a replay recognises it by.
uint64_t word_of(const TopK& top_k);

// See mb_project_top_k. `counted`: the kernels have counted the first digit of these very values already.
void project_top_k(const at::Tensor& values, TopK top_k, bool counted, double floor, cuda::Number alpha, bool relative,
                   double low, double high, at::Tensor& mask);

}  // namespace mb
