// Vectors of numbers, as wide as the instruction set that this file is compiled for.
//
// Everything here and in the files built on it lives in a namespace named after the instruction
// set, and uses no templates of the standard library: the linker keeps one copy of a function
// that several files define alike, and it might keep one that this machine cannot run.
#pragma once

#include <cstddef>
#include <cstdint>

#define LINNET_INLINE inline __attribute__((always_inline))

namespace linnet {
namespace LINNET_SIMD {

#if defined(__AVX512F__)
constexpr int VECTOR_BYTES = 64;
constexpr bool MANY_REGISTERS = true;
#elif defined(__AVX2__)
constexpr int VECTOR_BYTES = 32;
constexpr bool MANY_REGISTERS = false;
#elif defined(__aarch64__)
constexpr int VECTOR_BYTES = 16;
constexpr bool MANY_REGISTERS = true;
#else
constexpr int VECTOR_BYTES = 16;
constexpr bool MANY_REGISTERS = false;
#endif

template <class T, int BYTES> struct Sized;
template <int BYTES> struct Sized<float, BYTES> {
  typedef float V __attribute__((vector_size(BYTES)));
  typedef std::int32_t I __attribute__((vector_size(BYTES)));
};
template <int BYTES> struct Sized<double, BYTES> {
  typedef double V __attribute__((vector_size(BYTES)));
  typedef std::int64_t I __attribute__((vector_size(BYTES)));
};

template <class T> using Vec = typename Sized<T, VECTOR_BYTES>::V;
template <class T> using Int = typename Sized<T, VECTOR_BYTES>::I;
template <class T> constexpr std::int64_t WIDTH = VECTOR_BYTES / static_cast<int>(sizeof(T));

template <class V, class T> LINNET_INLINE V load_as(const T *from) {
  V v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <class T> LINNET_INLINE Vec<T> load(const T *from) { return load_as<Vec<T>>(from); }

template <class V, class T> LINNET_INLINE void store(T *to, V v) {
  __builtin_memcpy(to, &v, sizeof v);
}

template <class T> LINNET_INLINE Vec<T> splat(T number) { return number - Vec<T>{}; }

template <class V> LINNET_INLINE V larger(V a, V b) { return a > b ? a : b; }

// Sum of the lanes of each of four vectors, as the four lanes of one.
LINNET_INLINE Sized<float, 16>::V sums_of_four(const Sized<float, 16>::V *v) {
  typedef Sized<float, 16>::V V;
  V low01 = __builtin_shufflevector(v[0], v[1], 0, 1, 4, 5);
  V high01 = __builtin_shufflevector(v[0], v[1], 2, 3, 6, 7);
  V low23 = __builtin_shufflevector(v[2], v[3], 0, 1, 4, 5);
  V high23 = __builtin_shufflevector(v[2], v[3], 2, 3, 6, 7);
  V a = low01 + high01, b = low23 + high23;
  return __builtin_shufflevector(a, b, 0, 2, 4, 6) + __builtin_shufflevector(a, b, 1, 3, 5, 7);
}

// The two halves of a vector, added.
template <class T, int BYTES>
LINNET_INLINE typename Sized<T, BYTES / 2>::V folded(typename Sized<T, BYTES>::V v) {
  typename Sized<T, BYTES / 2>::V halves[2];
  __builtin_memcpy(halves, &v, sizeof v);
  return halves[0] + halves[1];
}

// Half by half down to 16 bytes.
template <class T, int BYTES>
LINNET_INLINE typename Sized<T, 16>::V narrowed(typename Sized<T, BYTES>::V v) {
  if constexpr (BYTES == 16)
    return v;
  else
    return narrowed<T, BYTES / 2>(folded<T, BYTES>(v));
}

// Add to to[0], ..., to[R - 1] the sum of the lanes of each of R vectors.
template <class T, int R> LINNET_INLINE void add_lane_sums(const Vec<T> *v, T *to) {
  typename Sized<T, 16>::V narrow[R];
  for (int r = 0; r < R; ++r) narrow[r] = narrowed<T, VECTOR_BYTES>(v[r]);
  if constexpr (sizeof(T) == 4 && R == 4) {
    store(to, load_as<Sized<float, 16>::V>(to) + sums_of_four(narrow));
  } else {
    for (int r = 0; r < R; ++r) {
      T sum = narrow[r][0] + narrow[r][1];
      if constexpr (sizeof(T) == 4) sum += narrow[r][2] + narrow[r][3];
      to[r] += sum;
    }
  }
}

} // namespace LINNET_SIMD
} // namespace linnet
