// Working memory laid out in one allocation, each part on its own cache lines.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet {
namespace LINNET_SIMD {

constexpr std::size_t LINE = 64;

// Run once with a null base to learn the size, then again to place the parts.
class Layout {
public:
  explicit Layout(char *base) : base_(base) {}

  template <class T> T *part(std::int64_t count) {
    char *here = base_ ? base_ + size_ : nullptr;
    size_ += (static_cast<std::size_t>(count) * sizeof(T) + LINE - 1) / LINE * LINE;
    return reinterpret_cast<T *>(here);
  }
  std::size_t size() const { return size_; }

private:
  char *base_;
  std::size_t size_ = 0;
};

} // namespace LINNET_SIMD
} // namespace linnet
