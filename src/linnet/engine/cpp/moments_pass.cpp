#include "moments_pass.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "buffer.hpp"
#include "team.hpp"

namespace linnet {
namespace {

// Outputs of a part: their packed rows stay in the second-level cache.
constexpr std::int64_t PANEL = 384;
// Lines that are computed together.
constexpr std::int64_t BLOCK = 6;
constexpr int PARTS_OF_A_THREAD = 4;
constexpr double WORK_OF_A_THREAD = 1e6;

// Entries on and above the diagonal in the first `outputs` lines.
double area(const MomentJob &job, double outputs) {
  return outputs * (static_cast<double>(job.width) - outputs / 2);
}

// Where the lines end that have this area, in whole blocks.
std::int64_t line_at(const MomentJob &job, double wanted) {
  const double width = static_cast<double>(job.width);
  const double line = width - std::sqrt(std::max(0.0, width * width - 2 * wanted));
  return std::min<std::int64_t>(job.width, std::llround(line / BLOCK) * BLOCK);
}

// As many parts as threads need to share the work evenly: for some sets of weights each, or where
// these are few, some lines each of the same area.
std::vector<MomentPart> parts_of(const MomentJob &job, int wanted) {
  std::vector<MomentPart> found;
  const std::int64_t shares =
      std::max<std::int64_t>((job.width + PANEL - 1) / PANEL, (wanted + job.sets - 1) / job.sets);
  const std::int64_t sets = std::max<std::int64_t>(1, job.sets * shares / wanted);
  const double even = area(job, static_cast<double>(job.width)) / static_cast<double>(shares);
  std::int64_t low = 0;
  for (std::int64_t share = 1; share <= shares; ++share) {
    const std::int64_t high =
        share == shares ? job.width : line_at(job, even * static_cast<double>(share));
    if (high <= low) continue;
    for (std::int64_t first = 0; first < job.sets; first += sets)
      found.push_back({first, std::min(job.sets, first + sets), low, high});
    low = high;
  }
  return found;
}

} // namespace

bool run_moments(const MomentJob &job, const Kernels &kernels, int threads,
                 const std::function<bool()> &interrupted) {
  if (job.sets == 0 || job.width == 0) return true;
  const double work =
      area(job, static_cast<double>(job.width)) * static_cast<double>(job.sets * job.count);
  const double useful = std::max(1.0, work / WORK_OF_A_THREAD);
  TeamLease team(static_cast<int>(std::min(useful, static_cast<double>(threads))));
  // Each part packs the rows anew: few lines to a part are only worth it where there are many.
  const bool narrow = job.width * job.sets < PANEL * team.size();
  const std::vector<MomentPart> parts =
      parts_of(job, narrow || team.size() == 1 ? team.size() : team.size() * PARTS_OF_A_THREAD);
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
