// Stochastic gradient descent over rows of a dense matrix, in float64.
//
// The rows of a step are gathered into a tile that stays in the cache, whatever their type and
// order: X itself is never copied. Weights stand score by score in lines of whole vectors.
#pragma once

#include "descent_rows.hpp"
#include "descent_rules.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

struct DenseDescent {
  std::int64_t ld; // a line of weights, and a row of the tile
  Gathered rows;
  double *tile;
  double *weights[4], *intercepts[4]; // parameters, two arrays of the rule, and the gradient
};

inline DenseDescent dense_descent(const Descent &descent, Layout &layout) {
  const Job &job = descent.job;
  DenseDescent at;
  at.ld = (job.k() + WIDTH<double> - 1) / WIDTH<double> * WIDTH<double>;
  at.rows = gathered(descent, layout);
  at.tile = layout.part<double>(at.rows.lines.ld * at.ld);
  for (int a = 0; a < 4; ++a) {
    const bool used = a == 0 || a == 3 || descent.slots[a - 1];
    at.weights[a] = used ? layout.part<double>(job.m * at.ld) : nullptr;
    at.intercepts[a] = used ? layout.part<double>(job.m) : nullptr;
  }
  return at;
}

inline std::size_t dense_descent_size(const Descent &descent) {
  Layout layout(nullptr);
  dense_descent(descent, layout);
  return layout.size();
}

// From the shape of the parameters, or back to it.
inline void carry(const Descent &descent, const DenseDescent &at, bool back) {
  const Job &job = descent.job;
  double *const outside[3] = {descent.theta, descent.slots[0], descent.slots[1]};
  for (int a = 0; a < 3; ++a)
    for (std::int64_t j = 0; outside[a] && j < job.m; ++j) {
      double *out = outside[a] + j * job.p(), *in = at.weights[a] + j * at.ld;
      const std::size_t bytes = job.k() * sizeof(double);
      __builtin_memcpy(back ? out : in, back ? in : out, bytes);
      if (!job.intercept) continue;
      if (back)
        out[job.k()] = at.intercepts[a][j];
      else
        at.intercepts[a][j] = out[job.k()];
    }
}

// Calls a row that will soon be needed into the cache, where it is one stretch of memory.
LINNET_INLINE void call_row(const Matrix &X, std::int64_t row) {
  const char *from = X.data + row * X.row_stride;
  const std::ptrdiff_t bytes = X.columns * X.column_stride;
  if (X.column_stride <= 0 || X.column_stride > 8) return;
  for (std::ptrdiff_t b = 0; b < bytes; b += 64) __builtin_prefetch(from + b);
}

// Gathers rows [first, first + count) of the order, and leaves their s (y^ - y) in lines.Z; the
// weights stand for `scale` times themselves.
inline bool dense_residuals(const Descent &descent, DenseDescent &at, std::int64_t first,
                            std::int64_t count, double scale, Fault &fault) {
  const Job &job = descent.job;
  const std::int64_t *order = descent.order + first, ahead = 1 + AHEAD_BYTES / (job.k() * 8 + 1);
  for (std::int64_t t = 0; t < count; ++t) {
    if (first + t + ahead < descent.count) call_row(job.X, order[t + ahead]);
    convert_row(job.X, order[t], at.tile + t * at.ld);
  }
  set_rows(at.rows, count);
  const std::int64_t lines = at.rows.lines.ld;
  double *Z = at.rows.lines.Z;
  __builtin_memset(Z, 0, job.m * lines * sizeof(double));
  dot(count, job.m, Columns{at.ld / WIDTH<double>, -1}, at.tile, at.ld, at.weights[0], at.ld, Z,
      lines, 0);
  for (std::int64_t j = 0; j < job.m; ++j) {
    const double b = job.intercept ? at.intercepts[0][j] : 0.0;
    for (std::int64_t t = 0; t < lines; ++t) Z[j * lines + t] = scale * Z[j * lines + t] + b;
  }
  return gathered_residuals(descent, at.rows, order, count, fault);
}

// G += r x': line by line, for a single row is no work to be blocked for registers.
inline void add_row(const Descent &descent, const DenseDescent &at, double *G) {
  for (std::int64_t j = 0; j < descent.job.m; ++j) {
    const Vec<double> r = splat(at.rows.lines.Z[j * at.rows.lines.ld]);
    double *line = G + j * at.ld;
    for (std::int64_t c = 0; c < at.ld; c += WIDTH<double>)
      store(line + c, load(line + c) + r * load(at.tile + c));
  }
}

// G += factor times the gradient of the rows gathered, and g theirs in the intercepts.
inline void add_gradient(const Descent &descent, DenseDescent &at, std::int64_t count,
                         double factor, double intercept_factor, double *G, double *g) {
  const std::int64_t m = descent.job.m, lines = at.rows.lines.ld;
  double *Z = at.rows.lines.Z;
  for (std::int64_t j = 0; descent.job.intercept && j < m; ++j) {
    double sum = 0;
    for (std::int64_t t = 0; t < count; ++t) sum += Z[j * lines + t];
    g[j] += intercept_factor * sum;
  }
  for (std::int64_t i = 0; i < m * lines; ++i) Z[i] *= factor;
  if (count == 1) return add_row(descent, at, G);
  outer(count, m, Columns{at.ld / WIDTH<double>, -1}, at.tile, at.ld, Z, lines, G, at.ld);
}

