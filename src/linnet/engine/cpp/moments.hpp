// Weighted second moments: for each row w of weights the matrix sum_t w[t] z_t z_t', of which only
// the entries on and above the diagonal are computed.
//
// Rows are packed a few at a time, in panels as wide as registers hold: weighted ones to be read
// in whole vectors, plain ones number by number. A panel of the first stays in the first-level
// cache while all panels of the second go by.
#pragma once

#include "job.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Rows that are handled at a time: what their moments add in the type of the data, before float64
// takes over.
constexpr std::int64_t MOMENT_ROWS = 128;
// Outputs of a panel: with ROWS_AT_ONCE vectors of columns they fill the registers.
constexpr int OUTPUTS_AT_ONCE = SCORES_AT_ONCE;

// The moments of one part, for one set of weights after another. Rows of too little weight are
// passed over and leave it to one that follows, so that few are multiplied where few count.
template <class T> class Moments {
public:
  Moments(Layout &layout, const MomentJob &job, const MomentPart &part)
      : job_(job), part_(part), from_(part.low / W * W),
        vectors_((job.width - from_ + W - 1) / W), columns_(vectors_ * W),
        blocks_((part.high - part.low + J - 1) / J) {
    picked_ = layout.part<const T *>(MOMENT_ROWS);
    behind_ = layout.part<const T *>(MOMENT_ROWS);
    weights_ = layout.part<T>(MOMENT_ROWS);
    weighted_ = layout.part<T>(MOMENT_ROWS * columns_);
    plain_ = layout.part<T>(MOMENT_ROWS * blocks_ * J);
  }

  void add(std::int64_t set) {
    const T *weights = static_cast<const T *>(job_.weights) + set * job_.count;
    double *sums = job_.sums + set * job_.width * job_.width;
    const double least = job_.least;
    double due = 0;
    std::int64_t picked = 0;
    for (std::int64_t t = 0; t < job_.count; ++t) {
      due += static_cast<double>(weights[t]);
      if (due < least || weights[t] == T(0)) continue;
      const std::int64_t row = job_.indices ? job_.indices[t] : t;
      picked_[picked] = static_cast<const T *>(job_.rows) + row * job_.stride;
      behind_[picked] = job_.others ? static_cast<const T *>(job_.others) +
                                          row * (job_.width - job_.columns)
                                    : &one_;
      weights_[picked++] = static_cast<T>(due);
      due = 0;
      if (picked == MOMENT_ROWS) multiply(picked, sums), picked = 0;
    }
    if (picked) multiply(picked, sums);
  }

private:
  static constexpr std::int64_t W = WIDTH<T>;
  static constexpr std::int64_t J = OUTPUTS_AT_ONCE;

  // Panels of columns, as even as may be: 13 vectors are 4 + 3 + 3 + 3, not 4 + 4 + 4 + 1.
  std::int64_t panels() const { return (vectors_ + ROWS_AT_ONCE - 1) / ROWS_AT_ONCE; }
  std::int64_t panel(std::int64_t number) const { return vectors_ * number / panels(); }

  // Entry c of a row that was picked, with what is behind it, and zeros from there on.
  T entry(std::int64_t t, std::int64_t c) const {
    if (c < job_.columns) return picked_[t][c];
    return c < job_.width ? behind_[t][c - job_.columns] : T(0);
  }

  void pack(std::int64_t count) {
    for (std::int64_t number = 0; number < panels(); ++number) {
      const std::int64_t first = panel(number) * W, size = panel(number + 1) * W - first;
      T *to = weighted_ + MOMENT_ROWS * first;
      for (std::int64_t t = 0; t < count; ++t, to += size) {
        const T *row = picked_[t];
        std::int64_t c = 0;
        for (; c < size && from_ + first + c + W <= job_.columns; c += W)
          store(to + c, load(row + from_ + first + c) * splat(weights_[t]));
        for (; c < size; ++c) to[c] = entry(t, from_ + first + c) * weights_[t];
      }
    }
    for (std::int64_t block = 0; block < blocks_; ++block) {
      const std::int64_t first = part_.low + block * J;
      T *to = plain_ + MOMENT_ROWS * block * J;
      if (first + J <= job_.columns)
        for (std::int64_t t = 0; t < count; ++t, to += J)
          __builtin_memcpy(to, picked_[t] + first, J * sizeof(T));
      else
        for (std::int64_t t = 0; t < count; ++t, to += J)
          for (std::int64_t j = 0; j < J; ++j) to[j] = entry(t, first + j);
    }
  }

  // Call some rows into the cache that are likely to be next: few at a time, while others are
  // multiplied.
  void call(std::int64_t rows) {
    const T *end = static_cast<const T *>(job_.rows) + (job_.count - 1) * job_.stride;
    for (; rows > 0 && next_ <= end; --rows, next_ += job_.stride)
      for (std::int64_t c = part_.low; c < job_.columns; c += LINE / sizeof(T))
        __builtin_prefetch(next_ + c, 0, 2);
  }

  void multiply(std::int64_t count, double *sums) {
    pack(count);
    // Half of all blocks lie above the diagonal.
    const std::int64_t rows_ahead = 2 * count / (panels() * blocks_) + 1;
    next_ = picked_[count - 1] + job_.stride;
    for (std::int64_t number = 0; number < panels(); ++number) {
      const std::int64_t first = panel(number), vectors = panel(number + 1) - first;
      const std::int64_t column = from_ + first * W, end = column + vectors * W;
      const std::int64_t columns = (end < job_.width ? end : job_.width) - column;
      const T *weighted = weighted_ + MOMENT_ROWS * first * W;
      // Blocks that begin beyond the panel have nothing on or above the diagonal there.
      for (std::int64_t block = 0; block < blocks_; ++block) {
        const std::int64_t output = part_.low + block * J;
        if (output >= column + columns) break;
        if (!job_.indices) call(rows_ahead);
        const std::int64_t outputs = part_.high - output < J ? part_.high - output : J;
        const T *plain = plain_ + MOMENT_ROWS * block * J;
        // So are vectors that end before the block begins.
        const std::int64_t below = output > column ? (output - column) / W : 0;
        const T *from = weighted + below * W;
        double *to = sums + output * job_.width + column + below * W;
        const Block shape{count, vectors * W, outputs, columns - below * W};
        switch (vectors - below) {
        case 1: add_block<1>(shape, from, plain, to); break;
        case 2: add_block<2>(shape, from, plain, to); break;
        case 3: add_block<3>(shape, from, plain, to); break;
        default: add_block<4>(shape, from, plain, to); break;
        }
      }
    }
  }

  // Rows `stride` from each other, and how many lines and columns of their products to add.
  struct Block {
    std::int64_t count, stride, outputs, columns;
  };

  template <int C>
  void add_block(const Block &block, const T *weighted, const T *plain, double *sums) const {
    Vec<T> sum[J][C] = {};
    for (std::int64_t t = 0; t < block.count; ++t, weighted += block.stride, plain += J) {
      Vec<T> row[C];
      for (int c = 0; c < C; ++c) row[c] = load(weighted + c * W);
      for (int j = 0; j < J; ++j) {
        const Vec<T> factor = splat(plain[j]);
        for (int c = 0; c < C; ++c) sum[j][c] += factor * row[c];
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
  std::int64_t from_, vectors_, columns_, blocks_;
  const T one_ = T(1);
  const T **picked_, **behind_;
  const T *next_ = nullptr;
  T *weights_, *weighted_, *plain_;
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
  for (std::int64_t set = part.first; set < part.last && !poll.stop(); ++set) moments.add(set);
}

} // namespace LINNET_SIMD
} // namespace linnet
