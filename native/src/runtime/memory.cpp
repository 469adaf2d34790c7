// The system takes large blocks back at once, so that an activation that is freed and allocated again in every step costs
// page faults throughout. This allocator, which libtorch then uses for all CPU tensors of the process, keeps freed blocks
// by size and hands them out again, and counts what is in use.
#include "memory.hpp"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <vector>

namespace {

constexpr size_t alignment = 64, min_kept = 1 << 16, header = 64;

at::DataPtr allocate_block(size_t bytes);

class ReusingAllocator final : public at::Allocator {
 public:
  // libtorch made `allocate` non-const in 2.2 and added `copy_data` in 2.3; without `override`, each version takes
  // what it knows.
  at::DataPtr allocate(size_t bytes) const { return allocate_block(bytes); }
  at::DataPtr allocate(size_t bytes) { return allocate_block(bytes); }
  void copy_data(void* to, const void* from, size_t bytes) const { std::memcpy(to, from, bytes); }
  at::DeleterFnPtr raw_deleter() const override { return &free_block; }

  std::mutex mutex;
  int64_t in_use = 0, peak = 0;

 private:
  std::unordered_map<size_t, std::vector<void*>> kept_;

  // Each block starts with a header that holds its size; the data follow it.
  static void free_block(void* data);

  static size_t round_up(size_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

  friend at::DataPtr allocate_block(size_t bytes);

  // A block that was kept, or a new one, after dropping what is kept where there is no memory for it.
  void* take_block(size_t size) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      auto& free = kept_[size];
      if (!free.empty()) {
        void* const block = free.back();
        free.pop_back();
        return block;
      }
    }
    void* block = std::aligned_alloc(alignment, size + header);
    if (!block) {
      drop_kept();
      block = std::aligned_alloc(alignment, size + header);
    }
    if (block) *static_cast<size_t*>(block) = size;
    return block;
  }

  at::DataPtr make(size_t bytes) {
    const at::Device cpu(at::kCPU);
    if (bytes == 0) return {nullptr, nullptr, &free_block, cpu};
    // A system that promises more than it has would end the process when the memory is written to.
    static const size_t memory = static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    TORCH_CHECK(bytes <= memory, "not enough memory: ", bytes, " bytes were asked for, and the machine has ", memory);
    const size_t size = round_up(bytes);
    void* const block = take_block(size);
    TORCH_CHECK(block, "not enough memory: ", bytes, " bytes were asked for");
    {
      const std::lock_guard<std::mutex> lock(mutex);
      in_use += static_cast<int64_t>(size);
      peak = std::max(peak, in_use);
    }
    void* const data = static_cast<char*>(block) + header;
    return {data, data, &free_block, cpu};
  }

 public:
  // Gives all blocks that are kept back to the system.
  void drop_kept() {
    const std::lock_guard<std::mutex> lock(mutex);
    for (auto& [size, blocks] : kept_) {
      for (void* block : blocks) std::free(block);
    }
    kept_.clear();
#ifdef __GLIBC__
    malloc_trim(0);  // else only what lies above all that is in use goes back
#endif
  }
};

ReusingAllocator& allocator() {
  static ReusingAllocator* instance = new ReusingAllocator;  // never destroyed: tensors may be freed at exit
  return *instance;
}

at::DataPtr allocate_block(size_t bytes) { return allocator().make(bytes); }

void ReusingAllocator::free_block(void* data) {
  if (!data) return;
  void* const block = static_cast<char*>(data) - header;
  const size_t size = *static_cast<size_t*>(block);
  ReusingAllocator& self = allocator();
  const std::lock_guard<std::mutex> lock(self.mutex);
  self.in_use -= static_cast<int64_t>(size);
  if (size < min_kept) {
    std::free(block);
  } else {
    self.kept_[size].push_back(block);
  }
}

// It is installed when the library is loaded, with a priority above that of libtorch's own (0).
const bool installed = (c10::SetCPUAllocator(&allocator(), 1), true);

}  // namespace

namespace mb {

int64_t bytes_in_use() {
  const std::lock_guard<std::mutex> lock(allocator().mutex);
  return allocator().in_use;
}

int64_t peak_bytes() {
  const std::lock_guard<std::mutex> lock(allocator().mutex);
  return allocator().peak;
}

void reset_peak_bytes() {
  allocator().drop_kept();
  const std::lock_guard<std::mutex> lock(allocator().mutex);
  allocator().peak = allocator().in_use;
}

}  // namespace mb
