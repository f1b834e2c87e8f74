// Stochastic gradient descent over sparse rows, in float64: a step costs what its entries cost.
//
// What belongs to a column stands side by side: its weights for all scores, what the rule
// remembers of them, and their gradient. What a column misses while no row has an entry in it is
// made up for when one does, and at the end.
#pragma once

#include "descent_rows.hpp"
#include "descent_rules.hpp"
#include "memory.hpp"
#include "sparse.hpp"

namespace linnet {
namespace LINNET_SIMD {

struct SparseDescent {
  bool in_place;           // columns are the parameters, as the caller gave them
  std::int64_t ld, stride; // numbers in an array of a column, and in all of them
  Gathered rows;
  double *scores;        // row by row: those of a tile
  double *residuals;     // row by row: those of a step
  double *intercepts[4]; // as for dense rows
  std::int64_t *reached; // k: steps that each column has gone through
  double *spent;         // sums of the rates of the steps before
  Map *maps;
  double *columns; // k x stride, the last of all
};

inline SparseDescent sparse_descent(const Descent &descent, Layout &layout) {
  const Job &job = descent.job;
  const bool plain = descent.rule == Rule::plain, linear = descent.rule == Rule::linear;
  SparseDescent at;
  at.in_place = descent.arrays() == 1;
  at.ld = padded(job.m);
  at.stride = at.ld * descent.arrays();
  at.rows = gathered(descent, layout);
  at.scores = layout.part<double>(at.rows.lines.ld * at.ld);
  at.residuals = layout.part<double>(descent.batch * at.ld);
  for (int a = 0; a < 4; ++a) {
    const bool used = a == 0 || a == 3 || descent.slots[a - 1];
    at.intercepts[a] = used ? layout.part<double>(at.ld) : nullptr;
  }
  at.reached = layout.part<std::int64_t>(plain ? 0 : job.k());
  at.spent = layout.part<double>(plain || linear ? 0 : descent.steps() + 1);
  at.maps = layout.part<Map>(linear ? Maps::size(descent.steps()) : 0);
  at.columns = at.in_place ? descent.theta : layout.part<double>(job.k() * at.stride);
  return at;
}

inline std::size_t sparse_descent_size(const Descent &descent) {
  Layout layout(nullptr);
  sparse_descent(descent, layout);
  return layout.size();
}

// From the arrays that were given to where all of a column stands side by side, or back.
inline void carry(const Descent &descent, const SparseDescent &at, bool back) {
  const Job &job = descent.job;
  const std::size_t bytes = at.ld * sizeof(double);
  double *const outside[3] = {descent.theta, descent.slots[0], descent.slots[1]};
  for (int a = 0, place = 0; a < 3; ++a) {
    if (!outside[a]) continue;
    double *in = at.columns + at.ld * place++, *out = outside[a], *b = out + job.k() * at.ld;
    for (std::int64_t c = 0; !at.in_place && c < job.k(); ++c, in += at.stride, out += at.ld)
      __builtin_memcpy(back ? out : in, back ? in : out, bytes);
    double *kept = at.intercepts[a];
    if (job.intercept) __builtin_memcpy(back ? b : kept, back ? kept : b, bytes);
  }
}

LINNET_INLINE Run column_run(const Descent &descent, const SparseDescent &at, std::int64_t c) {
  double *here = at.columns + c * at.stride;
  Run run{at.ld, here, nullptr, nullptr, here + at.stride - at.ld};
  if (descent.slots[0]) run.first = here + at.ld;
  if (descent.slots[1]) run.second = here + 2 * at.ld;
  return run;
}

// What a column that no row had an entry in has missed before step `t`.
class Catching {
public:
  Catching(const Descent &descent, const SparseDescent &at)
      : descent_(descent), at_(at), maps_(descent, at.maps) {
    if (descent.rule == Rule::linear || descent.rule == Rule::plain) return;
    at.spent[0] = 0;
    for (std::int64_t t = 0; t < descent.steps(); ++t)
      at.spent[t + 1] = at.spent[t] + descent.rates[t];
  }

