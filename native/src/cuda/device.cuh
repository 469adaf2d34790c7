// What the kernels are written in, CUDA or its stand-in on the processor, and what they share.
#pragma once

#include <cstdint>
#include <cstring>

#ifdef MB_EMULATE
#include "emulation.hpp"
#else
#include <cuda_runtime.h>

#include <stdexcept>
#include <string>
#endif

#include "kernels.hpp"

namespace mb::cuda {

constexpr unsigned threads = 256;  // in every block

#ifdef MB_EMULATE

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), int64_t blocks, void*, Arguments... arguments) {
  run_kernel<threads>(kernel, blocks, arguments...);
}

template <typename Body>
void for_each(int64_t count, void*, Body body) {
  for (int64_t i = 0; i < count; ++i) body(i);
}

#else

template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), int64_t blocks, void* stream, Arguments... arguments) {
  if (blocks == 0) return;
  kernel<<<static_cast<unsigned>(blocks), threads, 0, static_cast<cudaStream_t>(stream)>>>(
      static_cast<Parameters>(arguments)...);
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw std::runtime_error(std::string("CUDA: ") + cudaGetErrorString(status));
}

template <typename Body>
__global__ void for_each_kernel(int64_t count, Body body) {
  const int64_t i = int64_t{blockIdx.x} * threads + threadIdx.x;
  if (i < count) body(i);
}

// body(i) for every i below `count`, in any order.
template <typename Body>
void for_each(int64_t count, void* stream, Body body) {
  launch(for_each_kernel<Body>, (count + threads - 1) / threads, stream, count, body);
}

#endif

__device__ inline double value_of(Number number) { return number.address ? *number.address : number.value; }

// A NaN passes through, to be seen: both comparisons are false for it.
__device__ inline float clip(float value, float low, float high) {
  return value < low ? low : value > high ? high : value;
}

// The number of another type that has the same bits.
template <typename To, typename From>
__host__ __device__ To same_bits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(&to, &from, sizeof to);
  return to;
}

// The nearest bfloat16, ties to even; a NaN stays one.
__device__ inline bfloat16 round_to_bfloat16(float value) {
  const uint32_t bits = same_bits<uint32_t>(value);
  if (value != value) return {0x7fc0};
  return {static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16)};
}

// Converts numbers to another type.
template <typename To>
struct Conversion {
  template <typename From>
  __device__ static To of(From value) {
    return static_cast<To>(value);
  }
  __device__ static To of(bfloat16 value) {
    return static_cast<To>(same_bits<float>(static_cast<uint32_t>(value.bits) << 16));
  }
};
template <>
struct Conversion<bfloat16> {
  __device__ static bfloat16 of(float value) { return round_to_bfloat16(value); }
  __device__ static bfloat16 of(double value) { return round_to_bfloat16(static_cast<float>(value)); }
  __device__ static bfloat16 of(bfloat16 value) { return value; }
};

// The index of the piece of work that a block belongs to: the last one that begins at or before it. Begins ascend from 0.
template <typename Pieces>
__device__ int piece_index(const Pieces& pieces) {
  int low = 0, high = pieces.count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (pieces.at[middle].first <= blockIdx.x) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// Calls body(n, load(n)) for every n below `count`. All of a thread's loads are under way before the first is looked at,
// because one after the other they would leave most of the memory's bandwidth unused.
template <uint32_t count, typename Load, typename Body>
__device__ void load_together(Load load, Body body) {
  decltype(load(0u)) loaded[count];
  for (uint32_t n = 0; n < count; ++n) loaded[n] = load(n);
  for (uint32_t n = 0; n < count; ++n) body(n, loaded[n]);
}

// Whether this block is the last of `blocks` to get here; what the others wrote before can be read by it. The ticket is 0
// at first, and again afterwards.
__device__ inline bool is_last_block(uint32_t* ticket, uint32_t blocks) {
  __shared__ bool last;
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) {
    last = atomicAdd(ticket, 1u) == blocks - 1;
    if (last) *ticket = 0;
  }
  __syncthreads();
  __threadfence();
  return last;
}

// Sums over the threads of a block: sums[t] becomes the sum of what threads 0 to t have.
template <typename Value>
__device__ void scan(Value* sums, Value own) {
  sums[threadIdx.x] = own;
  __syncthreads();
  for (unsigned reach = 1; reach < threads; reach *= 2) {
    const Value before = threadIdx.x >= reach ? sums[threadIdx.x - reach] : Value(0);
    __syncthreads();
    sums[threadIdx.x] += before;
    __syncthreads();
  }
}

}  // namespace mb::cuda
