// A walk of stochastic gradient descent, on the calling thread: each step needs the one before.
#pragma once

#include "descent.hpp"
#include "kernels.hpp"
#include "pass.hpp"

namespace linnet {

// Unless it is done, parameters and what goes with them are of no use.
Ending run_descent(const Descent &descent, const Kernels &kernels,
                   const std::function<bool()> &interrupted, Fault &fault);

} // namespace linnet
