// The two halves of a pass over sparse rows: scores to residuals, and residuals to outputs.
//
// Parameters and outputs stand feature by feature, so that an entry x of column c meets all
// scores of c side by side: z += x W[c], and G[c] += x r. All arithmetic is in float64.
#pragma once

#include "losses.hpp"
#include "memory.hpp"

namespace linnet {
namespace LINNET_SIMD {

constexpr std::int64_t SPARSE_TILE = 64;

// Numbers that stand side by side: 1, 2, or a multiple of 4.
LINNET_INLINE std::int64_t padded(std::int64_t count) {
  return count <= 2 ? count : (count + 3) / 4 * 4;
}

constexpr int PART = WIDTH<double> < 8 ? static_cast<int>(WIDTH<double>) : 8;

template <int LANES> using Few = typename Sized<double, (LANES ? LANES : 1) * 8>::V;

// LANES numbers that stand side by side, in registers.
template <int LANES> struct Group {
  static constexpr int WHOLE = LANES / PART, TAIL = LANES % PART;
  Few<PART> parts[WHOLE ? WHOLE : 1];
  Few<TAIL> tail;

  LINNET_INLINE static Group zero() { return Group{}; }
  LINNET_INLINE static Group from(const double *p) {
    Group g{};
    for (int f = 0; f < WHOLE; ++f) g.parts[f] = load_as<Few<PART>>(p + PART * f);
    if (TAIL) g.tail = load_as<Few<TAIL>>(p + PART * WHOLE);
    return g;
  }
  LINNET_INLINE void to(double *p) const {
    for (int f = 0; f < WHOLE; ++f) store(p + PART * f, parts[f]);
    if (TAIL) store(p + PART * WHOLE, tail);
  }
  LINNET_INLINE void add(double factor, const Group &other) {
    for (int f = 0; f < WHOLE; ++f) parts[f] += factor * other.parts[f];
    if (TAIL) tail += factor * other.tail;
  }
};

// Entries of one row: columns and values.
template <class I, class V> struct Entries {
  const I *columns;
  const V *values;
  std::int64_t count;
};

// z += sum of x W[c]; two sums, so that one need not wait for the other.
template <class G, class I, class V>
void gather(Entries<I, V> row, const double *W, std::int64_t ld, double *z) {
  G even = G::from(z), odd = G::zero();
  std::int64_t i = 0;
  for (; i + 2 <= row.count; i += 2) {
    even.add(row.values[i], G::from(W + row.columns[i] * ld));
    odd.add(row.values[i + 1], G::from(W + row.columns[i + 1] * ld));
  }
  if (i < row.count) even.add(row.values[i], G::from(W + row.columns[i] * ld));
  even.add(1.0, odd);
  even.to(z);
}

// G[c] += x r, or x^2 r.
template <class G, class I, class V>
void scatter(Entries<I, V> row, const double *r, bool squared, double *to, std::int64_t ld) {
  const G factor = G::from(r);
  for (std::int64_t i = 0; i < row.count; ++i) {
    const double x = row.values[i];
    double *place = to + row.columns[i] * ld;
    G sum = G::from(place);
    sum.add(squared ? x * x : x, factor);
    sum.to(place);
  }
}

// Two sums of a group and what is added to them fit in registers, also where 32 of these hold two
// numbers each.
constexpr int LARGEST_GROUP = VECTOR_BYTES > 16 ? 32 : 16;

// Call `use` with the groups that make up `width` numbers side by side, and where each begins.
template <class Use> LINNET_INLINE void in_groups(std::int64_t width, Use use) {
  std::int64_t at = 0;
  for (; width - at >= LARGEST_GROUP; at += LARGEST_GROUP) use(Group<LARGEST_GROUP>{}, at);
  switch (width - at) {
  case 0: return;
  case 1: return use(Group<1>{}, at);
  case 2: return use(Group<2>{}, at);
  case 4: return use(Group<4>{}, at);
  case 8: return use(Group<8>{}, at);
  case 12: return use(Group<12>{}, at);
  default: break;
  }
  if constexpr (LARGEST_GROUP > 16) {
    switch (width - at) {
    case 16: return use(Group<16>{}, at);
    case 20: return use(Group<20>{}, at);
    case 24: return use(Group<24>{}, at);
    default: return use(Group<28>{}, at);
    }
  }
}

LINNET_INLINE std::int64_t pointer(const SparseRows &rows, std::int64_t row) {
  return rows.wide_pointers ? static_cast<const std::int64_t *>(rows.pointers)[row]
                            : static_cast<const std::int32_t *>(rows.pointers)[row];
}

template <class I, class V>
LINNET_INLINE Entries<I, V> entries(const SparseRows &rows, std::int64_t row) {
  const std::int64_t first = pointer(rows, row), last = pointer(rows, row + 1);
  return {static_cast<const I *>(rows.indices) + first, static_cast<const V *>(rows.values) + first,
          last - first};
}

// Call `use` with the types of the indices and values.
template <class Use> LINNET_INLINE void with_types(const SparseRows &rows, Use use) {
  if (rows.wide_indices)
    rows.wide_values ? use(std::int64_t{}, double{}) : use(std::int64_t{}, float{});
  else
    rows.wide_values ? use(std::int32_t{}, double{}) : use(std::int32_t{}, float{});
}

// Whether the row lies within its matrix; an entry outside would be read from anywhere.
template <class I, class V>
LINNET_INLINE bool usable(const SparseRows &rows, Entries<I, V> row, std::int64_t k,
                          std::int64_t number, Fault &fault) {
  const std::int64_t first = pointer(rows, number);
  if (row.count < 0 || first < 0 || first + row.count > rows.entries) {
    fault = {"pointer", number, first};
    return false;
  }
  bool bad = false;
  for (std::int64_t i = 0; i < row.count; ++i)
    bad |= static_cast<std::uint64_t>(row.columns[i]) >= static_cast<std::uint64_t>(k);
  for (std::int64_t i = 0; bad && i < row.count; ++i)
    if (static_cast<std::uint64_t>(row.columns[i]) >= static_cast<std::uint64_t>(k))
      fault = {"column", number, row.columns[i]};
  return !bad;
}

inline std::size_t sparse_prepared_size(const Job &job) {
  return job.k() * padded(job.scores() - job.first_score()) * sizeof(double);
}

// W[c] for the columns [first, last).
inline void sparse_prepare(const Job &job, void *memory, std::int64_t first, std::int64_t last) {
  const std::int64_t scores = job.scores() - job.first_score(), ld = padded(scores), p = job.p();
  const double *parameters = job.parameters + job.first_score() * p;
  double *W = static_cast<double *>(memory);
  constexpr std::int64_t some = 64; // columns turned at a time: their lines stay in the cache
  for (std::int64_t c0 = first; c0 < last; c0 += some) {
    const std::int64_t end = c0 + some < last ? c0 + some : last;
    for (std::int64_t j = 0; j < ld; ++j)
      for (std::int64_t c = c0; c < end; ++c)
        W[c * ld + j] = j < scores ? parameters[j * p + c] : 0.0;
  }
}

// Outputs of the columns [first, last), from feature by feature to the shape of the parameters.
inline void sparse_finish(const Job &job, const double *G, std::int64_t first, std::int64_t last,
                          const Sums &sums) {
  const std::int64_t ld = padded(job.outputs());
  constexpr std::int64_t some = 64;
  for (std::int64_t c0 = first; c0 < last; c0 += some) {
    const std::int64_t end = c0 + some < last ? c0 + some : last;
    for (std::int64_t o = 0; o < job.outputs(); ++o)
      for (std::int64_t c = c0; c < end; ++c)
        sums.weights[o * sums.weights_stride + c] = G[c * ld + o];
  }
}

struct SparseMemory {
  Lines<double> lines;
  double *rows; // SPARSE_TILE x padded(scores): scores row by row
};

inline SparseMemory sparse_memory(const Job &job, Layout &layout) {
  SparseMemory memory;
  memory.lines = lines_of<double>(job, SPARSE_TILE, layout);
  memory.rows = layout.part<double>(SPARSE_TILE * padded(job.scores()));
  return memory;
}

inline std::size_t sparse_memory_size(const Job &job) {
  Layout layout(nullptr);
  sparse_memory(job, layout);
  return layout.size();
}

inline bool sparse_scores(const Job &job, const double *W, std::int64_t row, std::int64_t count,
                          const SparseMemory &memory, Fault &fault) {
  const std::int64_t first = job.first_score();
  const std::int64_t ld = padded(job.scores() - first), lines_ld = memory.lines.ld;
  bool good = true;
  __builtin_memset(memory.rows, 0, count * ld * sizeof(double));
  with_types(job.entries, [&](auto index, auto value) {
    using I = decltype(index);
    using V = decltype(value);
    for (std::int64_t t = 0; t < count && good; ++t) {
      const Entries<I, V> some = entries<I, V>(job.entries, row + t);
      good = usable(job.entries, some, job.k(), row + t, fault);
      if (!good) break;
      in_groups(ld, [&](auto group, std::int64_t at) {
        gather<decltype(group)>(some, W + at, ld, memory.rows + t * ld + at);
      });
    }
  });
  for (std::int64_t j = first; j < job.scores(); ++j) {
    const double b = job.intercept ? job.parameters[j * job.p() + job.k()] : 0.0;
    for (std::int64_t t = 0; t < lines_ld; ++t)
      memory.lines.Z[j * lines_ld + t] = b + (t < count ? memory.rows[t * ld + j - first] : 0.0);
  }
  return good;
}

// Rows [first, last): their losses into the sums, and, unless R is null, residuals row by row.
inline bool sparse_rows(const Job &job, const void *prepared, std::int64_t first, std::int64_t last,
                        void *working, const Sums &sums, Fault &fault, const Poll &poll,
                        double *R) {
  Layout layout(static_cast<char *>(working));
  const SparseMemory memory = sparse_memory(job, layout);
  const std::int64_t outputs = job.outputs(), ld = padded(outputs);
  for (std::int64_t row = first; row < last; row += SPARSE_TILE) {
    if (poll.stop()) return false;
    const std::int64_t count = last - row < SPARSE_TILE ? last - row : SPARSE_TILE;
    if (!sparse_scores(job, static_cast<const double *>(prepared), row, count, memory, fault))
      return false;
    if (!residuals(job, row, count, memory.lines, sums, fault)) return false;
    if (!R) continue;
    const double *result = results(job, memory.lines);
    double *to = R + (row - first) * ld;
    for (std::int64_t t = 0; t < count; ++t)
      for (std::int64_t o = 0; o < ld; ++o)
        to[t * ld + o] = o < outputs ? result[o * memory.lines.ld + t] : 0.0;
  }
  return true;
}

// First entry whose column is not below `column`.
template <class I>
LINNET_INLINE std::int64_t first_at(const I *columns, std::int64_t count, std::int64_t column) {
  std::int64_t low = 0;
  while (count > 0) {
    const std::int64_t half = count / 2;
    if (columns[low + half] < column)
      low += half + 1, count -= half + 1;
    else
      count = half;
  }
  return low;
}

// The entries of one row whose columns lie in a range, copied some at a time where they stand in
// no order.
template <class I, class V> struct Range {
  static constexpr std::int64_t SOME = 256;
  std::int64_t low, high;
  I columns[SOME];
  V values[SOME];

  // Call `use` with the entries in the range, in as many runs as it takes.
  template <class Use> LINNET_INLINE void each(Entries<I, V> row, bool sorted, Use use) {
    if (sorted) {
      const std::int64_t begin = first_at(row.columns, row.count, low);
      const std::int64_t end = first_at(row.columns, row.count, high);
      return use(Entries<I, V>{row.columns + begin, row.values + begin, end - begin});
    }
    for (std::int64_t start = 0; start < row.count; start += SOME) {
      const std::int64_t left = row.count - start, some = left < SOME ? left : SOME;
      std::int64_t found = 0;
      for (std::int64_t i = start; i < start + some; ++i) {
        // Written always and kept if it counts: no branch to be foretold wrongly.
        columns[found] = row.columns[i];
        values[found] = row.values[i];
        found += row.columns[i] >= low && row.columns[i] < high;
      }
      use(Entries<I, V>{columns, values, found});
    }
  }
};

// Rows [first, last) into the outputs of the columns [low, high) alone, in the order of the rows:
// so no two threads write to the same place, and the sums do not depend on how many there are.
inline void sparse_scatter(const Job &job, std::int64_t first, std::int64_t last, std::int64_t low,
                           std::int64_t high, const double *R, double *G) {
  const std::int64_t ld = padded(job.outputs());
  const bool squared = job.mode == Mode::hessian_diagonal, whole = low == 0 && high == job.k();
  with_types(job.entries, [&](auto index, auto value) {
    using I = decltype(index);
    using V = decltype(value);
    Range<I, V> range;
    range.low = low, range.high = high;
    for (std::int64_t row = first; row < last; ++row) {
      const double *r = R + (row - first) * ld;
      const auto add = [&](Entries<I, V> some) {
        in_groups(ld, [&](auto group, std::int64_t at) {
          scatter<decltype(group)>(some, r + at, squared, G + at, ld);
        });
      };
      const Entries<I, V> all = entries<I, V>(job.entries, row);
      if (whole)
        add(all);
      else
        range.each(all, job.entries.sorted, add);
    }
  });
}

} // namespace LINNET_SIMD
} // namespace linnet
