// One reading of the rows: features become whole numbers in the cache, and these products there.
//
// Compiled once for each instruction set, in a namespace of its own. All numbers are whole and all
// sums below 2^53, so that no set, no order and no fused operation changes a result.
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {
namespace {

#if defined(__AVX512F__)
constexpr int BYTES = 64, ROWS = 8;
#elif defined(__AVX2__)
constexpr int BYTES = 32, ROWS = 4;
#else
constexpr int BYTES = 16, ROWS = 4;
#endif
typedef double Vec __attribute__((vector_size(BYTES)));
constexpr int WIDTH = BYTES / sizeof(double), MOST_VECTORS = 3;

// 1.5 * 2^52: its sum with a number below 2^51 has no place for a fraction, and is rounded to a
// whole number, ties to the even one. On most machines std::rint is no more than that, but a call.
constexpr double NO_FRACTION = 6755399441055744.0;

// A product by a power of two is exact, so that one rounding of product and difference is the same
// as two.
inline double whole(double value, double scale, double offset, double most) {
  value = value * scale - offset;
  value = value < -most ? -most : value;
  value = value > most ? most : value;
  return (value + NO_FRACTION) - NO_FRACTION;
}

// Whole numbers of some rows, with `row` and `feature` numbers from one to the next.
struct Whole {
  const double *first;
  std::int64_t row, feature;
};

template <int R, int N>
inline void multiply(const Whole &V, const Weights &W, std::int64_t features, std::int64_t first,
                     double *to) {
  Vec sums[R][N] = {};
  const double *w = W.first + first;
  for (std::int64_t j = 0; j < features; ++j, w += W.padded) {
    Vec weight[N];
    for (int n = 0; n < N; ++n) __builtin_memcpy(&weight[n], w + n * WIDTH, sizeof(Vec));
    for (int r = 0; r < R; ++r) {
      const double v = V.first[r * V.row + j * V.feature];
      for (int n = 0; n < N; ++n) sums[r][n] += v * weight[n];
    }
  }
  for (int r = 0; r < R; ++r) {
    double row[N * WIDTH];
    __builtin_memcpy(row, sums[r], sizeof row);
    for (int c = 0; c < N * WIDTH && first + c < W.scores; ++c)
      to[r * W.scores + first + c] = row[c];
  }
}

template <int R>
void multiply_all(const Whole &V, const Weights &W, std::int64_t features, double *to) {
  std::int64_t first = 0;
  while (first < W.scores) {
    const std::int64_t left = (W.scores - first + WIDTH - 1) / WIDTH;
    if (left >= 3) {
      multiply<R, 3>(V, W, features, first, to);
    } else if (left == 2) {
      multiply<R, 2>(V, W, features, first, to);
    } else {
      multiply<R, 1>(V, W, features, first, to);
    }
    first += WIDTH * (left < MOST_VECTORS ? left : MOST_VECTORS);
  }
}

template <class T> Whole fill(const Features &X, const char *from, std::int64_t rows, double *room) {
  const std::int64_t k = X.features;
  if (X.feature_bytes == sizeof(T) || k < 2) {
    for (std::int64_t i = 0; i < rows; ++i) {
      const T *__restrict x = reinterpret_cast<const T *>(from + i * X.row_bytes);
      double *__restrict v = room + i * k;
      for (std::int64_t j = 0; j < k; ++j) v[j] = whole(double(x[j]), X.scale[j], X.offset[j], X.most);
    }
    return {room, k, 1};
  }
  for (std::int64_t j = 0; j < k; ++j) {
    const T *__restrict x = reinterpret_cast<const T *>(from + j * X.feature_bytes);
    double *__restrict v = room + j * ROOM_ROWS;
    const double scale = X.scale[j], offset = X.offset[j];
    for (std::int64_t i = 0; i < rows; ++i) v[i] = whole(double(x[i]), scale, offset, X.most);
  }
  return {room, 1, ROOM_ROWS};
}

template <class T>
void products(const Features &X, const Weights &W, double *room, double *to) {
  for (std::int64_t start = 0; start < X.rows; start += ROOM_ROWS) {
    const std::int64_t left = X.rows - start, rows = left < ROOM_ROWS ? left : ROOM_ROWS;
    Whole V = fill<T>(X, X.first + start * X.row_bytes, rows, room);
    double *here = to + start * W.scores;
    std::int64_t i = 0;
    for (; i + ROWS <= rows; i += ROWS, V.first += ROWS * V.row)
      multiply_all<ROWS>(V, W, X.features, here + i * W.scores);
    for (; i < rows; ++i, V.first += V.row)
      multiply_all<1>(V, W, X.features, here + i * W.scores);
  }
}

} // namespace

extern const ProductKernels product_kernels;
const ProductKernels product_kernels = {
#define LINNET_NAME(simd) #simd
#define LINNET_TEXT(simd) LINNET_NAME(simd)
    LINNET_TEXT(LINNET_SIMD), &products<double>, &products<float>, &products<std::uint8_t>};

} // namespace LINNET_SIMD
} // namespace linnet
