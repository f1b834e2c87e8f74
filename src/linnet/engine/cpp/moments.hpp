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

// Outputs [low, high) against the columns from low on; columns are whole vectors.
template <class T> struct MomentMemory {
  T *turned, *weighted, *products;

  MomentMemory(Layout &layout, const MomentJob &job, const MomentPart &part) {
    const std::int64_t outputs = part.high - part.low;
    turned = layout.part<T>(outputs * MOMENT_ROWS);
    weighted = layout.part<T>(outputs * MOMENT_ROWS);
    products = layout.part<T>(outputs * job.width);
  }
};

template <class T> std::size_t moments_memory_size(const MomentJob &job, const MomentPart &part) {
  Layout layout(nullptr);
  MomentMemory<T>(layout, job, part);
  return layout.size();
}

template <class T>
LINNET_INLINE void turn(const T *rows, std::int64_t ld, std::int64_t count, std::int64_t outputs,
                        T *turned) {
  for (std::int64_t t = 0; t < count; ++t)
    for (std::int64_t j = 0; j < outputs; ++j) turned[j * MOMENT_ROWS + t] = rows[t * ld + j];
}

template <class T>
LINNET_INLINE void weigh(const T *turned, const T *weights, std::int64_t count,
                         std::int64_t outputs, T *weighted) {
  for (std::int64_t j = 0; j < outputs; ++j, turned += MOMENT_ROWS, weighted += MOMENT_ROWS)
    for (std::int64_t t = 0; t < count; ++t) weighted[t] = turned[t] * weights[t];
}

template <class T>
LINNET_INLINE void add_products(const T *products, std::int64_t ld, std::int64_t outputs,
                                std::int64_t columns, double *sums, std::int64_t width) {
  for (std::int64_t j = 0; j < outputs; ++j, products += ld, sums += width)
    for (std::int64_t c = 0; c < columns; ++c) sums[c] += static_cast<double>(products[c]);
}

template <class T>
void moments(const MomentJob &job, const MomentPart &part, void *working, const Poll &poll) {
  constexpr std::int64_t W = WIDTH<T>;
  Layout layout(static_cast<char *>(working));
  const MomentMemory<T> memory(layout, job, part);
  const std::int64_t outputs = part.high - part.low;
  const std::int64_t from = part.low / W * W, columns = job.width - from;
  const T *rows = static_cast<const T *>(job.rows);
  for (std::int64_t first = 0; first < job.count && !poll.stop(); first += MOMENT_ROWS) {
    const std::int64_t left = job.count - first, count = left < MOMENT_ROWS ? left : MOMENT_ROWS;
    const T *tile = rows + first * job.width;
    turn(tile + part.low, job.width, count, outputs, memory.turned);
    for (std::int64_t w = part.first; w < part.last; ++w) {
      weigh(memory.turned, static_cast<const T *>(job.weights) + w * job.count + first, count,
            outputs, memory.weighted);
      __builtin_memset(memory.products, 0, outputs * columns * sizeof(T));
      outer<T>(count, outputs, Columns{columns / W, -1}, tile + from, job.width, memory.weighted,
               MOMENT_ROWS, memory.products, columns);
      add_products(memory.products, columns, outputs, columns,
                   job.sums + (w * job.width + part.low) * job.width + from, job.width);
    }
  }
}

} // namespace LINNET_SIMD
} // namespace linnet
