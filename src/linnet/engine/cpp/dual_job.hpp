// What a sweep of dual coordinate ascent is asked for, and where its state lies.
#pragma once

#include "job.hpp"

namespace linnet {

struct DualJob {
  SparseRows entries;
  std::int64_t columns = 0, rows = 0, classes = 0;
  bool anchored = false;
  bool moves = true;                   // else divergences are noted, and nothing is changed
  const std::int64_t *order = nullptr; // the rows to be visited; null: all, as they stand
  std::int64_t visits = 0;
  const double *weight = nullptr;      // null: each row counts once
  double penalty = 1;                  // mu: the strength of the penalty for the sum of losses
  double share = 0;                    // what each row's squared length gains for the intercepts
  double *weights = nullptr;           // columns x padded scores, feature by feature
  double *intercepts = nullptr;        // a number for each score
  double *log_probabilities = nullptr; // rows x classes
  double *divergences = nullptr;       // a number for each row, as it was visited
  double *gain = nullptr;              // what a sweep adds to the dual objective

  std::int64_t row(std::int64_t visit) const { return order ? order[visit] : visit; }

  std::int64_t scores() const { return classes - (anchored ? 1 : 0); }
};

} // namespace linnet
