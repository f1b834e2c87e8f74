// Memory on cache lines of its own.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace linnet {

class Buffer {
public:
  static constexpr std::align_val_t ALIGNMENT{64};

  explicit Buffer(std::size_t size)
      : bytes_(static_cast<char *>(::operator new(size + 64, ALIGNMENT))) {}
  Buffer(Buffer &&other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)) {}
  Buffer &operator=(Buffer &&other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer() { ::operator delete(bytes_, ALIGNMENT); }

  char *bytes() { return bytes_; }

private:
  char *bytes_;
};

} // namespace linnet
