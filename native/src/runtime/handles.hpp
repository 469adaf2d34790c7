// The handles of generators and vectors, the table of all handles alive, and the checks of arguments that calls share. The
// table is what makes a null, foreign or freed handle an error.
//
// A handle is a number, given out as the pointer that the header calls it, and never given out again: were it an address,
// one that was freed could be that of the next object. So it must not be dereferenced: object_of() does.
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "../cuda/runtime.hpp"
#include "status.hpp"

struct mb_generator {
  static constexpr const char* family = "generator";
  at::Generator generator;
};

struct mb_vector {
  static constexpr const char* family = "vector";
  at::Tensor tensor;  // one dimension, contiguous
  // Where the threshold of a segment (by offset and order) lay when it was last projected, and how far around it to
  // look first. The result never depends on it.
  struct Guess {
    uint32_t key = 0, reach = 0;
  };
  mutable std::map<std::pair<int64_t, bool>, Guess> guesses;
  // What the kernels select of it, and whether the first digit of its present values is counted already.
  struct Selection {
    std::vector<mb::cuda::Segment> segments;
    bool magnitude = false, counted = false;
    at::Tensor workspace;
    uint64_t digest = 0;  // of segments and magnitude: another selection's workspace may get the same address
  };
  mutable Selection selection;
};

namespace mb {

struct HandleTable {
  struct Entry {
    const char* family;
    void* object;
  };
  std::mutex mutex;
  std::unordered_map<uintptr_t, Entry> alive;
  uintptr_t last = 0;
  static constexpr uintptr_t step = 16;  // so that the numbers next to a handle are none

  // The entry of a handle, or a Failure that names the argument. The mutex must be held.
  const Entry& at(const void* handle, const char* family, const char* argument) const;
};
HandleTable& handles();

// The object behind a handle, or a Failure that names the argument.
template <typename Handle>
Handle& object_of(Handle* handle, const char* argument) {
  const std::lock_guard<std::mutex> lock(handles().mutex);
  return *static_cast<Handle*>(handles().at(handle, Handle::family, argument).object);
}

// Gives an object a handle.
template <typename Handle>
Handle* adopt(std::unique_ptr<Handle> object) {
  HandleTable& table = handles();
  const std::lock_guard<std::mutex> lock(table.mutex);
  const uintptr_t handle = table.last + HandleTable::step;
  table.alive.emplace(handle, HandleTable::Entry{Handle::family, object.get()});
  table.last = handle;
  object.release();
  return reinterpret_cast<Handle*>(handle);
}

// Frees the object behind a handle, which no other will ever have.
template <typename Handle>
void release(Handle* handle, const char* argument) {
  std::unique_ptr<Handle> object;
  {
    const std::lock_guard<std::mutex> lock(handles().mutex);
    object.reset(static_cast<Handle*>(handles().at(handle, Handle::family, argument).object));
    handles().alive.erase(reinterpret_cast<uintptr_t>(handle));
  }
}

// A vector's values, or a range of them, to be read.
const at::Tensor& vector_of(const mb_vector* handle, const char* argument);
const at::Tensor range_of(const mb_vector* handle, const char* argument, int64_t offset, int64_t length);
// The same, to be written: what was counted of the former values is dropped.
at::Tensor& vector_for_writing(mb_vector* handle, const char* argument);
at::Tensor range_for_writing(mb_vector* handle, const char* argument, int64_t offset, int64_t length);

void require_floating(const at::Tensor& tensor, const char* argument);
void require_dtype(const at::Tensor& tensor, const char* argument, at::ScalarType expected);
void require_like(const at::Tensor& tensor, const char* argument, const at::Tensor& model, const char* model_argument);
// Refuses what is not finite in the tensor's own type: what float32 can't hold would become infinite.
void require_finite(double value, const char* argument, const at::Tensor& tensor);
at::ScalarType dtype_of(int32_t dtype, const char* argument = "dtype");
at::ScalarType floating_dtype_of(int32_t dtype, const char* argument = "dtype");
at::Device device_of(int32_t device, const char* argument = "device");

void require_shape(int64_t channels, int64_t height, int64_t width);
// Refuses sizes whose product is above 2^40, with which further products could overflow.
void require_countable(std::initializer_list<int64_t> sizes, const char* argument);

// Refuses a null `out`, and sets it to null, so that a failed call leaves no handle behind.
template <typename Out>
void require_out(Out* out) {
  require(out != nullptr, "out: null, expected an address for the handle");
  *out = nullptr;
}

}  // namespace mb
