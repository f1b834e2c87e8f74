// The logarithm of the sum of exponentials along a line of scores z + t u, with its slope and
// curvature, summed over the rows.
#pragma once

#include "elementary.hpp"
#include "job.hpp"
#include "simd.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Lanes beyond the last row weigh nothing, and what is there may be anything finite.
template <class T> void add_line(const LineJob &job, double *sums) {
  constexpr std::int64_t W = WIDTH<T>;
  const T *Z = static_cast<const T *>(job.scores), *U = Z + job.m * job.stride;
  const Vec<T> length = splat(static_cast<T>(job.length));
  for (std::int64_t t = 0; t < job.rows; t += W, Z += W, U += W) {
    Vec<T> top = job.anchored ? Vec<T>{} : load(Z) + length * load(U);
    for (std::int64_t j = 0; j < job.m; ++j)
      top = larger(load(Z + j * job.stride) + length * load(U + j * job.stride), top);
    Vec<T> sum = job.anchored ? exp<T>(-top) : Vec<T>{}, first = {}, second = {};
    for (std::int64_t j = 0; j < job.m; ++j) {
      const Vec<T> u = load(U + j * job.stride);
      const Vec<T> e = exp<T>(load(Z + j * job.stride) + length * u - top);
      sum += e;
      first += e * u;
      second += e * u * u;
    }
    const Vec<T> slope = first / sum, curvature = second / sum - slope * slope;
    const Vec<T> value = top + log<T>(sum);
    for (std::int64_t l = 0; l < W && t + l < job.rows; ++l) {
      const double weight = job.weight ? job.weight[t + l] : 1.0;
      sums[0] += weight * static_cast<double>(value[l]);
      sums[1] += weight * static_cast<double>(slope[l]);
      sums[2] += weight * static_cast<double>(curvature[l]);
    }
  }
}

} // namespace LINNET_SIMD
} // namespace linnet
