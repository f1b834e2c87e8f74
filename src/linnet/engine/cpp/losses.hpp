// From the scores of a tile to its loss and to what multiplies its rows in the outputs.
//
// Scores stand score by score, Z[j][t], so that a vector holds one score of many rows: softmax
// then needs no sums across lanes, and few classes waste none. Rows beyond the tile, up to a
// whole vector, weigh nothing.
#pragma once

#include "convert.hpp"
#include "elementary.hpp"
#include "exact.hpp"
#include "job.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Working memory for the rows of one tile; `ld` rows to a line, a multiple of the vector width.
template <class T> struct Lines {
  std::int64_t ld = 0;
  T *Z = nullptr;          // scores x ld: the scores, then the results in their place
  T *targets = nullptr;    // classes x ld, where targets are not labels
  T *roots = nullptr;      // m x ld: sqrt(s) p, for the Hessian in the intercepts
  T *weight = nullptr;     // ld
  T *loss = nullptr;       // ld
  double *label = nullptr; // ld
};

template <class T> Lines<T> lines_of(const Job &job, std::int64_t rows, Layout &layout) {
  Lines<T> lines;
  lines.ld = (rows + WIDTH<T> - 1) / WIDTH<T> * WIDTH<T>;
  lines.Z = layout.part<T>(job.scores() * lines.ld);
  lines.targets = layout.part<T>(job.labels ? 0 : job.targets.columns * lines.ld);
  lines.roots = layout.part<T>(job.mode == Mode::intercept ? job.m * (lines.ld + job.m) : 0);
  lines.weight = layout.part<T>(lines.ld);
  lines.loss = layout.part<T>(lines.ld);
  lines.label = layout.part<double>(lines.ld);
  return lines;
}

LINNET_INLINE std::int64_t classes(const Job &job) { return job.m + (job.anchored ? 1 : 0); }

template <class T>
void read_weights(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines) {
  for (std::int64_t t = 0; t < rows; ++t)
    lines.weight[t] = job.weight ? static_cast<T>(job.weight[row + t]) : T(1);
  for (std::int64_t t = rows; t < lines.ld; ++t) lines.weight[t] = 0;
}

template <class T>
void read_targets(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines) {
  const std::int64_t columns = job.targets.columns;
  for (std::int64_t i = 0; i < columns * lines.ld; ++i) lines.targets[i] = 0;
  convert_turned(job.targets, row, rows, lines.targets, lines.ld);
}

// Row of Z that holds the score of a label's class; -1 for the anchored class, whose score is 0.
LINNET_INLINE std::int64_t line_of(const Job &job, double label) {
  return static_cast<std::int64_t>(label) - (job.anchored ? 1 : 0);
}

// Labels of the tile, and their scores into `loss`; the fault names the first that is no class.
template <class T>
bool read_labels(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines,
                 Fault &fault) {
  convert_turned(job.targets, row, rows, lines.label, lines.ld);
  for (std::int64_t t = rows; t < lines.ld; ++t) lines.label[t] = 0;
  const double count = static_cast<double>(classes(job));
  for (std::int64_t t = 0; t < lines.ld; ++t) {
    const double label = lines.label[t];
    if (!(label >= 0 && label < count)) {
      fault = {"label", row + t, static_cast<std::int64_t>(label)};
      return false;
    }
    const std::int64_t j = line_of(job, label);
    lines.loss[t] = j >= 0 ? lines.Z[j * lines.ld + t] : T(0);
  }
  return true;
}

template <class T> LINNET_INLINE Vec<T> largest_score(const Job &job, const T *Z, std::int64_t ld) {
  Vec<T> top = job.anchored ? Vec<T>{} : load(Z);
  for (std::int64_t j = 0; j < job.m; ++j) top = larger(load(Z + j * ld), top);
  return top;
}

// Z becomes exp(z - top); gives the sum over the classes.
template <class T, bool KEEP = true>
LINNET_INLINE Vec<T> exponentials(const Job &job, T *Z, std::int64_t ld, Vec<T> top) {
  Vec<T> sum = job.anchored ? exp<T>(-top) : Vec<T>{};
  for (std::int64_t j = 0; j < job.m; ++j) {
    const Vec<T> e = exp<T>(load(Z + j * ld) - top);
    sum += e;
    if (KEEP) store(Z + j * ld, e);
  }
  return sum;
}

// The sum of y_j (z_j - top) over the classes, and the total of y.
template <class T>
LINNET_INLINE void mean_score(const Job &job, const Lines<T> &lines, std::int64_t t, Vec<T> top,
                              Vec<T> &mean, Vec<T> &total) {
  const std::int64_t anchored = job.anchored ? 1 : 0;
  mean = total = Vec<T>{};
  for (std::int64_t j = 0; j < job.m + anchored; ++j) {
    const Vec<T> y = load(lines.targets + j * lines.ld + t);
    const Vec<T> z = j < anchored ? Vec<T>{} : load(lines.Z + (j - anchored) * lines.ld + t);
    mean += y * (z - top);
    total += y;
  }
}