  void column(std::int64_t c, std::int64_t t, const Metric &metric) const {
    const std::int64_t reached = at_.reached[c];
    if (reached >= t) return;
    at_.reached[c] = t;
    if (descent_.rule == Rule::linear)
      return apply(maps_.between(reached, t), column_run(descent_, at_, c));
    if (descent_.l2 > 0)
      flow(metric, descent_.l2 * (at_.spent[t] - at_.spent[reached]), column_run(descent_, at_, c));
  }

private:
  const Descent &descent_;
  const SparseDescent &at_;
  Maps maps_;
};

// Entries of a row that are called ahead: nobody has looked yet how many there really are.
constexpr std::int64_t CALLED_ENTRIES = 1024;

// Calls the entries of a row into the cache, or some of the columns that they name.
template <class I, class V> LINNET_INLINE void call_entries(const Entries<I, V> &row) {
  for (std::int64_t i = 0; i < row.count && i < CALLED_ENTRIES; i += 8) {
    __builtin_prefetch(row.columns + i);
    __builtin_prefetch(row.values + i);
  }
}
template <class I, class V>
LINNET_INLINE void call_columns(const SparseDescent &at, const Entries<I, V> &row,
                                std::int64_t first, std::int64_t end) {
  for (std::int64_t i = first; i < end && i < row.count; ++i) {
    const double *column = at.columns + row.columns[i] * at.stride;
    for (std::int64_t b = 0; b < at.stride; b += 8) __builtin_prefetch(column + b, 0, 2);
  }
}

// Entries that are handled while the columns of as many others are called.
constexpr std::int64_t SOME_ENTRIES = 16;

// Hands on a row some entries at a time, and calls the columns of the next meanwhile.
template <class I, class V, class Use>
LINNET_INLINE void each_part(const SparseDescent &at, const Entries<I, V> &row,
                             const Entries<I, V> &next, Use use) {
  for (std::int64_t i = 0; i < row.count; i += SOME_ENTRIES) {
    const std::int64_t left = row.count - i, some = left < SOME_ENTRIES ? left : SOME_ENTRIES;
    call_columns(at, next, i, i + some);
    use(Entries<I, V>{row.columns + i, row.values + i, some});
  }
  call_columns(at, next, row.count, next.count);
}

template <class I, class V> class SparseWalk {
public:
  SparseWalk(const Descent &descent, SparseDescent &at, Fault &fault)
      : descent_(descent), at_(at), fault_(fault) {}

  bool plain_step(std::int64_t t, std::int64_t count, Scale &scale) {
    const double rate = descent_.rates[t];
    const double step = -rate * descent_.share / static_cast<double>(count);
    if (!residuals_of(t, count, scale.now, [](const Entries<I, V> &) {})) return false;
    const double folded = scale.shrink(1 - rate * descent_.l2);
    if (folded != 1) fold(folded, scale);
    add_intercepts(count, step, at_.intercepts[0]);
    scatter_all(t, count, step / scale.now, at_.columns);
    if (!descent_.averages()) return true;
    scatter_all(t, count, -scale.summed, at_.columns + at_.ld);
    scale.summed += scale.now;
    for (std::int64_t j = 0; j < at_.ld; ++j) at_.intercepts[2][j] += at_.intercepts[0][j];
    return true;
  }

  // Kept weights times `factor`, and the sum of iterates as it is.
  void fold(double factor, Scale &scale) const {
    for (std::int64_t c = 0; c < descent_.job.k(); ++c) {
      double *w = at_.columns + c * at_.stride, *sum = w + at_.ld;
      for (std::int64_t j = 0; j < at_.ld; ++j) {
        if (descent_.averages()) sum[j] += scale.summed * w[j];
        w[j] *= factor;
      }
    }
    scale.summed = 0;
  }

  bool step(std::int64_t t, std::int64_t count, const Catching &catching) {
    const std::int64_t now = descent_.before + t;
    const Metric before = Metric::at(descent_, now), metric = Metric::at(descent_, now + 1);
    const auto catch_up = [&](const Entries<I, V> &row) {
      for (std::int64_t i = 0; i < row.count; ++i) catching.column(row.columns[i], t, before);
    };
    if (!residuals_of(t, count, 1, catch_up)) return false;
    const double mean = descent_.share / static_cast<double>(count);
    scatter_all(t, count, mean, at_.columns + at_.stride - at_.ld);
    advance_columns(t, count, metric);
    if (!descent_.job.intercept) return true;
    add_intercepts(count, 1, at_.intercepts[3]);
    const Run run{at_.ld, at_.intercepts[0], at_.intercepts[1], at_.intercepts[2],
                  at_.intercepts[3]};
    advance(descent_, metric, t, 0, run);
    __builtin_memset(run.g, 0, run.count * sizeof(double));
    return true;
  }

private:
  // None where the walk is over.
  Entries<I, V> row(std::int64_t place) const {
    if (place >= descent_.count) return {nullptr, nullptr, 0};
    return entries<I, V>(descent_.job.entries, descent_.order[place]);
  }

  // Whether the rows up to this can be read. Each is looked at when it will soon be needed.
  bool check(std::int64_t place) {
    const Job &job = descent_.job;
    for (; checked_ <= place && checked_ < descent_.count; ++checked_)
      if (!usable(job.entries, row(checked_), job.k(), descent_.order[checked_], fault_))
        return false;
    return true;
  }

  // s (y^ - y) of each row of step t; `before` is called with each row first.
  template <class Before>
  bool residuals_of(std::int64_t t, std::int64_t count, double scale, Before before) {
    if (!check(t * descent_.batch)) return false;
    for (std::int64_t some = 0; some < count; some += DESCENT_TILE) {
      const std::int64_t left = count - some, rows = left < DESCENT_TILE ? left : DESCENT_TILE;
      const std::int64_t first = t * descent_.batch + some;
      __builtin_memset(at_.scores, 0, rows * at_.ld * sizeof(double));
      for (std::int64_t i = 0; i < rows; ++i) {
        call_entries(row(first + i + 2));
        if (!check(first + i + 1)) return false;
        const Entries<I, V> here = row(first + i);
        before(here);
        each_part(at_, here, row(first + i + 1), [&](const Entries<I, V> &some) {
          in_groups(at_.ld, [&](auto group, std::int64_t at) {
            gather<decltype(group)>(some, at_.columns + at, at_.stride,
                                    at_.scores + i * at_.ld + at);
          });
        });
      }
      if (!tile_residuals(first, rows, scale, at_.residuals + some * at_.ld)) return false;
    }
    return true;
  }

  bool tile_residuals(std::int64_t first, std::int64_t rows, double scale, double *to) {
    const Job &job = descent_.job;
    set_rows(at_.rows, rows);
    const std::int64_t lines = at_.rows.lines.ld;
    double *Z = at_.rows.lines.Z;
    for (std::int64_t j = 0; j < job.m; ++j) {
      const double b = job.intercept ? at_.intercepts[0][j] : 0.0;
      for (std::int64_t i = 0; i < lines; ++i)
        Z[j * lines + i] = b + (i < rows ? scale * at_.scores[i * at_.ld + j] : 0.0);
    }
    if (!gathered_residuals(descent_, at_.rows, descent_.order + first, rows, fault_)) return false;
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < at_.ld; ++j)
        to[i * at_.ld + j] = j < job.m ? Z[j * lines + i] : 0.0;
    return true;
  }

