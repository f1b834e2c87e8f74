// Dual coordinate ascent: a sweep over rows, and the weights that go with all rows' probabilities.
#pragma once

#include <functional>

#include "dual_job.hpp"
#include "kernels.hpp"
#include "pass.hpp"

namespace linnet {

// One row after another, on the caller's thread: each sees what those before it changed. Where
// nothing moves, rows are shared among the threads.
Ending run_sweep(const DualJob &job, const Kernels &kernels, int threads,
                 const std::function<bool()> &interrupted, Fault &fault);

// outputs[c] = sum over the rows of x_c r, feature by feature, where `residuals` are r row by row:
// both `residual_width` wide. Columns are shared among the threads. Rows must have been checked.
void run_outer(const Job &job, const Kernels &kernels, int threads, const double *residuals,
               double *outputs);

} // namespace linnet