template <class T>
void add_losses(const Job &job, std::int64_t row, std::int64_t rows, const T *loss, double *value) {
  for (std::int64_t t = 0; t < rows; ++t)
    add_exactly(value, job.weight ? job.weight[row + t] * loss[t] : static_cast<double>(loss[t]));
}

// The first numbers of a vector.
template <class T> LINNET_INLINE void store_some(T *to, Vec<T> v, std::int64_t count) {
  if (count >= WIDTH<T>) return store(to, v);
  for (std::int64_t l = 0; l < count; ++l) to[l] = v[l];
}

// The loss of every row, and s p in place of Z unless the value alone is asked for; p is written
// down where there is a place for it.
template <class T, bool KEEP>
void probabilities(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines) {
  const std::int64_t ld = lines.ld;
  // Elsewhere they may be given to be read.
  const bool keeps = job.mode == Mode::gradient && job.probabilities;
  T *kept = keeps ? static_cast<T *>(job.probabilities) + row : nullptr;
  for (std::int64_t t = 0; t < ld; t += WIDTH<T>) {
    T *Z = lines.Z + t;
    const Vec<T> top = largest_score(job, Z, ld);
    Vec<T> mean = load(lines.loss + t) - top, total = splat(T(1));
    if (!job.labels) mean_score(job, lines, t, top, mean, total);
    const Vec<T> sum = exponentials<T, KEEP>(job, Z, ld, top);
    store(lines.loss + t, total * log<T>(sum) - mean);
    if (!KEEP) continue;
    if (kept) {
      const Vec<T> scale = T(1) / sum;
      for (std::int64_t j = 0; j < job.m; ++j)
        store_some(kept + j * job.stride + t, load(Z + j * ld) * scale, rows - t);
    }
    const Vec<T> factor = load(lines.weight + t) / sum;
    for (std::int64_t j = 0; j < job.m; ++j) store(Z + j * ld, load(Z + j * ld) * factor);
  }
}

// Z: from s p to s (p - y).
template <class T> void subtract_targets(const Job &job, std::int64_t rows, const Lines<T> &lines) {
  const std::int64_t ld = lines.ld;
  if (job.labels) {
    for (std::int64_t t = 0; t < rows; ++t) {
      const std::int64_t j = line_of(job, lines.label[t]);
      if (j >= 0) lines.Z[j * ld + t] -= lines.weight[t];
    }
    return;
  }
  const T *Y = lines.targets + (job.anchored ? ld : 0);
  for (std::int64_t j = 0; j < job.m; ++j)
    for (std::int64_t t = 0; t < ld; ++t) lines.Z[j * ld + t] -= lines.weight[t] * Y[j * ld + t];
}

// Sum of s (diag p - p p'), with s p in Z.
template <class T> void softmax_intercepts(const Job &job, const Lines<T> &lines, double *hessian) {
  const std::int64_t ld = lines.ld, m = job.m;
  for (std::int64_t t = 0; t < ld; ++t) {
    const T s = lines.weight[t];
    const T factor = s > 0 ? T(1) / static_cast<T>(__builtin_sqrt(s)) : T(0);
    for (std::int64_t j = 0; j < m; ++j) lines.roots[j * ld + t] = lines.Z[j * ld + t] * factor;
  }
  // The products are added to a matrix of their own, so that they can be subtracted.
  T *products = lines.roots + m * ld;
  for (std::int64_t i = 0; i < m * m; ++i) products[i] = 0;
  dot(m, m, Columns{ld / WIDTH<T>, -1}, lines.roots, ld, lines.roots, ld, products, m, 0);
  for (std::int64_t i = 0; i < m * m; ++i) hessian[i] -= products[i];
  for (std::int64_t j = 0; j < m; ++j)
    for (std::int64_t t = 0; t < ld; ++t) hessian[j * m + j] += lines.Z[j * ld + t];
}

template <class T>
bool softmax_loss(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines,
                  const Sums &sums, Fault &fault) {
  if (!job.labels)
    read_targets(job, row, rows, lines);
  else if (!read_labels(job, row, rows, lines, fault))
    return false;
  if (job.mode == Mode::value)
    probabilities<T, false>(job, row, rows, lines);
  else
    probabilities<T, true>(job, row, rows, lines);
  add_losses(job, row, rows, lines.loss, sums.value);
  if (job.mode == Mode::intercept) softmax_intercepts(job, lines, sums.hessian);
  if (job.mode != Mode::value) subtract_targets(job, rows, lines);
  return true;
}

// Z: from scores to p; or p as it was kept.
template <class T>
void softmax(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines) {
  const std::int64_t ld = lines.ld, n = job.stride;
  T *kept = static_cast<T *>(job.probabilities) + row;
  if (job.first_score()) {
    for (std::int64_t j = 0; j < job.m; ++j) {
      for (std::int64_t t = 0; t < rows; ++t) lines.Z[j * ld + t] = kept[j * n + t];
      for (std::int64_t t = rows; t < ld; ++t) lines.Z[j * ld + t] = 0;
    }
    return;
  }
  for (std::int64_t t = 0; t < ld; t += WIDTH<T>) {
    T *P = lines.Z + t;
    const Vec<T> scale = T(1) / exponentials(job, P, ld, largest_score(job, P, ld));
    for (std::int64_t j = 0; j < job.m; ++j) store(P + j * ld, load(P + j * ld) * scale);
  }
  if (job.mode != Mode::probabilities) return;
  for (std::int64_t j = 0; j < job.m; ++j)
    for (std::int64_t t = 0; t < rows; ++t) kept[j * n + t] = lines.Z[j * ld + t];
}

