// A file of pictures, one after another as bytes (height, width, channels), mapped into memory: the system reads what is
// looked at, keeps what fits into memory, and all that map one file share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mb {

// One picture as it is stored.
struct StoredPicture {
  const uint8_t* pixels;
  int64_t height, width;
};

// Where a picture lies in the file, offset in bytes, and its size.
struct PackEntry {
  int64_t offset, height, width;
};

class Pack {
 public:
  // Throws a Failure where the file can't be read, has another size, or ends before one of the pictures does.
  Pack(const char* path, int64_t bytes, const PackEntry* entries, int64_t count, int64_t channels);
  ~Pack();
  Pack(const Pack&) = delete;
  Pack& operator=(const Pack&) = delete;

  StoredPicture at(int64_t picture) const {
    const PackEntry& entry = entries_[picture];
    return {pixels_ + entry.offset, entry.height, entry.width};
  }
  // Makes the disk begin to read a picture that is needed soon.
  void prefetch(int64_t picture) const;

 private:
  std::vector<PackEntry> entries_;
  int64_t bytes_, channels_;
  const uint8_t* pixels_ = nullptr;
};

}  // namespace mb
