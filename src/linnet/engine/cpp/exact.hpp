// A sum that carries its rounding errors along: Knuth's TwoSum.
#pragma once

namespace linnet {
namespace {

// sum[0] + sum[1] grows by `term`, to twice the precision.
inline void add_exactly(double *sum, double term) {
  const double total = sum[0] + term;
  const double used = total - sum[0];
  sum[1] += (sum[0] - (total - used)) + (term - used);
  sum[0] = total;
}

} // namespace
} // namespace linnet
