// Weighted second moments: for each row w of weights the matrix sum_t w[t] z_t z_t', of which only
// the entries on and above the diagonal are computed.
//
// Rows are packed some at a time, times the root of their weight, with what is behind them. Vectors
// of a few columns then stay in the first-level cache while all outputs go by, number by number.
#pragma once

#include "convert.hpp"
#include "job.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Rows that are handled at a time: what their moments add in the type of the data, before float64
// takes over.
constexpr std::int64_t MOMENT_ROWS = 128;
// Outputs of a block: with ROWS_AT_ONCE vectors of columns they fill the registers.
constexpr int OUTPUTS_AT_ONCE = SCORES_AT_ONCE;

// Rows that are multiplied together: where they lie, what is behind each, and its weight.
template <class T> struct Picked {
  const char **rows = nullptr;
  const T **behind = nullptr;
  T *roots = nullptr; // of weights
  std::int64_t count = 0;
};

// The moments of one part, for one set of weights after another. Rows of too little weight are
// passed over and leave it to one that follows, so that few are multiplied where few count.
template <class T> class Moments {
public:
  Moments(Layout &layout, const MomentJob &job, const MomentPart &part)
      : job_(job), part_(part), from_(part.low / W * W), vectors_((job.width - from_ + W - 1) / W),
        blocks_((part.high - part.low + J - 1) / J), stride_((vectors_ | 1) * W) {
    for (Picked<T> &some : picked_) {
      some.rows = layout.part<const char *>(MOMENT_ROWS);
      some.behind = layout.part<const T *>(MOMENT_ROWS);
      some.roots = layout.part<T>(MOMENT_ROWS);
    }
    // The last block reads beyond the last row, and leaves what comes of that.
    packed_ = layout.part<T>(MOMENT_ROWS * stride_ + J);
  }

  // False: told to stop.
  bool add(std::int64_t set, const Poll &poll) {
    double *sums = job_.sums + set * job_.width * job_.width;
    weights_ = static_cast<const T *>(job_.weights) + set * job_.count;
    next_ = 0, due_ = 0;
    pick(picked_[0]);
    for (int now = 0; picked_[now].count; now = 1 - now) {
      if (poll.stop()) return false;
      pick(picked_[1 - now]);
      multiply(picked_[now], picked_[1 - now], sums);
    }
    return !poll.stop();
  }

private:
  static constexpr std::int64_t W = WIDTH<T>;
  static constexpr std::int64_t J = OUTPUTS_AT_ONCE;

  // The next rows that are worth multiplying.
  void pick(Picked<T> &some) {
    some.count = 0;
    for (; next_ < job_.count && some.count < MOMENT_ROWS; ++next_) {
      due_ += static_cast<double>(weights_[next_]);
      if (due_ < job_.least || weights_[next_] == T(0)) continue;
      const std::int64_t row = job_.indices ? job_.indices[next_] : next_;
      some.rows[some.count] = job_.X.data + row * job_.X.row_stride;
      some.behind[some.count] =
          job_.others ? static_cast<const T *>(job_.others) + row * (job_.width - job_.columns())
                      : &one_;
      some.roots[some.count++] = static_cast<T>(__builtin_sqrt(due_));
      due_ = 0;
    }
  }

  // Panels of columns, as even as may be: 13 vectors are 4 + 3 + 3 + 3, not 4 + 4 + 4 + 1.
  std::int64_t panels() const { return (vectors_ + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; }
  std::int64_t panel(std::int64_t number) const { return vectors_ * number / panels(); }

  void pack(const Picked<T> &some) {
    with_kind(job_.X.kind, [&](auto number) {
      for (std::int64_t t = 0; t < some.count; ++t)
        pack_row<decltype(number)>(some.rows[t], some.behind[t], some.roots[t],
                                   packed_ + t * stride_);
    });
  }

  template <class S> void pack_row(const char *row, const T *behind, T root, T *to) const {
    const std::int64_t left = job_.columns() - from_, own = left > 0 ? left : 0;
    const std::ptrdiff_t step = job_.X.column_stride;
    convert_run<T, S>(row + from_ * step, step, own, to);
    for (std::int64_t c = own; c < stride_; ++c)
      to[c] = from_ + c < job_.width ? behind[c - left] : T(0);
    if (root == T(1)) return;
    for (std::int64_t c = 0; c < stride_; c += W) store(to + c, load(to + c) * splat(root));
  }

  // Rows that follow, on their way into the cache while others are multiplied: a line at a time,
  // for the processor has only some on their way at once.
  struct Coming {
    const Picked<T> &rows;
    std::int64_t first, end; // bytes of each
    std::int64_t row = 0, at = first;

    std::int64_t lines() const { return end > first ? rows.count * ((end - first) / LINE + 1) : 0; }

    void call() {
      if (row >= rows.count) return;
      __builtin_prefetch(rows.rows[row] + at, 0, 2);
      at += LINE;
      if (at >= end) at = first, ++row;
    }
  };

  void multiply(const Picked<T> &some, const Picked<T> &following, double *sums) {
    pack(some);
    const std::int64_t bytes = job_.X.column_stride;
    Coming coming{following, part_.low * bytes, job_.columns() * bytes};
    // Half of all blocks lie above the diagonal.
    const std::int64_t count = some.count, steps = panels() * blocks_ * count / 2;
    const std::int64_t every = steps / (coming.lines() + 1) + 1;
    for (std::int64_t number = 0; number < panels(); ++number) {
      const std::int64_t first = panel(number), vectors = panel(number + 1) - first;
      const std::int64_t column = from_ + first * W, end = column + vectors * W;
      const std::int64_t columns = (end < job_.width ? end : job_.width) - column;
      // Blocks that begin beyond the panel have nothing on or above the diagonal there.
      for (std::int64_t block = 0; block < blocks_; ++block) {
        const std::int64_t output = part_.low + block * J;
        if (output >= column + columns) break;
        const std::int64_t outputs = part_.high - output < J ? part_.high - output : J;
        // So are vectors that end before the block begins.
        const std::int64_t below = output > column ? (output - column) / W : 0;
        const T *vector = packed_ + (first + below) * W, *number = packed_ + (output - from_);
        double *to = sums + output * job_.width + column + below * W;
        const Block shape{count, every, outputs, columns - below * W};
        switch (vectors - below) {
        case 1: add_block<1>(shape, vector, number, to, coming); break;
        case 2: add_block<2>(shape, vector, number, to, coming); break;
        case 3: add_block<3>(shape, vector, number, to, coming); break;
        default: add_block<4>(shape, vector, number, to, coming); break;
        }
      }
    }
  }

  // Rows, and how many lines and columns of their products to add; a line of those that follow is
  // called for `every` few of them.
  struct Block {
    std::int64_t count, every, outputs, columns;
  };

  template <int C>
  void add_block(const Block &block, const T *vector, const T *number, double *sums,
                 Coming &coming) const {
    Vec<T> sum[J][C] = {};
    for (std::int64_t left = block.count; left > 0; left -= block.every) {
      coming.call();
      const std::int64_t rows = left < block.every ? left : block.every;
      for (std::int64_t t = 0; t < rows; ++t, vector += stride_, number += stride_) {
        Vec<T> row[C];
        for (int c = 0; c < C; ++c) row[c] = load(vector + c * W);
        for (int j = 0; j < J; ++j) {
          const Vec<T> factor = splat(number[j]);
          for (int c = 0; c < C; ++c) sum[j][c] += factor * row[c];
        }
      }
    }
    for (std::int64_t j = 0; j < block.outputs; ++j, sums += job_.width) {
      T found[C * W];
      for (int c = 0; c < C; ++c) store(found + c * W, sum[j][c]);
      for (std::int64_t c = 0; c < block.columns; ++c) sums[c] += static_cast<double>(found[c]);
    }
  }

  const MomentJob &job_;
  const MomentPart &part_;
  std::int64_t from_, vectors_, blocks_;
  std::int64_t stride_; // an odd number of vectors, so that rows do not share places in the cache
  const T one_ = T(1);
  Picked<T> picked_[2];
  const T *weights_ = nullptr; // of all rows
  std::int64_t next_ = 0;      // the row to be looked at
  double due_ = 0;             // weight that rows passed over have left
  T *packed_;
};

template <class T> std::size_t moments_memory_size(const MomentJob &job, const MomentPart &part) {
  Layout layout(nullptr);
  Moments<T>(layout, job, part);
  return layout.size();
}

template <class T>
void moments(const MomentJob &job, const MomentPart &part, void *working, const Poll &poll) {
  Layout layout(static_cast<char *>(working));
  Moments<T> moments(layout, job, part);
  for (std::int64_t set = part.first; set < part.last && moments.add(set, poll);) ++set;
}

} // namespace LINNET_SIMD
} // namespace linnet
