// What linnet.codes.linear_scores does to every feature and every score of a block, in one reading.
//
// The module defines it in NumPy, and these loops give the same numbers: each is one product by a
// power of two, which is exact, one difference, and one rounding to a whole number. So it does not
// matter whether a compiler makes one instruction of a product and a sum.
#include "products.hpp"
#include "view.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

namespace nb = nanobind;

namespace linnet {
#ifdef LINNET_HAS_AVX512
namespace avx512 {
extern const ProductKernels product_kernels;
}
#endif
#ifdef LINNET_HAS_AVX2
namespace avx2 {
extern const ProductKernels product_kernels;
}
#endif
namespace baseline {
extern const ProductKernels product_kernels;
}
} // namespace linnet

namespace {

using linnet::View;
using std::int32_t;
using std::int64_t;
using std::uint8_t;

// See products.cpp.
constexpr double NO_FRACTION = 6755399441055744.0;
// Values of a row, or of several rows taken as one, whose extremes are held at a time.
constexpr int64_t LONG_ROW = 1024;

double whole_within(double value, double most) {
  value = value < -most ? -most : value;
  value = value > most ? most : value;
  return (value + NO_FRACTION) - NO_FRACTION;
}

// Least and largest of x[p], x[p + period], … for each p below the period.
template <class T>
void extremes_of(const T *x, int64_t count, int64_t period, T *least, T *largest) {
  const int64_t width = period * std::max<int64_t>(1, LONG_ROW / period);
  const int64_t rows = count / width;
  std::copy(x, x + period, least);
  std::copy(x, x + period, largest);
  const auto take = [&](int64_t p, T low, T high) {
    least[p] = low < least[p] ? low : least[p];
    largest[p] = high > largest[p] ? high : largest[p];
  };
  for (int64_t i = rows * width; i < count; ++i) take(i % period, x[i], x[i]);
  if (rows == 0) return;
  std::vector<T> below(x, x + width), above(x, x + width);
  T *__restrict low = below.data(), *__restrict high = above.data();
  int64_t row = 1;
  // Four rows for each time that the extremes are read and written.
  for (; row + 4 <= rows; row += 4) {
    const T *__restrict a = x + row * width, *__restrict b = a + width;
    const T *__restrict c = b + width, *__restrict d = c + width;
    for (int64_t j = 0; j < width; ++j) {
      const T ab = a[j] < b[j] ? a[j] : b[j], cd = c[j] < d[j] ? c[j] : d[j];
      const T AB = a[j] > b[j] ? a[j] : b[j], CD = c[j] > d[j] ? c[j] : d[j];
      const T all = ab < cd ? ab : cd, ALL = AB > CD ? AB : CD;
      low[j] = all < low[j] ? all : low[j];
      high[j] = ALL > high[j] ? ALL : high[j];
    }
  }
  for (; row < rows; ++row) {
    const T *__restrict a = x + row * width;
    for (int64_t j = 0; j < width; ++j) {
      low[j] = a[j] < low[j] ? a[j] : low[j];
      high[j] = a[j] > high[j] ? a[j] : high[j];
    }
  }
  for (int64_t j = 0; j < width; ++j) take(j % period, low[j], high[j]);
}

// Rows that have no gaps within them, but may have some between them.
class Rows {
public:
  Rows(nb::handle array, Py_ssize_t item) {
    if (PyObject_GetBuffer(array.ptr(), &buffer_, PyBUF_STRIDES) != 0) throw nb::python_error();
    const bool fits = buffer_.ndim == 2 && buffer_.itemsize == item &&
                      (buffer_.strides[1] == item || buffer_.shape[1] < 2);
    if (!fits) {
      PyBuffer_Release(&buffer_);
      throw std::invalid_argument("rows with gaps, or of another type");
    }
  }
  ~Rows() { PyBuffer_Release(&buffer_); }
  Rows(const Rows &) = delete;
  Rows &operator=(const Rows &) = delete;

