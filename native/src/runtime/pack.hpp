// A file of pictures, one after another as bytes (height, width, channels), mapped into memory: the system reads what is
// looked at, keeps what there is room for, and all that map one file share it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace mb {

// One picture as it is stored.
struct Stored {
  const uint8_t* pixels;
  int64_t height, width;
};

// Where one lies in the file.
struct Place {
  int64_t offset, height, width;
};

class Pack {
 public:
  // Throws a Failure where the file can't be read, has another size, or ends before one of the pictures does.
  Pack(const char* path, int64_t bytes, const Place* places, int64_t count, int64_t channels);
  ~Pack();
  Pack(const Pack&) = delete;
  Pack& operator=(const Pack&) = delete;

  Stored at(int64_t picture) const {
    const Place& place = places_[picture];
    return {pixels_ + place.offset, place.height, place.width};
  }
  // Has the disk begin to read a picture that is needed soon.
  void prefetch(int64_t picture) const;

 private:
  std::vector<Place> places_;
  int64_t bytes_, channels_;
  const uint8_t* pixels_ = nullptr;
};

}  // namespace mb
