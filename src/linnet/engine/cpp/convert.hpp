// Blocks of a matrix of any kind of number and any strides, converted to float or double.
//
// This is how data of another kind or order are read: a tile at a time, never whole.
#pragma once

#include "job.hpp"
#include "simd.hpp"

namespace linnet {
namespace LINNET_SIMD {

// 16 bits that stand for a number: a kind, and how it is read.
struct Half {
  typedef std::uint16_t Stored;
};
struct Bfloat {
  typedef std::uint16_t Stored;
};
template <class S> struct As {
  typedef S Stored;
};
template <> struct As<Half> : Half {};
template <> struct As<Bfloat> : Bfloat {};

LINNET_INLINE float as_float(std::uint32_t bits) {
  float f;
  __builtin_memcpy(&f, &bits, sizeof f);
  return f;
}

template <class T, class S> struct Number {
  static LINNET_INLINE T from(S s) { return static_cast<T>(s); }
};
template <class T> struct Number<T, Bfloat> {
  static LINNET_INLINE T from(std::uint16_t bits) {
    return static_cast<T>(as_float(static_cast<std::uint32_t>(bits) << 16));
  }
};
template <class T> struct Number<T, Half> {
  static LINNET_INLINE T from(std::uint16_t bits) {
    const std::uint32_t magnitude = static_cast<std::uint32_t>(bits & 0x7fff) << 13;
    // The exponent is rebiased by a multiplication, which also makes subnormals right.
    const float scaled = as_float(magnitude) * 0x1p112f;
    const float endless = as_float(magnitude | 0x7f800000u); // infinity or NaN
    const float size = (bits & 0x7c00) == 0x7c00 ? endless : scaled;
    return static_cast<T>(bits & 0x8000 ? -size : size);
  }
};

template <class T, class S> constexpr bool SAME = false;
template <class T> constexpr bool SAME<T, T> = true;

// Plain loops: GCC 12 makes better code of them than of conversions of vectors, if it is told that
// nothing overlaps.
template <class T, class S>
LINNET_INLINE void convert_run(const char *from, std::ptrdiff_t stride, std::int64_t count,
                               T *__restrict to) {
  typedef typename As<S>::Stored Stored;
  typedef Stored Loose __attribute__((aligned(1), may_alias));
  const bool contiguous = stride == static_cast<std::ptrdiff_t>(sizeof(Stored));
  if (contiguous && SAME<T, S>) {
    // Written out, or it would become a string move, which waits for each run to arrive.
    std::int64_t i = 0;
    for (; i + WIDTH<T> <= count; i += WIDTH<T>)
      store(to + i, load_as<Vec<T>>(from + i * sizeof(T)));
    for (; i < count; ++i) __builtin_memcpy(to + i, from + i * sizeof(T), sizeof(T));
  } else if (contiguous) {
    const Loose *__restrict run = reinterpret_cast<const Loose *>(from);
    for (std::int64_t i = 0; i < count; ++i) to[i] = Number<T, S>::from(run[i]);
  } else {
    for (std::int64_t i = 0; i < count; ++i)
      to[i] = Number<T, S>::from(*reinterpret_cast<const Loose *>(from + i * stride));
  }
}

// How far ahead rows are called into the cache.
constexpr std::int64_t AHEAD_BYTES = 4096;

template <class T, class S>
void convert_rows(const Matrix &X, std::int64_t row, std::int64_t rows, T *to, std::ptrdiff_t ld) {
  const char *from = X.data + row * X.row_stride;
  const std::int64_t bytes = X.columns * static_cast<std::int64_t>(sizeof(S));
  const std::ptrdiff_t ahead = (1 + AHEAD_BYTES / (bytes + 1)) * X.row_stride;
  for (std::int64_t t = 0; t < rows; ++t) {
    if (X.column_stride == static_cast<std::ptrdiff_t>(sizeof(S)))
      for (std::int64_t b = 0; b < bytes; b += 64)
        __builtin_prefetch(from + t * X.row_stride + ahead + b);
    convert_run<T, S>(from + t * X.row_stride, X.column_stride, X.columns, to + t * ld);
  }
}

// Four runs of four numbers, turned into four rows.
template <class T>
LINNET_INLINE void turn_four(const T *from, std::ptrdiff_t ldf, T *to, std::ptrdiff_t ld) {
  typedef typename Sized<T, 4 * sizeof(T)>::V V;
  const V a = load_as<V>(from), b = load_as<V>(from + ldf);
  const V c = load_as<V>(from + 2 * ldf), d = load_as<V>(from + 3 * ldf);
  const V ab0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const V ab1 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const V cd0 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const V cd1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  store(to, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5));
  store(to + ld, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7));
  store(to + 2 * ld, __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5));
  store(to + 3 * ld, __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7));
}

