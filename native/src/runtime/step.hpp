// Recorded steps: the calls that a training step consists of are written down once as a CUDA graph; afterwards the same
// calls only tell the numbers that have changed, and the graph does the rest in one launch.
#pragma once

#include <initializer_list>
#include <map>
#include <vector>

#include "../cuda/runtime.hpp"
#include "handles.hpp"

struct mb_step {
  static constexpr const char* family = "step";
  enum class Mode { direct, recording, replaying };
  // One step of a certain shape: the words that its calls are told apart by, one after the other, and what they do.
  struct Recorded {
    int64_t done = 0;  // steps of that shape so far
    std::vector<uint64_t> calls;
    std::unique_ptr<mb::cuda::Graph> graph;
  };

  at::Device device;
  bool able;  // else every step is carried out call by call
  std::map<int64_t, Recorded> recorded;
  std::shared_ptr<mb::cuda::Ring> ring;
  at::Tensor taken;  // a cuda::Taken
  int64_t replayed = 0;

  // Of the step under way.
  bool under_way = false;
  Mode mode = Mode::direct;
  Recorded* current = nullptr;
  size_t words = 0;
  int64_t numbers = 0;
};

namespace mb {

// A number of the call under way that may be another one in the next step; by value outside of recorded steps.
cuda::Number number(double value);

// For libtorch's operations: a tensor without dimensions, float64, on the device of what it is computed with. Dividing by
// one of the host is another operation there, with other bits than a recorded step's.
at::Tensor as_tensor(cuda::Number number, const at::Tensor& with);

// Whether the call under way is to be carried out, not only to be noted. `words` are all that it hangs on beside its
// numbers: handles, addresses, constants. Throws where a replayed step does not go as the recorded one.
bool carry_out(const char* call, std::initializer_list<uint64_t> words);

// As words: an address, a constant.
uint64_t word(const void* address);
uint64_t word(const at::Tensor& tensor);
uint64_t word(double constant);

}  // namespace mb
