// Hessian products of a softmax where few pairs of a row and a class count.
//
// Near 0 and 1 probabilities have no curvature. Of each row only the classes are visited whose
// p (1 - p) is worth it: with them alone s p (u - <p, u>) multiplies the row.
#pragma once

#include "losses.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

constexpr int SUMS_AT_ONCE = 4;

template <class T> LINNET_INLINE T dot_row(Columns columns, const T *x, const T *b) {
  constexpr std::int64_t W = WIDTH<T>;
  Vec<T> sum[SUMS_AT_ONCE] = {};
  std::int64_t v = 0;
  for (; v + SUMS_AT_ONCE <= columns.full; v += SUMS_AT_ONCE)
    for (int i = 0; i < SUMS_AT_ONCE; ++i) sum[i] += load(x + (v + i) * W) * load(b + (v + i) * W);
  for (; v < columns.full; ++v) sum[0] += load(x + v * W) * load(b + v * W);
  if (columns.last >= 0) sum[1] += load(x + columns.last) * load(b + v * W);
  const Vec<T> all = (sum[0] + sum[1]) + (sum[2] + sum[3]);
  T total = 0;
  add_lane_sums<T, 1>(&all, &total);
  return total;
}

template <class T>
LINNET_INLINE void add_row(Columns columns, T factor, const T *x, T *output) {
  constexpr std::int64_t W = WIDTH<T>;
  const Vec<T> r = splat(factor);
  for (std::int64_t v = 0; v < columns.full; ++v)
    store(output + v * W, load(output + v * W) + r * load(x + v * W));
  T *last = output + columns.full * W;
  if (columns.last >= 0) store(last, load(last) + r * load(x + columns.last));
}

// `directions` are m lines of ld weights, and b their intercepts; outputs are m lines, too.
template <class T>
void add_pairs(const Job &job, Columns columns, std::int64_t row, std::int64_t rows, const T *x,
               std::ptrdiff_t ldx, const T *directions, std::int64_t ld, const T *b, T *u,
               T *outputs, const Sums &sums) {
  const std::int32_t *classes = job.pairs.classes;
  const T *values = static_cast<const T *>(job.pairs.values);
  for (std::int64_t t = row; t < row + rows; ++t, x += ldx) {
    const std::int64_t first = job.pairs.starts[t], count = job.pairs.starts[t + 1] - first;
    T mean = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t j = classes[first + i];
      u[i] = dot_row(columns, x, directions + j * ld) + b[j];
      mean += values[first + i] * u[i];
    }
    const T weight = job.weight ? static_cast<T>(job.weight[t]) : T(1);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t j = classes[first + i];
      const T factor = weight * values[first + i] * (u[i] - mean);
      add_row(columns, factor, x, outputs + j * ld);
      if (sums.intercepts) sums.intercepts[j * sums.intercepts_stride] += factor;
    }
  }
}

} // namespace LINNET_SIMD
} // namespace linnet
