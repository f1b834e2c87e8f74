// One pass over rows of a dense matrix: scores, residuals and gradient of a tile while it is hot.
#pragma once

#include "losses.hpp"
#include "memory.hpp"
#include "pairs.hpp"

namespace linnet {
namespace LINNET_SIMD {

// A tile with its scores takes at most half of a second-level cache of 1 MiB, the least that
// today's servers have; and enough rows that the parameters are not read too often.
constexpr std::int64_t TILE_BYTES = 384 * 1024;
constexpr std::int64_t MINIMUM_TILE = 16, MAXIMUM_TILE = 256;
// Rows whose float32 sums are added up before they are handed on to float64.
constexpr std::int64_t FLOAT32_ROWS = 1024;

template <class T> struct DensePlan {
  bool in_place;     // rows are read where they lie
  std::int64_t tile; // rows at a time
  std::int64_t ld;   // a row of the packed tile, of the weights and of the outputs
  Columns columns;
};

template <class T> constexpr Kind kind_of() { return sizeof(T) == 4 ? Kind::f32 : Kind::f64; }

template <class T> DensePlan<T> plan_of(const Job &job) {
  constexpr std::int64_t W = WIDTH<T>;
  const Matrix &X = job.X;
  DensePlan<T> plan;
  plan.in_place = X.kind == kind_of<T>() && X.column_stride == sizeof(T) &&
                  X.row_stride % static_cast<std::ptrdiff_t>(sizeof(T)) == 0 && X.columns >= W &&
                  job.mode != Mode::hessian_diagonal;
  plan.ld = (X.columns + W - 1) / W * W;
  const std::int64_t full = X.columns / W;
  const bool ragged = full * W < X.columns;
  plan.columns =
      plan.in_place ? Columns{full, ragged ? X.columns - W : -1} : Columns{plan.ld / W, -1};
  std::int64_t rows =
      TILE_BYTES / ((plan.ld + job.scores()) * static_cast<std::int64_t>(sizeof(T)));
  rows -= rows % MINIMUM_TILE;
  plan.tile = rows < MINIMUM_TILE ? MINIMUM_TILE : rows > MAXIMUM_TILE ? MAXIMUM_TILE : rows;
  return plan;
}

// Where column c of a row stands in a line of `ld` numbers: see products.hpp on the last vector.
template <class T> LINNET_INLINE std::int64_t place(const DensePlan<T> &plan, std::int64_t c) {
  const std::int64_t whole = plan.columns.full * WIDTH<T>;
  return c < whole || plan.columns.last < 0 ? c : whole + (c - plan.columns.last);
}

// Parameters in the type of the arithmetic: scores x ld weights, then the intercepts.
template <class T> std::size_t dense_prepared_size(const Job &job) {
  return (job.scores() * (plan_of<T>(job).ld + 1)) * sizeof(T);
}

template <class T> void dense_prepare(const Job &job, void *memory) {
  const DensePlan<T> plan = plan_of<T>(job);
  T *W = static_cast<T *>(memory), *b = W + job.scores() * plan.ld;
  for (std::int64_t j = 0; j < job.scores(); ++j) {
    const double *from = job.parameters + j * job.p();
    for (std::int64_t c = 0; c < plan.ld; ++c) W[j * plan.ld + c] = 0;
    for (std::int64_t c = 0; c < job.k(); ++c)
      W[j * plan.ld + place(plan, c)] = static_cast<T>(from[c]);
    b[j] = job.intercept ? static_cast<T>(from[job.k()]) : T(0);
  }
}

template <class T> struct DenseMemory {
  Lines<T> lines;
  T *tile, *outputs;
};

template <class T>
DenseMemory<T> dense_memory(const Job &job, const DensePlan<T> &plan, Layout &layout) {
  DenseMemory<T> memory;
  memory.lines = lines_of<T>(job, plan.tile, layout);
  memory.tile = layout.part<T>(plan.in_place ? 0 : plan.tile * plan.ld);
  memory.outputs = layout.part<T>(job.has_weight_sums() ? job.outputs() * plan.ld : 0);
  return memory;
}

template <class T> std::size_t dense_memory_size(const Job &job) {
  Layout layout(nullptr);
  dense_memory(job, plan_of<T>(job), layout);
  return layout.size();
}

// Hand the outputs on to the float64 sums, and start anew.
template <class T>
void hand_on(const Job &job, const DensePlan<T> &plan, T *outputs, const Sums &sums) {
  if (!job.has_weight_sums()) return;
  for (std::int64_t o = 0; o < job.outputs(); ++o) {
    double *to = sums.weights + o * sums.weights_stride;
    const T *from = outputs + o * plan.ld;
    const std::int64_t whole = plan.columns.full * WIDTH<T>;
    const std::int64_t plain = whole < job.k() ? whole : job.k();
    for (std::int64_t c = 0; c < plain; ++c) to[c] += from[c];
    for (std::int64_t c = plain; c < job.k(); ++c) to[c] += from[place(plan, c)];
  }
  __builtin_memset(outputs, 0, job.outputs() * plan.ld * sizeof(T));
}

template <class T> void square(T *values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] *= values[i];
}

template <class T>
LINNET_INLINE std::ptrdiff_t row_length(const Job &job, const DensePlan<T> &plan) {
  return plan.in_place ? job.X.row_stride / static_cast<std::ptrdiff_t>(sizeof(T)) : plan.ld;
}

// The rows where they lie, or converted into the tile.
template <class T>
const T *tile_at(const Job &job, const DensePlan<T> &plan, std::int64_t row, std::int64_t rows,
                 T *tile) {
  if (plan.in_place) return reinterpret_cast<const T *>(job.X.data + row * job.X.row_stride);
  convert(job.X, row, rows, tile, plan.ld);
  return tile;
}

template <class T>
void tile_scores(const Job &job, const DensePlan<T> &plan, const T *X, std::int64_t rows,
                 const T *W, const Lines<T> &lines) {
  const std::ptrdiff_t ldx = row_length(job, plan);
  const std::int64_t first = job.first_score(), count = job.scores() - first;
  const T *b = W + job.scores() * plan.ld;
  T *Z = lines.Z + first * lines.ld;
  for (std::int64_t j = 0; j < count; ++j)
    for (std::int64_t t = 0; t < lines.ld; ++t) Z[j * lines.ld + t] = b[first + j];
  // Rows that follow are called into the cache while these are multiplied: no less than the next
  // ones, and enough of them where they are short.
  const std::int64_t bytes = job.k() * static_cast<std::int64_t>(sizeof(T)) + 1;
  const std::int64_t ahead = ROWS_AT_ONCE * (1 + AHEAD_BYTES / (ROWS_AT_ONCE * bytes));
  dot(rows, count, plan.columns, X, ldx, W + first * plan.ld, plan.ld, Z, lines.ld,
      plan.in_place ? ahead * ldx : 0);
}

// Rows [first, last). False: stopped, or a fault was found.
template <class T>
bool dense_rows(const Job &job, const void *prepared, std::int64_t first, std::int64_t last,
                void *working, const Sums &sums, Fault &fault, const Poll &poll) {
  const DensePlan<T> plan = plan_of<T>(job);
  Layout layout(static_cast<char *>(working));
  DenseMemory<T> memory = dense_memory(job, plan, layout);
  if (!plan.in_place) __builtin_memset(memory.tile, 0, plan.tile * plan.ld * sizeof(T));
  if (job.has_weight_sums())
    __builtin_memset(memory.outputs, 0, job.outputs() * plan.ld * sizeof(T));
  std::int64_t summed = 0;
  for (std::int64_t row = first; row < last; row += plan.tile) {
    if (poll.stop()) return false;
    const std::int64_t rows = last - row < plan.tile ? last - row : plan.tile;
    Lines<T> lines = memory.lines;
    lines.ld = (rows + WIDTH<T> - 1) / WIDTH<T> * WIDTH<T>;
    const T *X = tile_at(job, plan, row, rows, memory.tile);
    const T *W = static_cast<const T *>(prepared), *b = W + job.scores() * plan.ld;
    if (job.pairs.starts) {
      add_pairs(job, plan.columns, row, rows, X, row_length(job, plan), W + job.m * plan.ld,
                plan.ld, b + job.m, lines.Z, memory.outputs, sums);
    } else {
      tile_scores(job, plan, X, rows, W, lines);
      if (!residuals(job, row, rows, lines, sums, fault)) return false;
      if (!job.has_weight_sums()) continue;
      if (job.mode == Mode::hessian_diagonal) square(memory.tile, rows * plan.ld);
      outer(rows, job.outputs(), plan.columns, X, row_length(job, plan), results(job, lines),
            lines.ld, memory.outputs, plan.ld);
    }
    summed += rows;
    if (summed >= FLOAT32_ROWS) hand_on(job, plan, memory.outputs, sums), summed = 0;
  }
  hand_on(job, plan, memory.outputs, sums);
  return true;
}

} // namespace LINNET_SIMD
} // namespace linnet
