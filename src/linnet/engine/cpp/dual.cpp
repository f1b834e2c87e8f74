#include "dual.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "buffer.hpp"
#include "team.hpp"

namespace linnet {
namespace {

// Rows between two looks at whether the caller wants to stop: some milliseconds.
constexpr std::int64_t ROWS_BETWEEN_LOOKS = 1024;

} // namespace

Ending run_sweep(const DualJob &job, const Kernels &kernels, int threads,
                 const std::function<bool()> &interrupted, Fault &fault) {
  TeamLease team(job.moves ? 1 : threads);
  Stop stop(interrupted);
  std::atomic<std::int64_t> next{0};
  const auto task = [&](int member) {
    Buffer working(kernels.sweep_memory_size(job));
    for (std::int64_t first; (first = next.fetch_add(ROWS_BETWEEN_LOOKS)) < job.visits;) {
      if (stop.poll(member).stop()) return;
      Fault found;
      const std::int64_t last = std::min(job.visits, first + ROWS_BETWEEN_LOOKS);
      kernels.sweep(job, first, last, working.bytes(), found);
      stop.report(found);
    }
  };
  team.run(task, [&] { stop.check_caller(); });
  fault = stop.fault();
  if (fault.row >= 0) return Ending::faulty;
  return stop.stopped() ? Ending::interrupted : Ending::done;
}

void run_outer(const Job &job, const Kernels &kernels, int threads, const double *residuals,
               double *outputs) {
  TeamLease team(threads);
  const std::vector<std::int64_t> cuts =
      column_parts(job, team.size() == 1 ? 1 : team.size() * (job.entries.sorted ? 2 : 1));
  const std::int64_t width = kernels.residual_width(job);
  std::atomic<std::size_t> next{0};
  const auto task = [&](int) {
    for (std::size_t part; (part = next.fetch_add(1)) + 1 < cuts.size();) {
      const std::int64_t low = cuts[part], high = cuts[part + 1];
      std::memset(outputs + low * width, 0, (high - low) * width * sizeof(double));
      kernels.scatter(job, 0, job.X.rows, low, high, residuals, outputs);
    }
  };
  team.run(task, [] {});
}

} // namespace linnet
