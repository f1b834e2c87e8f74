// Weighted second moments: for each row w of weights the matrix sum_t w[t] z_t z_t', of which only
// the entries on and above the diagonal are computed.
#pragma once

#include "job.hpp"
#include "memory.hpp"
#include "products.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Rows that are handled at a time: what their moments add in the type of the data, before float64
// takes over.
constexpr std::int64_t MOMENT_ROWS = 128;

// The moments of one part, for one set of weights after another. Rows of too little weight are
// passed over and leave it to one that follows, so that few are multiplied where few count.
template <class T> class Moments {
public:
  Moments(Layout &layout, const MomentJob &job, const MomentPart &part)
      : job_(job), part_(part), outputs_(part.high - part.low),
        from_(part.low / WIDTH<T> * WIDTH<T>), columns_(job.width - from_) {
    rows_ = layout.part<T>(MOMENT_ROWS * columns_);
    weights_ = layout.part<T>(MOMENT_ROWS);
    weighted_ = layout.part<T>(outputs_ * MOMENT_ROWS);
    products_ = layout.part<T>(outputs_ * columns_);
  }

  void add(std::int64_t set) {
    const T *weights = static_cast<const T *>(job_.weights) + set * job_.count;
    double *sums = job_.sums + (set * job_.width + part_.low) * job_.width + from_;
    const double least = job_.least;
    double due = 0;
    std::int64_t picked = 0;
    for (std::int64_t t = 0; t < job_.count; ++t) {
      due += static_cast<double>(weights[t]);
      if (due < least || weights[t] == T(0)) continue;
      pick(t, static_cast<T>(due), picked++);
      due = 0;
      if (picked == MOMENT_ROWS) multiply(picked, sums), picked = 0;
    }
    multiply(picked, sums);
  }

private:
  void pick(std::int64_t t, T weight, std::int64_t place) {
    const T *row = static_cast<const T *>(job_.rows) + t * job_.width;
    __builtin_memcpy(rows_ + place * columns_, row + from_, columns_ * sizeof(T));
    weights_[place] = weight;
  }

  // The outputs' columns of the rows, each times its weight, turned on their side.
  void weigh(std::int64_t count) {
    constexpr std::int64_t BLOCK = LINE / sizeof(T);
    for (std::int64_t low = 0; low < outputs_; low += BLOCK) {
      const std::int64_t some = outputs_ - low < BLOCK ? outputs_ - low : BLOCK;
      const T *row = rows_ + part_.low - from_ + low;
      T *to = weighted_ + low * MOMENT_ROWS;
      for (std::int64_t t = 0; t < count; ++t, row += columns_)
        for (std::int64_t j = 0; j < some; ++j) to[j * MOMENT_ROWS + t] = weights_[t] * row[j];
    }
  }

  void multiply(std::int64_t count, double *sums) {
    weigh(count);
    __builtin_memset(products_, 0, outputs_ * columns_ * sizeof(T));
    outer<T>(count, outputs_, Columns{columns_ / WIDTH<T>, -1}, rows_, columns_, weighted_,
             MOMENT_ROWS, products_, columns_);
    const T *from = products_;
    for (std::int64_t j = 0; j < outputs_; ++j, from += columns_, sums += job_.width)
      for (std::int64_t c = 0; c < columns_; ++c) sums[c] += static_cast<double>(from[c]);
  }

  const MomentJob &job_;
  const MomentPart &part_;
  std::int64_t outputs_, from_, columns_;
  T *rows_, *weights_, *weighted_, *products_;
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
