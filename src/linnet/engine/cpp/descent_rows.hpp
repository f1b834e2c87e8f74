// The rows of one mini-batch, wherever they lie: their targets and weights, gathered, and from
// their scores what multiplies each row in the gradient.
#pragma once

#include "descent.hpp"
#include "losses.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Rows that are handled at a time.
constexpr std::int64_t DESCENT_TILE = 64;
// Rows between questions whether to stop.
constexpr std::int64_t ROWS_PER_POLL = 64;

struct Gathered {
  Job job; // of the rows at hand alone
  Lines<double> lines;
  double *targets, *weight;
  double value[2] = {0, 0};
};

inline Gathered gathered(const Descent &descent, Layout &layout) {
  const Job &job = descent.job;
  const std::int64_t most = descent.batch < DESCENT_TILE ? descent.batch : DESCENT_TILE;
  Gathered rows;
  rows.job = job;
  rows.job.mode = Mode::gradient;
  rows.lines = lines_of<double>(rows.job, most, layout);
  rows.targets = layout.part<double>(most * job.targets.columns);
  rows.weight = layout.part<double>(most);
  Matrix &targets = rows.job.targets;
  targets.data = reinterpret_cast<const char *>(rows.targets);
  targets.kind = Kind::f64;
  targets.column_stride = sizeof(double);
  targets.row_stride = targets.columns * static_cast<std::ptrdiff_t>(sizeof(double));
  rows.job.weight = job.weight ? rows.weight : nullptr;
  return rows;
}

// From scores in `lines` to s (y^ - y) in their place. False: a label is no class.
inline bool gathered_residuals(const Descent &descent, Gathered &rows, const std::int64_t *order,
                               std::int64_t count, Fault &fault) {
  const Job &job = descent.job;
  for (std::int64_t t = 0; t < count; ++t) {
    convert_row(job.targets, order[t], rows.targets + t * job.targets.columns);
    if (job.weight) rows.weight[t] = job.weight[order[t]];
  }
  Sums sums;
  sums.value = rows.value;
  if (residuals(rows.job, 0, count, rows.lines, sums, fault)) return true;
  fault.row = order[fault.row];
  return false;
}

// Keeps what the rows of step `t` lost before it was taken, and begins anew.
inline void keep_losses(const Descent &descent, Gathered &rows, std::int64_t t) {
  if (descent.losses) descent.losses[t] = rows.value[0] + rows.value[1];
  rows.value[0] = rows.value[1] = 0;
}

// Lines of `count` rows: as few vectors as hold them.
inline void set_rows(Gathered &rows, std::int64_t count) {
  rows.lines.ld = (count + WIDTH<double> - 1) / WIDTH<double> * WIDTH<double>;
}

} // namespace LINNET_SIMD
} // namespace linnet