  int64_t count() const { return buffer_.shape[0]; }
  int64_t length() const { return buffer_.shape[1]; }
  bool together() const {
    return count() < 2 || buffer_.strides[0] == length() * buffer_.itemsize;
  }
  template <class T> const T *row(int64_t i) const {
    return reinterpret_cast<const T *>(static_cast<const char *>(buffer_.buf) +
                                       i * buffer_.strides[0]);
  }

private:
  Py_buffer buffer_{};
};

// Least and largest of each column; of each row, where the rows are features.
template <class T>
void extremes(nb::object values, nb::object least, nb::object largest, bool features_are_rows) {
  const Rows X(values, sizeof(T));
  const View low(least, 1, sizeof(T), true), high(largest, 1, sizeof(T), true);
  const int64_t features = features_are_rows ? X.count() : X.length();
  if (X.count() * X.length() == 0 || low.length(0) != features || high.length(0) != features)
    throw std::invalid_argument("no values, or extremes of the wrong length");
  T *lows = low.data<T>(), *highs = high.data<T>();
  const nb::gil_scoped_release released;
  if (features_are_rows) {
    for (int64_t j = 0; j < features; ++j)
      extremes_of(X.row<T>(j), X.length(), 1, lows + j, highs + j);
  } else {
    if (!X.together()) throw std::invalid_argument("rows with gaps between them");
    extremes_of(X.row<T>(0), X.count() * features, features, lows, highs);
  }
}

// The kernels that this machine can run, the fastest first.
std::vector<const linnet::ProductKernels *> product_kernels() {
  std::vector<const linnet::ProductKernels *> found;
#ifdef LINNET_HAS_AVX512
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma"))
    found.push_back(&linnet::avx512::product_kernels);
#endif
#ifdef LINNET_HAS_AVX2
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back(&linnet::avx2::product_kernels);
#endif
  found.push_back(&linnet::baseline::product_kernels);
  return found;
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const auto *each : product_kernels()) names.push_back(each->name);
  return names;
}

const linnet::ProductKernels &kernels_named(const std::string &name) {
  static const auto known = product_kernels();
  for (const auto *each : known)
    if (name.empty() || name == each->name) return *each;
  throw std::invalid_argument("an instruction set that this machine does not have");
}

template <class T>
linnet::Products<T> kernel_of(const linnet::ProductKernels &kernels) {
  if constexpr (std::is_same_v<T, double>) return kernels.of_float64;
  else if constexpr (std::is_same_v<T, float>) return kernels.of_float32;
  else return kernels.of_uint8;
}

// Whole numbers scale_j x_j - offset_j, of at most a given size, times weights.
template <class T>
void products(nb::object values, bool features_are_rows, nb::object scale, nb::object offset,
              double most, nb::object weights, nb::object to, const std::string &set) {
  const Rows X(values, sizeof(T));
  const View W(weights, 2, sizeof(double)), out(to, 2, sizeof(double), true);
  const View scales(scale, 1, sizeof(double)), offsets(offset, 1, sizeof(double));
  const int64_t k = features_are_rows ? X.count() : X.length();
  const int64_t n = features_are_rows ? X.length() : X.count();
  const int64_t m = out.length(1), padded = W.length(1);
  if (out.length(0) != n || scales.length(0) != k || offsets.length(0) != k || W.length(0) != k ||
      padded < m || padded % linnet::PADDED != 0)
    throw std::invalid_argument("arrays of different shapes");
  if (n == 0) return;
  const int64_t between = X.count() < 2 ? 0 : X.row<char>(1) - X.row<char>(0), item = sizeof(T);
  const linnet::Features features{X.row<char>(0), features_are_rows ? item : between,
                                  features_are_rows ? between : item, n, k,
                                  scales.data<double>(), offsets.data<double>(), most};
  const auto run = kernel_of<T>(kernels_named(set));
  std::vector<double> room(linnet::ROOM_ROWS * k);
  const nb::gil_scoped_release released;
  run(features, {W.data<double>(), padded, m}, room.data(), out.data<double>());
}

// Whole numbers lift (unit z_j + offset_j), of at most a given size; unit and lift are powers of two.
void whole_scores(nb::object products, double unit, nb::object offset, double lift, double most,
                  nb::object to) {
  const View Z(products, 2, sizeof(double)), out(to, 2, sizeof(int32_t), true);
  const View offsets(offset, 1, sizeof(double));
  const int64_t m = Z.length(1);
  if (out.length(0) != Z.length(0) || out.length(1) != m || offsets.length(0) != m)
    throw std::invalid_argument("arrays of different shapes");
  if (!(most < 2147483648.0)) throw std::invalid_argument("scores beyond 32 bits");
  const double *__restrict b = offsets.data<double>();
  const nb::gil_scoped_release released;
  for (int64_t i = 0; i < Z.length(0); ++i) {
    const double *__restrict z = Z.data<double>() + i * m;
    int32_t *__restrict score = out.data<int32_t>() + i * m;
    for (int64_t j = 0; j < m; ++j)
      score[j] = static_cast<int32_t>(whole_within((z[j] * unit + b[j]) * lift, most));
  }
}

template <class T>
void define_for(nb::module_ &module, const char *extremes_name, const char *products_name) {
  module.def(extremes_name, &extremes<T>);
  module.def(products_name, &products<T>);
}

} // namespace

void linnet::define_scoring(nb::module_ &module) {
  define_for<double>(module, "extremes_float64", "products_float64");
  define_for<float>(module, "extremes_float32", "products_float32");
  define_for<uint8_t>(module, "extremes_uint8", "products_uint8");
  module.def("whole_scores", &whole_scores);
  module.def("instruction_sets", &instruction_sets);
}
