// The two matrix products of a pass over a tile of rows, blocked for registers and cache.
//
// dot:   Z[j][t] += sum_c X[t][c] B[j][c]   rows of X against rows of B: scores
// outer: G[j][c] += sum_t R[j][t] X[t][c]   rows of X weighted by R: gradients
//
// Rows of X are read in whole vectors. Where the last few columns do not fill one, the last
// vector is read from further left, so that it overlaps the one before and never leaves the row:
// B is zero in the lanes that overlap, and G is not read there.
#pragma once

#include "simd.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Accumulators for 4 x 6 vectors fill 32 registers, those for 2 x 6 fill 16.
constexpr int ROWS_AT_ONCE = MANY_REGISTERS ? 4 : 2;
constexpr int SCORES_AT_ONCE = 6;
// A stretch of columns that B's block of scores keeps in the first-level cache.
constexpr std::int64_t STRETCH_BYTES = 4096;
// B's rows that the second-level cache keeps beside the tile.
constexpr std::int64_t PANEL_BYTES = 128 * 1024;

// Columns as vectors: `full` whole ones from column 0, then perhaps one at column `last`.
struct Columns {
  std::int64_t full = 0;
  std::int64_t last = -1;
  std::int64_t vectors() const { return full + (last >= 0 ? 1 : 0); }
};

template <class T, int R, int J>
LINNET_INLINE void dot_step(Vec<T> (&sum)[J][R], const T *x, std::ptrdiff_t ldx, const T *b,
                            std::ptrdiff_t ldb, std::ptrdiff_t ahead) {
  Vec<T> row[R];
  for (int r = 0; r < R; ++r) row[r] = load(x + r * ldx);
  if (ahead)
    for (int r = 0; r < R; ++r) __builtin_prefetch(x + r * ldx + ahead, 0, 3);
  for (int j = 0; j < J; ++j) {
    const Vec<T> other = load(b + j * ldb);
    for (int r = 0; r < R; ++r) sum[j][r] += row[r] * other;
  }
}

// R rows against J: vectors [first, end) of their columns.
template <class T, int R, int J>
void dot_block(std::int64_t first, std::int64_t end, Columns columns, const T *x,
               std::ptrdiff_t ldx, const T *b, std::ptrdiff_t ldb, T *z, std::ptrdiff_t ldz,
               std::ptrdiff_t ahead) {
  constexpr std::int64_t W = WIDTH<T>;
  Vec<T> sum[J][R] = {};
  const std::int64_t whole = end < columns.full ? end : columns.full;
  for (std::int64_t v = first; v < whole; ++v)
    dot_step<T, R, J>(sum, x + v * W, ldx, b + v * W, ldb, ahead);
  if (end > columns.full) dot_step<T, R, J>(sum, x + columns.last, ldx, b + whole * W, ldb, ahead);
  for (int j = 0; j < J; ++j) add_lane_sums<T, R>(sum[j], z + j * ldz);
}

template <class T, int R>
LINNET_INLINE void dot_of(int J, std::int64_t first, std::int64_t end, Columns columns, const T *x,
                          std::ptrdiff_t ldx, const T *b, std::ptrdiff_t ldb, T *z,
                          std::ptrdiff_t ldz, std::ptrdiff_t ahead) {
  switch (J) {
  case 1: return dot_block<T, R, 1>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  case 2: return dot_block<T, R, 2>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  case 3: return dot_block<T, R, 3>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  case 4: return dot_block<T, R, 4>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  case 5: return dot_block<T, R, 5>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  default: return dot_block<T, R, 6>(first, end, columns, x, ldx, b, ldb, z, ldz, ahead);
  }
}

// Cut `count` into blocks of at most SCORES_AT_ONCE, as even as may be: 10 is 5 + 5, not 6 + 4.
LINNET_INLINE int next_block(std::int64_t left) {
  const std::int64_t blocks = (left + SCORES_AT_ONCE - 1) / SCORES_AT_ONCE;
  return static_cast<int>((left + blocks - 1) / blocks);
}

template <class T, int R>
LINNET_INLINE void dot_rows(std::int64_t scores, std::int64_t first, std::int64_t end,
                            Columns columns, const T *x, std::ptrdiff_t ldx, const T *b,
                            std::ptrdiff_t ldb, T *z, std::ptrdiff_t ldz, std::ptrdiff_t ahead) {
  for (std::int64_t j = 0; j < scores;) {
    const int J = next_block(scores - j);
    dot_of<T, R>(J, first, end, columns, x, ldx, b + j * ldb, ldb, z + j * ldz, ldz, ahead);
    ahead = 0;
    j += J;
  }
}

