// A pass over all rows: cut into groups, shared among threads, added up in a fixed order.
#pragma once

#include <functional>
#include <vector>

#include "job.hpp"
#include "kernels.hpp"

namespace linnet {

enum class Ending { done, interrupted, faulty };

// Numbers in the sums of a pass: the value, what its rounding lost, the Hessian of the intercepts,
// and the outputs in the shape of the parameters; or for Mode::intercept the outputs of the
// intercepts alone.
std::int64_t sums_size(const Job &job);

// The sums do not depend on the number of threads, to the last bit.
Ending run_pass(const Job &job, const Kernels &kernels, int threads, double *sums,
                const std::function<bool()> &interrupted, Fault &fault);

// Columns cut so that each part has about as many entries, judged by a sample of them.
std::vector<std::int64_t> column_parts(const Job &job, int parts);

} // namespace linnet
