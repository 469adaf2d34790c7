// CUDA on the processor, as much of the language as the kernels use, to test them where there is no GPU.
//
// The threads of a block are fibers that take turns: each runs to its next barrier. Blocks come in a shuffled order and
// threads now forwards, now backwards, so that a kernel that lacks a barrier, or depends on the order of its blocks, gives
// wrong results here as it may on a GPU. Atomics are plain: nothing really runs at once.
#pragma once

#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__ static thread_local

namespace mb::cuda {

struct Coordinates {
  unsigned x = 0;
};
inline thread_local Coordinates threadIdx, blockIdx;

inline void __threadfence() {}

template <typename Value>
Value atomicAdd(Value* address, Value value) {
  const Value before = *address;
  *address = before + value;
  return before;
}

// The block that this host thread runs. Its fibers are made once; control moves between them by longjmp, which makes no system call.
class Block {
 public:
  explicit Block(unsigned count) : fibers_(count) {
    for (Fiber& fiber : fibers_) fiber.stack.resize(1 << 16);
  }

  template <typename Body>
  void run(const Body& body) {
    body_ = [](const void* what) { (*static_cast<const Body*>(what))(); };
    what_ = &body;
    current() = this;
    for (Fiber& fiber : fibers_) fiber.alive = true;
    left_ = fibers_.size();
    for (bool forwards = true; left_ > 0; forwards = !forwards) {
      for (size_t turn = 0; turn < fibers_.size(); ++turn) {
        at_ = forwards ? turn : fibers_.size() - 1 - turn;
        threadIdx.x = static_cast<unsigned>(at_);
        if (fibers_[at_].alive) resume();
      }
    }
  }

  // Suspends the fiber until all others have come as far.
  void wait() {
    if (_setjmp(fibers_[at_].resumption) == 0) _longjmp(scheduler_, 1);
  }

  static Block*& current() {
    static thread_local Block* block = nullptr;
    return block;
  }

 private:
  struct Fiber {
    bool begun = false, alive = false;
    jmp_buf resumption;
    ucontext_t start;
    std::vector<char> stack;
  };

  __attribute__((noinline)) void resume() {
    if (_setjmp(scheduler_) != 0) return;
    Fiber& fiber = fibers_[at_];
    if (fiber.begun) _longjmp(fiber.resumption, 1);
    fiber.begun = true;
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack.data();
    fiber.start.uc_stack.ss_size = fiber.stack.size();
    makecontext(&fiber.start, &run_bodies, 0);
    setcontext(&fiber.start);
  }

  // A fiber runs one body after the other, and waits in between.
  static void run_bodies() {
    for (;;) {
      Block& self = *current();
      self.body_(self.what_);
      self.fibers_[self.at_].alive = false;
      --self.left_;
      self.wait();
    }
  }

  jmp_buf scheduler_;
  std::vector<Fiber> fibers_;
  size_t at_ = 0;  // the fiber that runs
  size_t left_ = 0;
  void (*body_)(const void*) = nullptr;
  const void* what_ = nullptr;
};

inline void __syncthreads() { Block::current()->wait(); }

template <unsigned threads, typename... Parameters, typename... Arguments>
void run_kernel(void (*kernel)(Parameters...), int64_t blocks, Arguments... arguments) {
  static thread_local Block block(threads);
  std::vector<unsigned> order(static_cast<size_t>(blocks));
  std::iota(order.begin(), order.end(), 0u);
  uint32_t state = 1;
  for (size_t i = order.size(); i > 1; --i) {
    state = state * 1664525u + 1013904223u;
    std::swap(order[i - 1], order[(uint64_t{state} * i) >> 32]);
  }
  for (const unsigned index : order) {
    blockIdx.x = index;
    block.run([&] { kernel(static_cast<Parameters>(arguments)...); });
  }
}

}  // namespace mb::cuda