template <class T>
void keep_scores(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines) {
  T *kept = static_cast<T *>(job.probabilities) + row;
  for (std::int64_t j = 0; j < job.scores(); ++j)
    for (std::int64_t t = 0; t < rows; ++t) kept[j * job.stride + t] = lines.Z[j * lines.ld + t];
}

// Along each direction the scores u become s p (u - <p, u>); for the diagonal p becomes s p (1-p).
template <class T> void softmax_curvature(const Job &job, const Lines<T> &lines) {
  const std::int64_t ld = lines.ld, m = job.m;
  for (std::int64_t t = 0; t < ld; t += WIDTH<T>) {
    T *P = lines.Z + t;
    const Vec<T> weight = load(lines.weight + t);
    for (std::int64_t j = 0; j < m && job.mode == Mode::hessian_diagonal; ++j) {
      const Vec<T> p = load(P + j * ld);
      store(P + j * ld, weight * p * (T(1) - p));
    }
    for (std::int64_t set = 1; set < job.sets; ++set) {
      T *U = P + set * m * ld;
      Vec<T> mean = {};
      for (std::int64_t j = 0; j < m; ++j) mean += load(P + j * ld) * load(U + j * ld);
      for (std::int64_t j = 0; j < m; ++j)
        store(U + j * ld, weight * load(P + j * ld) * (load(U + j * ld) - mean));
    }
  }
}

// Squared loss: its residual s (z - y), and its value.
template <class T>
void squared_loss(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines,
                  const Sums &sums) {
  const std::int64_t ld = lines.ld;
  read_targets(job, row, rows, lines);
  for (std::int64_t t = 0; t < ld; ++t) lines.loss[t] = 0;
  for (std::int64_t j = 0; j < job.m; ++j) {
    T *z = lines.Z + j * ld;
    const T *y = lines.targets + j * ld;
    for (std::int64_t t = 0; t < ld; ++t) {
      const T residual = z[t] - y[t];
      lines.loss[t] += T(0.5) * residual * residual;
      z[t] = residual * lines.weight[t];
    }
  }
  add_losses(job, row, rows, lines.loss, sums.value);
  if (job.mode != Mode::intercept) return;
  for (std::int64_t j = 0; j < job.m; ++j)
    for (std::int64_t t = 0; t < rows; ++t) sums.hessian[j * job.m + j] += lines.weight[t];
}

// The Hessian of squared loss is the identity.
template <class T> void squared_curvature(const Job &job, const Lines<T> &lines) {
  const bool diagonal = job.mode == Mode::hessian_diagonal;
  for (std::int64_t j = 0; j < job.scores(); ++j)
    for (std::int64_t t = 0; t < lines.ld; ++t) {
      T &z = lines.Z[j * lines.ld + t];
      z = diagonal ? lines.weight[t] : z * lines.weight[t];
    }
}

// The first line of Z that holds results: a softmax's Hessian keeps p in the lines before.
template <class T> LINNET_INLINE T *results(const Job &job, const Lines<T> &lines) {
  return lines.Z + (job.scores() - job.outputs()) * lines.ld;
}

// Scores in, and out what each row is multiplied with in the outputs. Adds to the value, and to
// the sums over the intercepts. False: a target cannot be used, and `fault` says which.
template <class T>
bool residuals(const Job &job, std::int64_t row, std::int64_t rows, const Lines<T> &lines,
               const Sums &sums, Fault &fault) {
  read_weights(job, row, rows, lines);
  const bool curvature = job.mode == Mode::hessian_product || job.mode == Mode::hessian_diagonal;
  if (job.mode == Mode::scores)
    keep_scores(job, row, rows, lines);
  else if (job.mode == Mode::probabilities)
    softmax(job, row, rows, lines);
  else if (curvature && job.loss == Loss::softmax)
    softmax(job, row, rows, lines), softmax_curvature(job, lines);
  else if (curvature)
    squared_curvature(job, lines);
  else if (job.loss == Loss::squared)
    squared_loss(job, row, rows, lines, sums);
  else if (!softmax_loss(job, row, rows, lines, sums, fault))
    return false;
  if (!sums.intercepts) return true;
  const T *R = results(job, lines);
  for (std::int64_t o = 0; o < job.outputs(); ++o, R += lines.ld) {
    double sum = 0;
    for (std::int64_t t = 0; t < rows; ++t) sum += R[t];
    sums.intercepts[o * sums.intercepts_stride] += sum;
  }
  return true;
}

} // namespace LINNET_SIMD
} // namespace linnet
