// The functions that are compiled once for each instruction set, and the choice among them.
#pragma once

#include "descent.hpp"
#include "dual_job.hpp"
#include "job.hpp"

namespace linnet {

struct Kernels {
  const char *name;
  // Rows that are handled at a time: groups of rows are whole tiles.
  std::int64_t (*tile)(const Job &);
  // Parameters as the kernels want them; sparse ones can be prepared some columns at a time.
  std::size_t (*prepared_size)(const Job &);
  void (*prepare)(const Job &, void *, std::int64_t first, std::int64_t last);
  std::size_t (*memory_size)(const Job &);
  // Rows [first, last) into the sums; sparse ones leave out the sums over the weights, and give
  // the residuals instead where the last argument is not null.
  bool (*rows)(const Job &, const void *prepared, std::int64_t first, std::int64_t last,
               void *working, const Sums &, Fault &, const Poll &, double *residuals);
  std::int64_t (*residual_width)(const Job &);
  void (*scatter)(const Job &, std::int64_t first, std::int64_t last, std::int64_t low,
                  std::int64_t high, const double *residuals, double *outputs);
  void (*finish)(const Job &, const double *outputs, std::int64_t first, std::int64_t last,
                 const Sums &);
  std::size_t (*moments_memory_size)(const MomentJob &, const MomentPart &);
  void (*moments)(const MomentJob &, const MomentPart &, void *working, const Poll &);
  void (*line)(const LineJob &, double *sums);
  // Working memory of a descent, and the descent itself.
  std::size_t (*descent_size)(const Descent &);
  bool (*descend)(const Descent &, void *working, Fault &, const Poll &);
  // Rows order[first, last) of a sweep of dual coordinate ascent.
  std::size_t (*sweep_memory_size)(const DualJob &);
  bool (*sweep)(const DualJob &, std::int64_t first, std::int64_t last, void *working, Fault &);
  void (*exp32)(const float *, float *, std::int64_t);
  void (*exp64)(const double *, double *, std::int64_t);
  void (*log32)(const float *, float *, std::int64_t);
  void (*log64)(const double *, double *, std::int64_t);
};

// Whether the machine can run them, best first; null ends the list.
const Kernels *const *available_kernels();

} // namespace linnet
