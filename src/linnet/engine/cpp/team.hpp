// A team of threads that is kept between passes, and how a pass is stopped.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "job.hpp"

namespace linnet {

// Lends threads to one pass at a time; a pass that finds them taken runs on its own thread.
class TeamLease {
public:
  explicit TeamLease(int wanted);
  ~TeamLease();
  TeamLease(const TeamLease &) = delete;
  TeamLease &operator=(const TeamLease &) = delete;

  int size() const { return size_; }
  // task(0) on this thread, task(1), ... on others; `waiting` is called now and then until all
  // are done.
  void run(const std::function<void(int)> &task, const std::function<void()> &waiting);

private:
  int size_;
  bool holds_ = false;
};

// Where all members of a team wait for one another.
class Barrier {
public:
  explicit Barrier(int size) : size_(size) {}
  void wait();

private:
  std::mutex mutex_;
  std::condition_variable all_here_;
  int size_, here_ = 0;
  long round_ = 0;
};

// Stops every thread of a pass: when a target cannot be used, or when the caller's `interrupted`,
// asked on the calling thread a few times a second, says so.
class Stop {
public:
  explicit Stop(std::function<bool()> interrupted) : interrupted_(std::move(interrupted)) {}

  Poll poll(int member);
  void now() { stopped_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  void check_caller();
  // Keeps the fault of the first row, whichever thread comes upon it.
  void report(const Fault &fault);
  const Fault &fault() const { return fault_; }

private:
  std::function<bool()> interrupted_;
  std::atomic<bool> stopped_{false};
  std::int64_t next_check_ = 0;
  std::mutex mutex_;
  Fault fault_;
};

} // namespace linnet