constexpr std::int64_t TURNED_COLUMNS = 16;
constexpr std::int64_t TURNED_ROWS = 128;

// Columns lie contiguous: read them as runs, and turn the runs into rows within the cache.
template <class T, class S>
void convert_columns(const Matrix &X, std::int64_t row, std::int64_t rows, T *to,
                     std::ptrdiff_t ld) {
  T runs[TURNED_COLUMNS * TURNED_ROWS];
  for (std::int64_t t0 = 0; t0 < rows; t0 += TURNED_ROWS) {
    const std::int64_t some = rows - t0 < TURNED_ROWS ? rows - t0 : TURNED_ROWS;
    for (std::int64_t c0 = 0; c0 < X.columns; c0 += TURNED_COLUMNS) {
      const std::int64_t left = X.columns - c0;
      const std::int64_t columns = left < TURNED_COLUMNS ? left : TURNED_COLUMNS;
      const char *from = X.data + (row + t0) * X.row_stride + c0 * X.column_stride;
      // Runs of different columns lie far apart, and no hardware foresees where the next begins.
      if (left > TURNED_COLUMNS)
        for (std::int64_t c = 0; c < columns; ++c)
          for (std::int64_t b = 0; b < some * static_cast<std::int64_t>(sizeof(S)); b += 64)
            __builtin_prefetch(from + (c + TURNED_COLUMNS) * X.column_stride + b);
      for (std::int64_t c = 0; c < columns; ++c)
        convert_run<T, S>(from + c * X.column_stride, X.row_stride, some, runs + c * TURNED_ROWS);
      T *block = to + t0 * ld + c0;
      const std::int64_t fours = columns - columns % 4, t4 = some - some % 4;
      for (std::int64_t t = 0; t < t4; t += 4)
        for (std::int64_t c = 0; c < fours; c += 4)
          turn_four(runs + c * TURNED_ROWS + t, TURNED_ROWS, block + t * ld + c, ld);
      for (std::int64_t t = 0; t < some; ++t)
        for (std::int64_t c = t < t4 ? fours : 0; c < columns; ++c)
          block[t * ld + c] = runs[c * TURNED_ROWS + t];
    }
  }
}

LINNET_INLINE std::ptrdiff_t magnitude(std::ptrdiff_t a) { return a < 0 ? -a : a; }

template <class T, class S>
LINNET_INLINE void convert_kind(const Matrix &X, std::int64_t row, std::int64_t rows, T *to,
                                std::ptrdiff_t ld) {
  if (magnitude(X.row_stride) < magnitude(X.column_stride))
    convert_columns<T, S>(X, row, rows, to, ld);
  else
    convert_rows<T, S>(X, row, rows, to, ld);
}

// Call `use` with a number of the kind, or what stands for it.
template <class Use> LINNET_INLINE void with_kind(Kind kind, Use use) {
  switch (kind) {
  case Kind::f64: return use(double{});
  case Kind::f32: return use(float{});
  case Kind::f16: return use(Half{});
  case Kind::bf16: return use(Bfloat{});
  case Kind::u8: return use(std::uint8_t{});
  case Kind::i8: return use(std::int8_t{});
  case Kind::u16: return use(std::uint16_t{});
  case Kind::i16: return use(std::int16_t{});
  case Kind::u32: return use(std::uint32_t{});
  case Kind::i32: return use(std::int32_t{});
  case Kind::u64: return use(std::uint64_t{});
  case Kind::i64: return use(std::int64_t{});
  }
}

// Rows [row, row + rows) of X, row by row; what stands beyond its columns is left alone.
template <class T>
void convert(const Matrix &X, std::int64_t row, std::int64_t rows, T *to, std::ptrdiff_t ld) {
  with_kind(X.kind, [&](auto number) { convert_kind<T, decltype(number)>(X, row, rows, to, ld); });
}

// One row alone: nothing is called into the cache beyond it.
template <class T> void convert_row(const Matrix &X, std::int64_t row, T *to) {
  const char *from = X.data + row * X.row_stride;
  with_kind(X.kind, [&](auto number) {
    convert_run<T, decltype(number)>(from, X.column_stride, X.columns, to);
  });
}

// The same block turned: what was column c of X is row c of the result.
template <class T>
void convert_turned(Matrix X, std::int64_t row, std::int64_t rows, T *to, std::ptrdiff_t ld) {
  X.data += row * X.row_stride;
  const std::int64_t columns = X.columns;
  const std::ptrdiff_t stride = X.row_stride;
  X.row_stride = X.column_stride, X.column_stride = stride;
  X.columns = rows;
  convert(X, 0, columns, to, ld);
}

} // namespace LINNET_SIMD
} // namespace linnet
