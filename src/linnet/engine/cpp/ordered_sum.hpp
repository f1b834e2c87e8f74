// A sum of large parts that come in any order and are added in theirs, in bounded memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

#include "buffer.hpp"
#include "exact.hpp"

namespace linnet {

// The first two numbers of a part are one, as exact.hpp has it.
class OrderedSum {
public:
  // So many parts more than threads may wait for an earlier one.
  static constexpr int SPARE = 2;

  OrderedSum(double *sum, std::int64_t size, int threads) : sum_(sum), size_(size) {
    for (int i = 0; i < threads + (threads > 1 ? SPARE : 0); ++i) {
      memory_.emplace_back(size * sizeof(double));
      free_.push_back(reinterpret_cast<double *>(memory_.back().bytes()));
    }
  }

  // Memory for a part. Parts must be numbered in the order in which memory was borrowed, or the
  // one that all wait for might find none.
  double *borrow() {
    std::unique_lock<std::mutex> lock(mutex_);
    freed_.wait(lock, [this] { return !free_.empty(); });
    double *part = free_.back();
    free_.pop_back();
    return part;
  }

  void give_back(double *part) {
    const std::lock_guard<std::mutex> lock(mutex_);
    free_.push_back(part);
    freed_.notify_all();
  }

  void add(std::int64_t number, double *part) {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_[number] = part;
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_;
         first = waiting_.erase(first), ++next_) {
      add_exactly(sum_, first->second[0]);
      for (std::int64_t i = 1; i < size_; ++i) sum_[i] += first->second[i];
      free_.push_back(first->second);
    }
    freed_.notify_all();
  }

private:
  double *sum_;
  std::int64_t size_;
  std::vector<Buffer> memory_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<double *> free_;
  std::map<std::int64_t, double *> waiting_;
  std::int64_t next_ = 0;
};

} // namespace linnet