  void add_intercepts(std::int64_t count, double factor, double *to) const {
    for (std::int64_t i = 0; descent_.job.intercept && i < count; ++i)
      for (std::int64_t j = 0; j < at_.ld; ++j) to[j] += factor * at_.residuals[i * at_.ld + j];
  }

  // Multiplies the residuals of step t with `factor`, and their rows with them: first the rows that
  // were read last, for their columns are in the cache.
  void scatter_all(std::int64_t t, std::int64_t count, double factor, double *to) const {
    for (std::int64_t i = count - 1; i >= 0; --i) {
      double *r = at_.residuals + i * at_.ld;
      for (std::int64_t j = 0; j < at_.ld; ++j) r[j] *= factor;
      const std::int64_t place = t * descent_.batch + i;
      const Entries<I, V> none{nullptr, nullptr, 0}, next = i > 0 ? row(place - 1) : none;
      each_part(at_, row(place), next, [&](const Entries<I, V> &some) {
        in_groups(at_.ld, [&](auto group, std::int64_t at) {
          scatter<decltype(group)>(some, r + at, false, to + at, at_.stride);
        });
      });
    }
  }

  // Every column with an entry in step t, once.
  void advance_columns(std::int64_t t, std::int64_t count, const Metric &metric) const {
    for (std::int64_t i = 0; i < count; ++i) {
      const Entries<I, V> here = row(t * descent_.batch + i);
      for (std::int64_t e = 0; e < here.count; ++e) {
        const std::int64_t c = here.columns[e];
        if (at_.reached[c] > t) continue;
        const Run run = column_run(descent_, at_, c);
        advance(descent_, metric, t, descent_.l2, run);
        if (descent_.rule != Rule::linear && descent_.l2 > 0)
          flow(metric, descent_.rates[t] * descent_.l2, run);
        __builtin_memset(run.g, 0, run.count * sizeof(double));
        at_.reached[c] = t + 1;
      }
    }
  }

  const Descent &descent_;
  SparseDescent &at_;
  Fault &fault_;
  std::int64_t checked_ = 0; // rows, in their order
};

// All steps. False: stopped, or a fault was found; what the caller gave is then of no use.
template <class I, class V>
bool descend_sparse(const Descent &descent, void *working, Fault &fault, const Poll &poll) {
  const Job &job = descent.job;
  Layout layout(static_cast<char *>(working));
  SparseDescent at = sparse_descent(descent, layout);
  const bool plain = descent.rule == Rule::plain;
  // Without a gradient columns, which come last, are filled by what is carried there.
  const std::size_t carried = plain && !at.in_place ? job.k() * at.stride * sizeof(double) : 0;
  __builtin_memset(working, 0, layout.size() - carried);
  carry(descent, at, false);
  SparseWalk<I, V> walk(descent, at, fault);
  const Catching catching(descent, at);
  Scale scale;
  std::int64_t asked = 0;
  for (std::int64_t t = 0, first = 0; first < descent.count; ++t, first += descent.batch) {
    if (first >= asked) {
      if (poll.stop()) return false;
      asked = first + ROWS_PER_POLL;
    }
    const std::int64_t left = descent.count - first;
    const std::int64_t count = left < descent.batch ? left : descent.batch;
    if (!(plain ? walk.plain_step(t, count, scale) : walk.step(t, count, catching))) return false;
    keep_losses(descent, at.rows, t);
  }
  const Metric metric = Metric::at(descent, descent.before + descent.steps());
  for (std::int64_t c = 0; !plain && c < job.k(); ++c) catching.column(c, descent.steps(), metric);
  if (plain && (scale.now != 1 || descent.averages())) walk.fold(scale.now, scale);
  carry(descent, at, true);
  return true;
}

} // namespace LINNET_SIMD
} // namespace linnet
