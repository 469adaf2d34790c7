// The handle families, and the table of those alive: what makes a null, foreign or freed handle an error.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "cuda/runtime.hpp"
#include "status.hpp"

struct mb_generator {
  static constexpr const char* family = "generator";
  at::Generator generator;
};

struct mb_vector {
  static constexpr const char* family = "vector";
  at::Tensor tensor;  // one dimension, contiguous
  // Where the threshold of a segment (by offset and order) lay when it was last projected, and how far around it to
  // look first: never a matter of the result.
  struct Guess {
    uint32_t key = 0, reach = 0;
  };
  mutable std::map<std::pair<int64_t, bool>, Guess> guesses;
  // What the kernels have selected of it, and whether the first digit of its present values is counted already.
  struct Selection {
    std::vector<mb::cuda::Selected> segments;
    bool magnitude = false, counted = false;
    at::Tensor room;
  };
  mutable Selection selection;
};

namespace mb {

struct HandleTable {
  std::mutex mutex;
  std::unordered_map<const void*, const char*> families;
};
HandleTable& handles();

// The object behind a handle, or a Failure that names the argument.
template <typename Handle>
Handle& object(Handle* handle, const char* argument) {
  require(handle != nullptr, argument, ": null, expected a ", Handle::family);
  const std::lock_guard<std::mutex> lock(handles().mutex);
  const auto found = handles().families.find(handle);
  require(found != handles().families.end(), argument, ": freed or unknown, expected a ", Handle::family);
  // Families are told apart by the address of their name's text being equal, so compare the texts.
  require(std::string(found->second) == Handle::family, argument, ": a ", found->second, ", expected a ",
          Handle::family);
  return *handle;
}

template <typename Handle>
Handle* adopt(std::unique_ptr<Handle> handle) {
  const std::lock_guard<std::mutex> lock(handles().mutex);
  handles().families.emplace(handle.get(), Handle::family);
  return handle.release();
}

template <typename Handle>
void release(Handle* handle, const char* argument) {
  object(handle, argument);
  {
    const std::lock_guard<std::mutex> lock(handles().mutex);
    handles().families.erase(handle);
  }
  delete handle;
}

// Checked pieces of arguments, shared by the families. What is not const is about to be written.
at::Tensor& vector_of(mb_vector* handle, const char* argument);
const at::Tensor& vector_of(const mb_vector* handle, const char* argument);
at::Tensor range_of(mb_vector* handle, const char* argument, int64_t offset, int64_t length);
const at::Tensor range_of(const mb_vector* handle, const char* argument, int64_t offset, int64_t length);
void require_dtype(const at::Tensor& tensor, const char* argument, at::ScalarType expected);
void require_like(const at::Tensor& tensor, const char* argument, const at::Tensor& model, const char* model_argument);
at::ScalarType dtype_of(int32_t dtype, const char* argument = "dtype");
at::ScalarType floating_of(int32_t dtype, const char* argument = "dtype");
at::Device device_of(int32_t device, const char* argument = "device");

template <typename Out>
void require_out(Out* out) {
  require(out != nullptr, "out: null, expected a place for the handle");
  *out = nullptr;
}

}  // namespace mb