// The gradient of a whole step times `factor` into the last arrays, which are empty before.
inline bool dense_gradient(const Descent &descent, DenseDescent &at, std::int64_t first,
                           std::int64_t count, double scale, double factor, Fault &fault) {
  for (std::int64_t row = 0; row < count; row += DESCENT_TILE) {
    const std::int64_t left = count - row, some = left < DESCENT_TILE ? left : DESCENT_TILE;
    if (!dense_residuals(descent, at, first + row, some, scale, fault)) return false;
    add_gradient(descent, at, some, factor, factor, at.weights[3], at.intercepts[3]);
  }
  return true;
}

inline void multiply(double *numbers, std::int64_t count, double factor) {
  for (std::int64_t i = 0; factor != 1 && i < count; ++i) numbers[i] *= factor;
}

inline void add_and_clear(double *to, double *from, std::int64_t count, double factor) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * from[i], from[i] = 0;
}

// Adds the parameters to their sum, where one is kept.
inline void add_iterate(const Descent &descent, const DenseDescent &at, double scale) {
  if (!descent.averages()) return;
  const std::int64_t m = descent.job.m, size = m * at.ld;
  double *__restrict sum = at.weights[2];
  const double *__restrict w = at.weights[0];
  for (std::int64_t i = 0; i < size; ++i) sum[i] += scale * w[i];
  for (std::int64_t j = 0; j < m; ++j) at.intercepts[2][j] += at.intercepts[0][j];
}

// A few rows go straight to the weights; more of them by way of a gradient, for later ones must
// meet the weights as they were.
inline bool plain_dense_step(const Descent &descent, DenseDescent &at, std::int64_t t,
                             std::int64_t count, Scale &scale, Fault &fault) {
  const std::int64_t m = descent.job.m, size = m * at.ld, first = t * descent.batch;
  const double rate = descent.rates[t], shrinking = 1 - rate * descent.l2;
  const double step = -rate * descent.share / static_cast<double>(count);
  if (count <= DESCENT_TILE) {
    if (!dense_residuals(descent, at, first, count, scale.now, fault)) return false;
    multiply(at.weights[0], size, scale.shrink(shrinking));
    add_gradient(descent, at, count, step / scale.now, step, at.weights[0], at.intercepts[0]);
    add_iterate(descent, at, scale.now);
    return true;
  }
  if (!dense_gradient(descent, at, first, count, scale.now, step, fault)) return false;
  multiply(at.weights[0], size, scale.shrink(shrinking));
  add_and_clear(at.weights[0], at.weights[3], size, 1 / scale.now);
  add_and_clear(at.intercepts[0], at.intercepts[3], m, 1);
  add_iterate(descent, at, scale.now);
  return true;
}

LINNET_INLINE Run run_of(double *const (&arrays)[4], std::int64_t count) {
  return {count, arrays[0], arrays[1], arrays[2], arrays[3]};
}

inline bool dense_step(const Descent &descent, DenseDescent &at, std::int64_t t,
                       std::int64_t count, Fault &fault) {
  const double mean = descent.share / static_cast<double>(count);
  if (!dense_gradient(descent, at, t * descent.batch, count, 1, mean, fault)) return false;
  const Metric metric = Metric::at(descent, descent.before + t + 1);
  const Run weights = run_of(at.weights, descent.job.m * at.ld);
  const Run intercepts = run_of(at.intercepts, descent.job.m);
  advance(descent, metric, t, descent.l2, weights);
  if (descent.rule != Rule::linear && descent.l2 > 0)
    flow(metric, descent.rates[t] * descent.l2, weights);
  __builtin_memset(weights.g, 0, weights.count * sizeof(double));
  if (!descent.job.intercept) return true;
  advance(descent, metric, t, 0, intercepts);
  __builtin_memset(intercepts.g, 0, intercepts.count * sizeof(double));
  return true;
}

// All steps. False: stopped, or a fault was found; what the caller gave is then of no use.
inline bool descend_dense(const Descent &descent, void *working, Fault &fault, const Poll &poll) {
  Layout layout(static_cast<char *>(working));
  DenseDescent at = dense_descent(descent, layout);
  __builtin_memset(working, 0, layout.size());
  carry(descent, at, false);
  Scale scale;
  std::int64_t asked = 0;
  for (std::int64_t t = 0, first = 0; first < descent.count; ++t, first += descent.batch) {
    if (first >= asked) {
      if (poll.stop()) return false;
      asked = first + ROWS_PER_POLL;
    }
    const std::int64_t left = descent.count - first;
    const std::int64_t count = left < descent.batch ? left : descent.batch;
    const bool good = descent.rule == Rule::plain
                          ? plain_dense_step(descent, at, t, count, scale, fault)
                          : dense_step(descent, at, t, count, fault);
    if (!good) return false;
    keep_losses(descent, at.rows, t);
  }
  multiply(at.weights[0], descent.job.m * at.ld, scale.now);
  carry(descent, at, true);
  return true;
}

} // namespace LINNET_SIMD
} // namespace linnet
