// One sweep of dual coordinate ascent over sparse rows: each row in turn finds its probabilities.
//
// With p the probabilities of a row, weights are W = (1/mu) sum s (y - p) x. Row i with scores z,
// weight s and t = s |x|^2 / mu moves to the p' that is the softmax of the scores it will then
// have, z + t (p - p'). In v = log p' this reads
//
//     v + t exp(v) = z + t p - c,    where c makes the sum of exp(v) be 1,
//
// and Newton's method solves for v and c together. All arithmetic is in float64.
#pragma once

#include "dual_job.hpp"
#include "sparse.hpp"

namespace linnet {
namespace LINNET_SIMD {

constexpr int MAXIMUM_NEWTON_STEPS = 100;
// A step of p this small is the last; mostly what is then left is rounding.
constexpr double SMALL_STEP = 1e-10;
// exp of it is 0, and it stands for the logarithm of 0.
constexpr double LOG_OF_ZERO = -1e3;

// Lines of whole vectors, a number for each class; lanes beyond the classes have p = 0.
struct DualMemory {
  std::int64_t lanes;
  double *z;     // scores, by the order of the parameters: the anchored class has none
  double *score; // scores of the classes
  double *t, *p, *v, *old;
};

inline DualMemory dual_memory(const DualJob &job, Layout &layout) {
  constexpr std::int64_t W = WIDTH<double>;
  DualMemory memory;
  memory.lanes = (job.classes + W - 1) / W * W;
  memory.z = layout.part<double>(padded(job.scores()));
  memory.score = layout.part<double>(memory.lanes);
  memory.t = layout.part<double>(memory.lanes);
  memory.p = layout.part<double>(memory.lanes);
  memory.v = layout.part<double>(memory.lanes);
  memory.old = layout.part<double>(memory.lanes);
  return memory;
}

inline std::size_t dual_memory_size(const DualJob &job) {
  Layout layout(nullptr);
  dual_memory(job, layout);
  return layout.size();
}

LINNET_INLINE double sum_of(Vec<double> v) {
  double sum = 0;
  for (std::int64_t l = 0; l < WIDTH<double>; ++l) sum += v[l];
  return sum;
}

// Log of the sum of exp(score), and the divergence of the row's p from the softmax of the scores.
LINNET_INLINE double divergence(const DualMemory &memory, double &log_sum) {
  constexpr std::int64_t W = WIDTH<double>;
  double top = memory.score[0];
  for (std::int64_t l = 1; l < memory.lanes; ++l)
    top = memory.score[l] > top ? memory.score[l] : top;
  Vec<double> sum = {}, cross = {};
  for (std::int64_t l = 0; l < memory.lanes; l += W) {
    const Vec<double> score = load(memory.score + l) - splat(top), v = load(memory.v + l);
    const Vec<double> p = exp<double>(v);
    sum += exp<double>(score);
    cross += p * (v - score);
    store(memory.p + l, p);
    store(memory.old + l, p);
  }
  const double shifted = log<double>(splat(sum_of(sum)))[0];
  log_sum = top + shifted;
  return sum_of(cross) + shifted;
}

// Find v and p from the old p and the scores; false where Newton's method gets nowhere.
LINNET_INLINE bool new_probabilities(const DualMemory &memory, double c) {
  constexpr std::int64_t W = WIDTH<double>;
  for (int step = 0; step < MAXIMUM_NEWTON_STEPS; ++step) {
    Vec<double> total = {}, shares = {}, residuals = {};
    for (std::int64_t l = 0; l < memory.lanes; l += W) {
      const Vec<double> p = load(memory.p + l), t = load(memory.t + l);
      const Vec<double> share = p / (t * p + 1.0);
      const Vec<double> target = load(memory.score + l) + t * (load(memory.old + l) - p);
      total += p, shares += share;
      residuals += share * (target - c - load(memory.v + l));
    }
    const double change = (sum_of(residuals) - (1.0 - sum_of(total))) / sum_of(shares);
    Vec<double> largest = {};
    for (std::int64_t l = 0; l < memory.lanes; l += W) {
      const Vec<double> p = load(memory.p + l), t = load(memory.t + l), v = load(memory.v + l);
      const Vec<double> target = load(memory.score + l) + t * (load(memory.old + l) - p);
      const Vec<double> moved = v + (target - (c + change) - v) / (t * p + 1.0);
      // No probability is above 1; from there on Newton's method comes down safely.
      const Vec<double> next = moved < 0.0 ? moved : Vec<double>{};
      const Vec<double> kept = next > LOG_OF_ZERO ? next : splat(LOG_OF_ZERO);
      const Vec<double> q = exp<double>(kept), moved_by = q - p;
      largest = larger(largest, larger(moved_by, -moved_by) * (t + 1.0));
      store(memory.v + l, kept);
      store(memory.p + l, q);
    }
    c += change;
    double most = 0;
    for (std::int64_t l = 0; l < W; ++l) most = largest[l] > most ? largest[l] : most;
    if (most <= SMALL_STEP) return true;
    if (!(most < 1e300)) return false;
  }
  return false;
}

// Scores of one row, class by class.
template <class I, class V>
LINNET_INLINE void class_scores(const DualJob &job, Entries<I, V> row, const DualMemory &memory) {
  const std::int64_t m = job.scores(), ld = padded(m), anchored = job.anchored ? 1 : 0;
  for (std::int64_t j = 0; j < ld; ++j) memory.z[j] = j < m ? job.intercepts[j] : 0.0;
  in_groups(ld, [&](auto group, std::int64_t at) {
    gather<decltype(group)>(row, job.weights + at, ld, memory.z + at);
  });
  memory.score[0] = 0;
  for (std::int64_t j = 0; j < m; ++j) memory.score[j + anchored] = memory.z[j];
  for (std::int64_t l = job.classes; l < memory.lanes; ++l) memory.score[l] = -1e300;
}

// Entropy of p, where v = log p.
LINNET_INLINE double entropy(const double *p, const double *v, std::int64_t lanes) {
  Vec<double> sum = {};
  for (std::int64_t l = 0; l < lanes; l += WIDTH<double>) sum += load(p + l) * load(v + l);
  return -sum_of(sum);
}

// The weights and intercepts that go with the new probabilities; the gain of -mu/2 |W|^2.
template <class I, class V>
LINNET_INLINE double move_weights(const DualJob &job, Entries<I, V> row, double strength,
                                  double square, const DualMemory &memory) {
  const std::int64_t m = job.scores(), ld = padded(m), anchored = job.anchored ? 1 : 0;
  double gain = 0;
  for (std::int64_t j = 0; j < ld; ++j) {
    const double without = j < m ? memory.z[j] - job.intercepts[j] : 0.0;
    memory.z[j] = j < m ? strength * (memory.old[j + anchored] - memory.p[j + anchored]) : 0.0;
    gain -= memory.z[j] * (without + 0.5 * square * memory.z[j]);
  }
  in_groups(ld, [&](auto group, std::int64_t at) {
    scatter<decltype(group)>(row, memory.z + at, false, job.weights + at, ld);
  });
  for (std::int64_t j = 0; j < m; ++j) job.intercepts[j] += job.share * memory.z[j];
  return job.penalty * gain;
}

template <class I, class V>
LINNET_INLINE void dual_row(const DualJob &job, std::int64_t number, Entries<I, V> row,
                            const DualMemory &memory) {
  const double s = job.weight ? job.weight[number] : 1.0, strength = s / job.penalty;
  double *v = job.log_probabilities + number * job.classes, square = 0, log_sum;
  for (std::int64_t i = 0; i < row.count; ++i)
    square += static_cast<double>(row.values[i]) * row.values[i];
  for (std::int64_t l = 0; l < memory.lanes; ++l) {
    memory.v[l] = l < job.classes ? v[l] : LOG_OF_ZERO;
    memory.t[l] = strength * (square + job.share);
  }
  if (job.anchored) memory.t[0] = 0;
  class_scores(job, row, memory);
  job.divergences[number] = divergence(memory, log_sum);
  if (!job.moves) return;
  const double before = entropy(memory.p, memory.v, memory.lanes);
  if (!new_probabilities(memory, log_sum)) return;
  for (std::int64_t j = 0; j < job.classes; ++j) v[j] = memory.v[j];
  *job.gain += s * (entropy(memory.p, memory.v, memory.lanes) - before);
  *job.gain += move_weights(job, row, strength, square, memory);
}

// Call the weights that a row will need into the cache.
template <class I, class V>
LINNET_INLINE void call_weights(const DualJob &job, Entries<I, V> row) {
  const std::int64_t ld = padded(job.scores());
  for (std::int64_t i = 0; i < row.count; ++i)
    for (std::int64_t j = 0; j < ld && j < 32; j += 8)
      __builtin_prefetch(job.weights + row.columns[i] * ld + j, 1, 2);
}

// Rows order[first, last). False: `fault` says which row cannot be used.
inline bool dual_rows(const DualJob &job, std::int64_t first, std::int64_t last, void *working,
                      Fault &fault) {
  Layout layout(static_cast<char *>(working));
  const DualMemory memory = dual_memory(job, layout);
  bool good = true;
  with_types(job.entries, [&](auto index, auto value) {
    using I = decltype(index);
    using V = decltype(value);
    const auto row_at = [&](std::int64_t i) { return entries<I, V>(job.entries, job.row(i)); };
    const auto good_at = [&](std::int64_t i) {
      return usable(job.entries, row_at(i), job.columns, job.row(i), fault);
    };
    good = first >= last || good_at(first);
    for (std::int64_t i = first; i < last && good; ++i) {
      good = i + 1 >= last || good_at(i + 1);
      if (good && i + 1 < last) call_weights(job, row_at(i + 1));
      dual_row(job, job.row(i), row_at(i), memory);
    }
  });
  return good;
}

} // namespace LINNET_SIMD
} // namespace linnet
