// The native engine as a program of its own, which answers the host that emulates its machine.
//
// It asks for one request after another through a system call that no kernel knows. What a request
// points to lies in this program's memory: the host has put it there.
#include <cstdint>
#include <unistd.h>

#include "dual.hpp"
#include "kernels.hpp"
#include "moments_pass.hpp"
#include "pass.hpp"
#include "walk.hpp"

namespace linnet {
namespace {

constexpr long NEXT_REQUEST = 0x10000;
// The host emulates one thread.
constexpr int THREADS = 1;

enum class Function : std::int64_t {
  describe,
  run,
  moments,
  line,
  descend,
  sweep,
  outer,
  width,
  elementary
};

// Laid out as in layouts.py.
struct Request {
  Function function;
  const void *job;
  const void *from;
  void *to;
  std::int64_t number;  // of values, or of scores; the width of these is the answer
  std::int64_t variant; // of an elementary function: log, not exp; plus 2 in float64
  std::int64_t ending;  // the answer, with the fault
  Fault fault;
};

// So that the host can tell whether its structures are laid out as ours.
constexpr std::int64_t SIZES[] = {sizeof(Request), sizeof(Matrix),  sizeof(SparseRows),
                                  sizeof(Job),     sizeof(LineJob), sizeof(MomentJob),
                                  sizeof(DualJob), sizeof(Descent)};

template <class T> const T &job_of(const Request &request) {
  return *static_cast<const T *>(request.job);
}

void elementary(const Kernels &kernels, const Request &request) {
  const auto apply = [&](auto function, auto number) {
    using T = decltype(number);
    function(static_cast<const T *>(request.from), static_cast<T *>(request.to), request.number);
  };
  switch (request.variant) {
  case 0: return apply(kernels.exp32, float{});
  case 1: return apply(kernels.log32, float{});
  case 2: return apply(kernels.exp64, double{});
  default: return apply(kernels.log64, double{});
  }
}

std::int64_t width(const Kernels &kernels, std::int64_t scores) {
  Job job;
  job.mode = Mode::gradient;
  job.m = scores;
  return kernels.residual_width(job);
}

void answer(const Kernels &kernels, Request &request) {
  const auto never = [] { return false; };
  const double *from = static_cast<const double *>(request.from);
  double *to = static_cast<double *>(request.to);
  Ending ending = Ending::done;
  request.fault = Fault{};
  switch (request.function) {
  case Function::describe:
    request.from = kernels.name;
    request.to = const_cast<std::int64_t *>(SIZES);
    break;
  case Function::run:
    ending = run_pass(job_of<Job>(request), kernels, THREADS, to, never, request.fault);
    break;
  case Function::moments: run_moments(job_of<MomentJob>(request), kernels, THREADS, never); break;
  case Function::line: kernels.line(job_of<LineJob>(request), to); break;
  case Function::descend:
    ending = run_descent(job_of<Descent>(request), kernels, never, request.fault);
    break;
  case Function::sweep:
    ending = run_sweep(job_of<DualJob>(request), kernels, THREADS, never, request.fault);
    break;
  case Function::outer: run_outer(job_of<Job>(request), kernels, THREADS, from, to); break;
  case Function::width: request.number = width(kernels, request.number); break;
  case Function::elementary: elementary(kernels, request); break;
  }
  request.ending = static_cast<std::int64_t>(ending);
}

} // namespace
} // namespace linnet

int main() {
  const linnet::Kernels &kernels = *linnet::available_kernels()[0];
  linnet::Request request{};
  for (;;) {
    syscall(linnet::NEXT_REQUEST, &request);
    linnet::answer(kernels, request);
  }
}
