// One instruction set's kernels: this file is compiled once for each.
#include "kernels.hpp"

#include "dense.hpp"
#include "line.hpp"
#include "moments.hpp"
#include "descent_dense.hpp"
#include "descent_sparse.hpp"
#include "sparse.hpp"
#include "sweep.hpp"

namespace linnet {
namespace LINNET_SIMD {
namespace {

std::int64_t tile(const Job &job) {
  if (job.sparse) return SPARSE_TILE;
  return job.float32 ? plan_of<float>(job).tile : plan_of<double>(job).tile;
}

std::size_t prepared_size(const Job &job) {
  if (job.sparse) return sparse_prepared_size(job);
  return job.float32 ? dense_prepared_size<float>(job) : dense_prepared_size<double>(job);
}

void prepare(const Job &job, void *memory, std::int64_t first, std::int64_t last) {
  if (job.sparse) return sparse_prepare(job, memory, first, last);
  return job.float32 ? dense_prepare<float>(job, memory) : dense_prepare<double>(job, memory);
}

std::size_t memory_size(const Job &job) {
  if (job.sparse) return sparse_memory_size(job);
  return job.float32 ? dense_memory_size<float>(job) : dense_memory_size<double>(job);
}

bool rows(const Job &job, const void *prepared, std::int64_t first, std::int64_t last,
          void *working, const Sums &sums, Fault &fault, const Poll &poll, double *residuals) {
  if (job.sparse)
    return sparse_rows(job, prepared, first, last, working, sums, fault, poll, residuals);
  return job.float32 ? dense_rows<float>(job, prepared, first, last, working, sums, fault, poll)
                     : dense_rows<double>(job, prepared, first, last, working, sums, fault, poll);
}

std::int64_t residual_width(const Job &job) { return padded(job.outputs()); }

std::size_t moments_size(const MomentJob &job, const MomentPart &part) {
  return job.float32 ? moments_memory_size<float>(job, part)
                     : moments_memory_size<double>(job, part);
}

void add_moments(const MomentJob &job, const MomentPart &part, void *working, const Poll &poll) {
  return job.float32 ? moments<float>(job, part, working, poll)
                     : moments<double>(job, part, working, poll);
}

void line(const LineJob &job, double *sums) {
  return job.float32 ? add_line<float>(job, sums) : add_line<double>(job, sums);
}

std::size_t descent_size(const Descent &descent) {
  return descent.job.sparse ? sparse_descent_size(descent) : dense_descent_size(descent);
}

bool descend(const Descent &descent, void *working, Fault &fault, const Poll &poll) {
  if (!descent.job.sparse) return descend_dense(descent, working, fault, poll);
  bool done = false;
  with_types(descent.job.entries, [&](auto index, auto value) {
    done = descend_sparse<decltype(index), decltype(value)>(descent, working, fault, poll);
  });
  return done;
}

template <class T, Vec<T> (*F)(Vec<T>)> void each(const T *from, T *to, std::int64_t count) {
  constexpr std::int64_t W = WIDTH<T>;
  for (std::int64_t i = 0; i < count; i += W) {
    T some[W];
    for (std::int64_t l = 0; l < W; ++l) some[l] = i + l < count ? from[i + l] : T(1);
    store(some, F(load(some)));
    for (std::int64_t l = 0; l < W && i + l < count; ++l) to[i + l] = some[l];
  }
}

} // namespace

#define LINNET_TEXT_OF(name) #name
#define LINNET_TEXT(name) LINNET_TEXT_OF(name)

extern const Kernels kernels;
const Kernels kernels = {LINNET_TEXT(LINNET_SIMD),
                         tile,
                         prepared_size,
                         prepare,
                         memory_size,
                         rows,
                         residual_width,
                         sparse_scatter,
                         sparse_finish,
                         moments_size,
                         add_moments,
                         line,
                         descent_size,
                         descend,
                         dual_memory_size,
                         dual_rows,
                         each<float, exp<float>>,
                         each<double, exp<double>>,
                         each<float, log<float>>,
                         each<double, log<double>>};

} // namespace LINNET_SIMD
} // namespace linnet
