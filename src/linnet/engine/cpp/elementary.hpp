// exp and log of vectors of numbers, to within 1 ulp, or 2 where there is no fused multiply-add.
//
// exp: x = n log 2 + r with |r| <= log(2)/2, and exp x = 2^n exp r by a polynomial; for x <= 0,
// as softmax needs it, and 0 where the result would be below the smallest normal number.
// log: x = 2^e m with m between 1/sqrt 2 and sqrt 2, and log m = 2 artanh((m-1)/(m+1)) by the
// polynomial of fdlibm (Ng 1993); for normal positive x. Both keep NaN.
#pragma once

#include "simd.hpp"

namespace linnet {
namespace LINNET_SIMD {

template <class T> struct Format;
template <> struct Format<float> {
  static constexpr int mantissa_bits = 23;
  static constexpr std::int32_t bias = 127;
  static constexpr float round = 12582912.0f; // 1.5 * 2^23: adding it rounds to an integer
  static constexpr float lowest = -87.33654f; // log of the smallest normal number
  // log 2 in two parts, the first with trailing zeros so that n times it is exact.
  static constexpr float log2_high = 0.693359375f, log2_low = -2.12194440e-4f;
  static constexpr std::int32_t sqrt_half = 0x3f3504f3;
};
template <> struct Format<double> {
  static constexpr int mantissa_bits = 52;
  static constexpr std::int64_t bias = 1023;
  static constexpr double round = 6755399441055744.0; // 1.5 * 2^52
  static constexpr double lowest = -708.3964185322641;
  static constexpr double log2_high = 6.93147180369123816490e-01;
  static constexpr double log2_low = 1.90821492927058770002e-10;
  static constexpr std::int64_t sqrt_half = 0x3fe6a09e667f3bcd;
};

// (exp r - 1 - r)/r^2 for |r| <= log(2)/2.
LINNET_INLINE Vec<float> exp_tail(Vec<float> r) {
  // Cephes's minimax coefficients (Moshier 1989).
  constexpr float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                         4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
  Vec<float> sum = splat(c[0]);
  for (int i = 1; i < 6; ++i) sum = sum * r + c[i];
  return sum;
}
LINNET_INLINE Vec<double> exp_tail(Vec<double> r) {
  // Taylor's: the term left out, r^14/14!, is below 5e-18.
  constexpr double c[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800,
                          1.0 / 362880,     1.0 / 40320,     1.0 / 5040,     1.0 / 720,
                          1.0 / 120,        1.0 / 24,        1.0 / 6,        0.5};
  Vec<double> sum = splat(c[0]);
  for (int i = 1; i < 12; ++i) sum = sum * r + c[i];
  return sum;
}

template <class T> LINNET_INLINE Vec<T> exp(Vec<T> x) {
  using F = Format<T>;
  const Vec<T> shifted = x * T(1.4426950408889634) + F::round;
  const Vec<T> n = shifted - F::round;
  const Vec<T> r = (x - n * F::log2_high) - n * F::log2_low;
  const Vec<T> mantissa = (r * r * exp_tail(r) + r) + T(1);
  // The low bits of shifted hold n.
  const Int<T> exponent = ((Int<T>)shifted + F::bias) << F::mantissa_bits;
  const Vec<T> result = mantissa * (Vec<T>)exponent;
  return x < F::lowest ? Vec<T>{} : result;
}

// (log((1+s)/(1-s)) - 2s)/s with z = s^2, for |s| <= (sqrt 2 - 1)/(sqrt 2 + 1).
LINNET_INLINE Vec<float> log_tail(Vec<float> z) {
  return z * (z * (z * (z * 0.24279078841f + 0.28498786688f) + 0.40000972152f) + 0.66666662693f);
}
LINNET_INLINE Vec<double> log_tail(Vec<double> z) {
  constexpr double c[] = {1.479819860511658591e-01, 1.531383769920937332e-01,
                          1.818357216161805012e-01, 2.222219843214978396e-01,
                          2.857142874366239149e-01, 3.999999999940941908e-01,
                          6.666666666666735130e-01};
  Vec<double> sum = splat(c[0]);
  for (int i = 1; i < 7; ++i) sum = sum * z + c[i];
  return sum * z;
}

LINNET_INLINE Vec<float> as_numbers(Int<float> n) { return __builtin_convertvector(n, Vec<float>); }
LINNET_INLINE Vec<double> as_numbers(Int<double> n) {
  // Below AVX-512 there is no conversion of 64-bit integers; these are small.
  const Int<double> bits = n + (Int<double>)splat(Format<double>::round);
  return (Vec<double>)bits - Format<double>::round;
}

template <class T> LINNET_INLINE Vec<T> log(Vec<T> x) {
  using F = Format<T>;
  const Int<T> above = (Int<T>)x - F::sqrt_half;
  const Int<T> e = above >> F::mantissa_bits;
  const Vec<T> m = (Vec<T>)((Int<T>)x - (e << F::mantissa_bits));
  const Vec<T> n = as_numbers(e);
  const Vec<T> f = m - T(1);
  const Vec<T> s = f / (f + T(2));
  const Vec<T> half_square = T(0.5) * f * f;
  const Vec<T> tail = s * (half_square + log_tail(s * s)) + n * F::log2_low;
  const Vec<T> result = n * F::log2_high - ((half_square - tail) - f);
  return x == x ? result : x;
}

} // namespace LINNET_SIMD
} // namespace linnet
