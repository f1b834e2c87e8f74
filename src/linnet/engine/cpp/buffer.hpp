// Memory on cache lines of its own; on large pages where there is much of it.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace linnet {

class Buffer {
public:
  explicit Buffer(std::size_t size)
      : alignment_(size >= LARGE ? LARGE_PAGE : LINE_ALIGNMENT),
        bytes_(static_cast<char *>(::operator new(size + LINE_BYTES, alignment_))) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    // The outputs of wide sparse data are written anew in every pass: thousands of faults on small
    // pages took a third of its time.
    if (size >= LARGE) madvise(bytes_, size, MADV_HUGEPAGE);
#endif
  }
  Buffer(Buffer &&other) noexcept
      : alignment_(other.alignment_), bytes_(std::exchange(other.bytes_, nullptr)) {}
  Buffer &operator=(Buffer &&other) noexcept {
    std::swap(alignment_, other.alignment_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer() {
    if (bytes_) ::operator delete(bytes_, alignment_);
  }

  char *bytes() { return bytes_; }

private:
  static constexpr std::align_val_t LINE_ALIGNMENT{64}, LARGE_PAGE{std::size_t{2} << 20};
  static constexpr std::size_t LARGE = std::size_t{4} << 20;
  static constexpr std::size_t LINE_BYTES = 64;

  std::align_val_t alignment_;
  char *bytes_;
};

} // namespace linnet
