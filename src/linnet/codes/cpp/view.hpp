// NumPy arrays as memory, checked once: of one type, one number of dimensions, without gaps.
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <stdexcept>

namespace linnet {

class View {
public:
  View(nanobind::handle array, int dimensions, Py_ssize_t item, bool writable = false) {
    const int flags = PyBUF_C_CONTIGUOUS | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(array.ptr(), &buffer_, flags) != 0) throw nanobind::python_error();
    if (buffer_.ndim != dimensions || buffer_.itemsize != item) {
      PyBuffer_Release(&buffer_);
      throw std::invalid_argument("array of the wrong dimension or type");
    }
  }
  ~View() { PyBuffer_Release(&buffer_); }
  View(const View &) = delete;
  View &operator=(const View &) = delete;

  std::int64_t length(int axis) const { return buffer_.shape[axis]; }
  template <class T> T *data() const { return static_cast<T *>(buffer_.buf); }

private:
  Py_buffer buffer_{};
};

// Adds the functions of scoring.cpp to the module of coder.cpp.
void define_scoring(nanobind::module_ &module);

} // namespace linnet
