#include "pack.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "status.hpp"

namespace mb {

namespace {

// Bytes of a picture. Smaller ones are read along with those next to them; a call for each would cost more than it saves.
constexpr int64_t min_prefetched = 1 << 16;

struct File {
  const int descriptor;
  ~File() {
    if (descriptor >= 0) close(descriptor);
  }
};

}  // namespace

// A file that is cut short after it was mapped can't be refused: whoever reads beyond its end is killed by SIGBUS. Packs
// are never written to once they have their name; a new one is another file.
Pack::Pack(const char* path, int64_t bytes, const PackEntry* entries, int64_t count, int64_t channels)
    : entries_(entries, entries + count), bytes_(bytes), channels_(channels) {
  for (int64_t i = 0; i < count; ++i) {
    const auto [offset, height, width] = entries_[i];
    require(height >= 1 && height <= 65536 && width >= 1 && width <= 65536, "index: picture ", i, " of ", height, " × ",
            width, ", expected at least 1 and sane");
    const int64_t size = height * width * channels;
    require(offset >= 0 && size <= bytes && offset <= bytes - size, "index: picture ", i, " of ", size, " bytes from ",
            offset, ", expected it within the file's ", bytes);
  }
  const File file{open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  require(file.descriptor >= 0, path, ": ", std::strerror(errno));
  struct stat status;
  require(fstat(file.descriptor, &status) == 0, path, ": ", std::strerror(errno));
  require(S_ISREG(status.st_mode), path, ": expected a file");
  require(status.st_size == bytes, path, ": ", int64_t{status.st_size}, " bytes, expected ", bytes);
  void* const mapped = mmap(nullptr, static_cast<size_t>(bytes), PROT_READ, MAP_SHARED, file.descriptor, 0);
  require(mapped != MAP_FAILED, path, ": ", std::strerror(errno));
  pixels_ = static_cast<const uint8_t*>(mapped);
}

Pack::~Pack() {
  if (pixels_) munmap(const_cast<uint8_t*>(pixels_), static_cast<size_t>(bytes_));
}

void Pack::prefetch(int64_t picture) const {
  const auto [offset, height, width] = entries_[picture];
  const int64_t size = height * width * channels_;
  if (size < min_prefetched) return;
  const int64_t page = sysconf(_SC_PAGESIZE), first = offset / page * page;
  madvise(const_cast<uint8_t*>(pixels_) + first, static_cast<size_t>(offset + size - first), MADV_WILLNEED);
}

}  // namespace mb