// `ahead`: how far beyond x lies what is to be called into the cache meanwhile; 0 for nothing. The
// hardware does not follow several short rows side by side: without it this takes twice as long.
template <class T>
void dot(std::int64_t rows, std::int64_t scores, Columns columns, const T *x, std::ptrdiff_t ldx,
         const T *b, std::ptrdiff_t ldb, T *z, std::ptrdiff_t ldz, std::ptrdiff_t ahead) {
  constexpr int R = ROWS_AT_ONCE;
  const std::int64_t stretch = STRETCH_BYTES / VECTOR_BYTES, vectors = columns.vectors();
  for (std::int64_t first = 0; first < vectors; first += stretch) {
    const std::int64_t end = first + stretch < vectors ? first + stretch : vectors;
    const std::int64_t panel = PANEL_BYTES / ((end - first) * VECTOR_BYTES);
    for (std::int64_t j = 0; j < scores; j += panel) {
      const std::int64_t some = scores - j < panel ? scores - j : panel;
      const T *bj = b + j * ldb;
      T *zj = z + j * ldz;
      std::int64_t t = 0;
      for (; t + R <= rows; t += R)
        dot_rows<T, R>(some, first, end, columns, x + t * ldx, ldx, bj, ldb, zj + t, ldz,
                       j == 0 ? ahead : 0);
      for (; t < rows; ++t)
        dot_rows<T, 1>(some, first, end, columns, x + t * ldx, ldx, bj, ldb, zj + t, ldz,
                       j == 0 ? ahead : 0);
    }
  }
}

// C vectors of columns for J outputs.
template <class T, int C, int J>
void outer_block(std::int64_t rows, const T *x, std::ptrdiff_t ldx, const T *r, std::ptrdiff_t ldr,
                 T *g, std::ptrdiff_t ldg) {
  constexpr std::int64_t W = WIDTH<T>;
  Vec<T> sum[J][C] = {};
  for (std::int64_t t = 0; t < rows; ++t, x += ldx) {
    Vec<T> row[C];
    for (int c = 0; c < C; ++c) row[c] = load(x + c * W);
    for (int j = 0; j < J; ++j) {
      const Vec<T> factor = splat(r[j * ldr + t]);
      for (int c = 0; c < C; ++c) sum[j][c] += factor * row[c];
    }
  }
  for (int j = 0; j < J; ++j)
    for (int c = 0; c < C; ++c) store(g + j * ldg + c * W, load(g + j * ldg + c * W) + sum[j][c]);
}

template <class T, int C>
LINNET_INLINE void outer_columns(std::int64_t rows, std::int64_t outputs, const T *x,
                                 std::ptrdiff_t ldx, const T *r, std::ptrdiff_t ldr, T *g,
                                 std::ptrdiff_t ldg) {
  for (std::int64_t j = 0; j < outputs;) {
    const int J = next_block(outputs - j);
    const T *rj = r + j * ldr;
    T *gj = g + j * ldg;
    switch (J) {
    case 1: outer_block<T, C, 1>(rows, x, ldx, rj, ldr, gj, ldg); break;
    case 2: outer_block<T, C, 2>(rows, x, ldx, rj, ldr, gj, ldg); break;
    case 3: outer_block<T, C, 3>(rows, x, ldx, rj, ldr, gj, ldg); break;
    case 4: outer_block<T, C, 4>(rows, x, ldx, rj, ldr, gj, ldg); break;
    case 5: outer_block<T, C, 5>(rows, x, ldx, rj, ldr, gj, ldg); break;
    default: outer_block<T, C, 6>(rows, x, ldx, rj, ldr, gj, ldg); break;
    }
    j += J;
  }
}

template <class T>
void outer(std::int64_t rows, std::int64_t outputs, Columns columns, const T *x, std::ptrdiff_t ldx,
           const T *r, std::ptrdiff_t ldr, T *g, std::ptrdiff_t ldg) {
  constexpr std::int64_t W = WIDTH<T>;
  constexpr int C = ROWS_AT_ONCE;
  std::int64_t v = 0;
  for (; v + C <= columns.full; v += C)
    outer_columns<T, C>(rows, outputs, x + v * W, ldx, r, ldr, g + v * W, ldg);
  for (; v < columns.full; ++v)
    outer_columns<T, 1>(rows, outputs, x + v * W, ldx, r, ldr, g + v * W, ldg);
  if (columns.last >= 0)
    outer_columns<T, 1>(rows, outputs, x + columns.last, ldx, r, ldr, g + v * W, ldg);
}

} // namespace LINNET_SIMD
} // namespace linnet
