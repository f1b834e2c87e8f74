// Weighted second moments of dense rows, shared among threads.
#pragma once

#include <functional>

#include "job.hpp"
#include "kernels.hpp"

namespace linnet {

// Adds to the sums; each of them is added up in the order of the rows, whatever the threads.
// False: interrupted.
bool run_moments(const MomentJob &job, const Kernels &kernels, int threads,
                 const std::function<bool()> &interrupted);

} // namespace linnet
