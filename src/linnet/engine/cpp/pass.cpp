#include "pass.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

#include "buffer.hpp"
#include "exact.hpp"
#include "ordered_sum.hpp"
#include "team.hpp"

namespace linnet {
namespace {

// More groups share the work more evenly; fewer are fewer sums to add up.
constexpr std::int64_t MAXIMUM_GROUPS = 64;
constexpr std::int64_t LARGE_OUTPUTS = 1 << 16, ROWS_FOR_LARGE_OUTPUTS = 2048;
// A thread takes some 20 microseconds to wake: it should find work for a few times that.
constexpr double WORK_OF_A_THREAD = 1e6;
// Residuals of sparse rows that wait between the halves of a pass.
constexpr std::int64_t RESIDUAL_BYTES = 4 << 20;

bool has_outputs(const Job &job) { return job.has_weight_sums(); }

Sums sums_at(const Job &job, double *at) {
  Sums sums;
  sums.value = at;
  sums.hessian = at + 2;
  double *outputs = sums.hessian + job.hessian_size();
  const std::int64_t p = has_outputs(job) ? job.p() : 1;
  sums.weights = has_outputs(job) ? outputs : nullptr;
  sums.weights_stride = p;
  const bool intercepts = job.mode == Mode::intercept || (has_outputs(job) && job.intercept);
  sums.intercepts = intercepts ? outputs + (has_outputs(job) ? job.k() : 0) : nullptr;
  sums.intercepts_stride = p;
  return sums;
}

double work(const Job &job) {
  const double products =
      static_cast<double>(job.scores() + (has_outputs(job) ? job.outputs() : 0));
  const double values = job.sparse ? static_cast<double>(job.entries.entries)
                                   : static_cast<double>(job.X.rows) * static_cast<double>(job.k());
  return (products + 1) * (values + 8.0 * static_cast<double>(job.X.rows));
}

std::int64_t rows_of_group(const Job &job, const Kernels &kernels) {
  const std::int64_t tile = kernels.tile(job);
  std::int64_t rows = (job.X.rows + MAXIMUM_GROUPS - 1) / MAXIMUM_GROUPS;
  if (has_outputs(job) && job.outputs() * job.p() > LARGE_OUTPUTS)
    rows = std::max(rows, ROWS_FOR_LARGE_OUTPUTS);
  return std::max<std::int64_t>(1, (rows + tile - 1) / tile) * tile;
}

// Every group of rows has sums of its own, which are added up in the order of the groups.
void run_groups(const Job &job, const Kernels &kernels, TeamLease &team, Stop &stop, double *sums) {
  const std::int64_t rows = job.X.rows, group_rows = rows_of_group(job, kernels);
  const std::int64_t groups = (rows + group_rows - 1) / group_rows;
  Buffer prepared(kernels.prepared_size(job));
  kernels.prepare(job, prepared.bytes(), 0, job.k());
  std::vector<Buffer> working;
  for (int i = 0; i < team.size(); ++i) working.emplace_back(kernels.memory_size(job));
  OrderedSum total(sums, sums_size(job), team.size());
  std::atomic<std::int64_t> next{0};
  const auto task = [&](int member) {
    for (;;) {
      double *partial = total.borrow();
      const std::int64_t group = next.fetch_add(1);
      if (group >= groups || stop.stopped()) return total.give_back(partial);
      std::memset(partial, 0, sums_size(job) * sizeof(double));
      Fault fault;
      const std::int64_t first = group * group_rows, last = std::min(rows, first + group_rows);
      kernels.rows(job, prepared.bytes(), first, last, working[member].bytes(),
                   sums_at(job, partial), fault, stop.poll(member), nullptr);
      stop.report(fault);
      total.add(group, partial);
    }
  };
  team.run(task, [&] { stop.check_caller(); });
}

// The two halves of a pass over sparse rows, block by block: rows are shared among the threads
// for the scores, columns for the outputs. So there is one set of outputs, however large, and
// each of them is added up in the order of the rows.
class SparsePass {
public:
  SparsePass(const Job &job, const Kernels &kernels, TeamLease &team, Stop &stop, double *sums)
      : job_(job), kernels_(kernels), stop_(stop), barrier_(team.size()), sums_(sums_at(job, sums)),
        tile_(kernels.tile(job)), width_(kernels.residual_width(job)),
        cuts_(column_parts(job, team.size() == 1 ? 1 : team.size() * (job.entries.sorted ? 2 : 1))),
        prepared_(kernels.prepared_size(job)), outputs_(job.k() * width_ * sizeof(double)) {
    const std::int64_t most = std::max(tile_, RESIDUAL_BYTES / (width_ * 8) / tile_ * tile_);
    block_ = std::min(most, (job.X.rows + tile_ - 1) / tile_ * tile_);
    residuals_ = Buffer(block_ * width_ * sizeof(double));
    tile_sums_.resize(block_ / tile_ * (2 + job.outputs()));
    for (int i = 0; i < team.size(); ++i) working_.emplace_back(kernels.memory_size(job));
  }

