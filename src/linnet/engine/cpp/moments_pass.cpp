#include "moments_pass.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "buffer.hpp"
#include "team.hpp"

namespace linnet {
namespace {

// Outputs of a part: its products and weighted rows stay in the second-level cache.
constexpr std::int64_t PANEL = 96;
constexpr int PARTS_OF_A_THREAD = 4;
constexpr double WORK_OF_A_THREAD = 1e6;

double area(const MomentJob &job, std::int64_t low, std::int64_t high) {
  return static_cast<double>(high - low) * static_cast<double>(job.width - low);
}

// Panels of outputs, each for as many rows of weights as make up an equal share of the work.
std::vector<MomentPart> parts_of(const MomentJob &job, int parts) {
  std::vector<MomentPart> found;
  const std::int64_t panels = (job.width + PANEL - 1) / PANEL;
  const double whole = area(job, 0, job.width) * static_cast<double>(job.sets);
  for (std::int64_t panel = 0; panel < panels; ++panel) {
    const std::int64_t low = job.width * panel / panels, high = job.width * (panel + 1) / panels;
    const double share = whole / parts / area(job, low, high);
    const std::int64_t sets = std::max<std::int64_t>(1, static_cast<std::int64_t>(share));
    for (std::int64_t first = 0; first < job.sets; first += sets)
      found.push_back({first, std::min(job.sets, first + sets), low, high});
  }
  return found;
}

} // namespace

bool run_moments(const MomentJob &job, const Kernels &kernels, int threads,
                 const std::function<bool()> &interrupted) {
  const double work = area(job, 0, job.width) * static_cast<double>(job.sets * job.count) / 2;
  const double useful = std::max(1.0, work / WORK_OF_A_THREAD);
  TeamLease team(static_cast<int>(std::min(useful, static_cast<double>(threads))));
  const std::vector<MomentPart> parts =
      parts_of(job, team.size() == 1 ? 1 : team.size() * PARTS_OF_A_THREAD);
  Stop stop(interrupted);
  std::atomic<std::size_t> next{0};
  const auto task = [&](int member) {
    for (std::size_t i; (i = next.fetch_add(1)) < parts.size() && !stop.stopped();) {
      Buffer working(kernels.moments_memory_size(job, parts[i]));
      kernels.moments(job, parts[i], working.bytes(), stop.poll(member));
    }
  };
  team.run(task, [&] { stop.check_caller(); });
  return !stop.stopped();
}

} // namespace linnet
