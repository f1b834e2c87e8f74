#include "team.hpp"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#ifndef _WIN32
#include <unistd.h>
#endif

namespace linnet {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto CHECK_INTERVAL = std::chrono::milliseconds(50);

long process() {
#ifdef _WIN32
  return 0;
#else
  return static_cast<long>(getpid());
#endif
}

class Team {
public:
  std::mutex lease;

  // The team is never taken down: threads that wait cost nothing, and at the end of the process
  // nobody could say in which order to stop them. A forked child has none of its parent's
  // threads, and begins its own team.
  static Team &here() {
    static std::mutex mutex;
    static Team *team = nullptr;
    static long owner = 0;
    const std::lock_guard<std::mutex> lock(mutex);
    if (!team || owner != process()) team = new Team, owner = process();
    return *team;
  }

  // At least so many threads beside the caller's, or as many as the system gives.
  int grow(int helpers) {
    while (started_ < helpers) {
      try {
        std::thread(&Team::serve, this, started_ + 1).detach();
      } catch (const std::system_error &) {
        break;
      }
      ++started_;
    }
    return started_ < helpers ? started_ : helpers;
  }

  void run(int size, const std::function<void(int)> &task, const std::function<void()> &waiting) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      task_ = &task;
      size_ = size;
      working_ = size - 1;
      ++round_;
    }
    begin_.notify_all();
    task(0);
    std::unique_lock<std::mutex> lock(mutex_);
    while (!done_.wait_for(lock, CHECK_INTERVAL, [this] { return working_ == 0; })) {
      lock.unlock();
      waiting();
      lock.lock();
    }
  }

private:
  void serve(int number) {
    long seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      begin_.wait(lock, [&] { return round_ != seen; });
      seen = round_;
      if (number >= size_) continue;
      const std::function<void(int)> &task = *task_;
      lock.unlock();
      task(number);
      lock.lock();
      if (--working_ == 0) done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable begin_, done_;
  const std::function<void(int)> *task_ = nullptr;
  int size_ = 0, working_ = 0, started_ = 0;
  long round_ = 0;
};

} // namespace

TeamLease::TeamLease(int wanted) : size_(1) {
  if (wanted <= 1) return;
  Team &team = Team::here();
  holds_ = team.lease.try_lock();
  if (holds_) size_ = 1 + team.grow(wanted - 1);
}

TeamLease::~TeamLease() {
  if (holds_) Team::here().lease.unlock();
}

void TeamLease::run(const std::function<void(int)> &task, const std::function<void()> &waiting) {
  if (size_ == 1) return task(0);
  Team::here().run(size_, task, waiting);
}

void Barrier::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (++here_ == size_) {
    here_ = 0;
    ++round_;
    all_here_.notify_all();
    return;
  }
  const long round = round_;
  all_here_.wait(lock, [&] { return round_ != round; });
}

void Stop::check_caller() {
  const std::int64_t now = Clock::now().time_since_epoch().count();
  if (next_check_ == 0 || now >= next_check_) {
    const bool first = next_check_ == 0;
    next_check_ = now + std::chrono::duration_cast<Clock::duration>(CHECK_INTERVAL).count();
    if (!first && interrupted_()) this->now();
  }
}

Poll Stop::poll(int member) {
  if (member != 0) return {[](void *self) { return static_cast<Stop *>(self)->stopped(); }, this};
  return {[](void *self) {
            Stop *stop = static_cast<Stop *>(self);
            stop->check_caller();
            return stop->stopped();
          },
          this};
}

void Stop::report(const Fault &fault) {
  if (fault.row < 0) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (fault_.row < 0 || fault.row < fault_.row) fault_ = fault;
  now();
}

} // namespace linnet