  void work(int member) {
    for (std::size_t part; (part = parts_.fetch_add(1)) + 1 < cuts_.size();) prepare(part);
    for (std::int64_t first = 0; first < job_.X.rows; first += block_) {
      synchronise(member);
      const std::int64_t last = std::min(job_.X.rows, first + block_);
      for (std::int64_t t; first + (t = tiles_.fetch_add(1)) * tile_ < last;)
        scores(member, t, first + t * tile_, std::min(last, first + (t + 1) * tile_));
      synchronise(member);
      if (stop_.stopped()) return;
      if (member == 0) add_tiles((last - first + tile_ - 1) / tile_);
      for (std::size_t part; (part = parts_.fetch_add(1)) + 1 < cuts_.size();)
        kernels_.scatter(job_, first, last, cuts_[part], cuts_[part + 1], residuals(), outputs());
    }
    synchronise(member);
    for (std::size_t part; (part = parts_.fetch_add(1)) + 1 < cuts_.size();)
      kernels_.finish(job_, outputs(), cuts_[part], cuts_[part + 1], sums_);
  }

private:
  double *residuals() { return reinterpret_cast<double *>(residuals_.bytes()); }
  double *outputs() { return reinterpret_cast<double *>(outputs_.bytes()); }

  // Wait for the others, and start counting tiles and parts anew.
  void synchronise(int member) {
    barrier_.wait();
    if (member == 0) tiles_ = 0, parts_ = 0;
    barrier_.wait();
  }

  void prepare(std::size_t part) {
    const std::int64_t low = cuts_[part], high = cuts_[part + 1];
    kernels_.prepare(job_, prepared_.bytes(), low, high);
    std::memset(outputs() + low * width_, 0, (high - low) * width_ * sizeof(double));
  }

  void scores(int member, std::int64_t tile, std::int64_t first, std::int64_t last) {
    double *at = tile_sums_.data() + tile * (2 + job_.outputs());
    std::fill(at, at + 2 + job_.outputs(), 0.0);
    Sums sums;
    sums.value = at;
    sums.intercepts = job_.intercept ? at + 2 : nullptr;
    Fault fault;
    kernels_.rows(job_, prepared_.bytes(), first, last, working_[member].bytes(), sums, fault,
                  stop_.poll(member), residuals() + tile * tile_ * width_);
    stop_.report(fault);
  }

  void add_tiles(std::int64_t tiles) {
    const double *at = tile_sums_.data();
    for (std::int64_t tile = 0; tile < tiles; ++tile, at += 2 + job_.outputs()) {
      add_exactly(sums_.value, at[0]);
      sums_.value[1] += at[1];
      if (!job_.intercept) continue;
      for (std::int64_t o = 0; o < job_.outputs(); ++o)
        sums_.intercepts[o * sums_.intercepts_stride] += at[2 + o];
    }
  }

  const Job &job_;
  const Kernels &kernels_;
  Stop &stop_;
  Barrier barrier_;
  Sums sums_;
  std::int64_t tile_, width_, block_ = 0;
  std::vector<std::int64_t> cuts_;
  Buffer prepared_, outputs_, residuals_{0};
  std::vector<double> tile_sums_;
  std::vector<Buffer> working_;
  std::atomic<std::int64_t> tiles_{0};
  std::atomic<std::size_t> parts_{0};
};

void run_sparse(const Job &job, const Kernels &kernels, TeamLease &team, Stop &stop, double *sums) {
  SparsePass pass(job, kernels, team, stop, sums);
  team.run([&](int member) { pass.work(member); }, [&] { stop.check_caller(); });
}

} // namespace

std::vector<std::int64_t> column_parts(const Job &job, int parts) {
  std::vector<std::int64_t> cuts{0};
  const SparseRows &rows = job.entries;
  const std::int64_t samples = std::min<std::int64_t>(rows.entries, 20000);
  std::vector<std::int64_t> columns;
  for (std::int64_t i = 0; i < samples && parts > 1; ++i) {
    const std::int64_t at = static_cast<std::int64_t>(
        static_cast<double>(rows.entries) / static_cast<double>(samples) * static_cast<double>(i));
    columns.push_back(rows.wide_indices ? static_cast<const std::int64_t *>(rows.indices)[at]
                                        : static_cast<const std::int32_t *>(rows.indices)[at]);
  }
  std::sort(columns.begin(), columns.end());
  for (int part = 1; part < parts; ++part) {
    const std::int64_t cut = columns.empty() ? 0 : columns[columns.size() * part / parts];
    cuts.push_back(std::min(std::max(cut, cuts.back()), job.k()));
  }
  cuts.push_back(job.k());
  return cuts;
}

std::int64_t sums_size(const Job &job) {
  return 2 + job.hessian_size() + job.outputs() * (has_outputs(job) ? job.p() : 1);
}

Ending run_pass(const Job &job, const Kernels &kernels, int threads, double *sums,
                const std::function<bool()> &interrupted, Fault &fault) {
  std::fill(sums, sums + sums_size(job), 0.0);
  const double useful = std::max(1.0, work(job) / WORK_OF_A_THREAD);
  TeamLease team(static_cast<int>(std::min(useful, static_cast<double>(threads))));
  Stop stop(interrupted);
  if (job.sparse && has_outputs(job))
    run_sparse(job, kernels, team, stop, sums);
  else
    run_groups(job, kernels, team, stop, sums);
  sums[0] += sums[1];
  fault = stop.fault();
  if (fault.row >= 0) return Ending::faulty;
  return stop.stopped() ? Ending::interrupted : Ending::done;
}

} // namespace linnet
