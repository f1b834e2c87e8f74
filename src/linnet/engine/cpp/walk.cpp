#include "walk.hpp"

#include "buffer.hpp"
#include "team.hpp"

namespace linnet {

Ending run_descent(const Descent &descent, const Kernels &kernels,
                   const std::function<bool()> &interrupted, Fault &fault) {
  Buffer working(kernels.descent_size(descent));
  Stop stop(interrupted);
  const bool done = kernels.descend(descent, working.bytes(), fault, stop.poll(0));
  if (fault.row >= 0) return Ending::faulty;
  return done ? Ending::done : Ending::interrupted;
}

} // namespace linnet
