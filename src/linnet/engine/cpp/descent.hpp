// What a walk of stochastic gradient descent is asked for: plain data, like job.hpp.
//
// A step takes the next few rows of `order`. With the gradient g of their mean loss, the rate h of
// the step, the strength l of the penalty (none on intercepts) and parameters w it is
//   plain:    w -= h (g + l w)
//   linear:   v = mu v + g + l w, w -= h v; and either, where averages are wanted, u += w
//   adagrad:  G += g g,  d = sqrt G + eps,                             w -= h g / d
//   adam:     first += (1 - b1) (g - first), second += (1 - b2) (g g - second),
//             d = sqrt(second / c2) + eps,                             w -= h (first / c1) / d
// after which the last two let the penalty flow in the metric of the step: w *= exp(-h l / d).
#pragma once

#include "job.hpp"

namespace linnet {

enum class Rule : int { plain, linear, adagrad, adam };

struct Descent {
  Job job;                             // rows, targets, weights and loss
  const std::int64_t *order = nullptr; // the rows to take, one after the other
  std::int64_t count = 0, batch = 1;
  const double *rates = nullptr; // of each step
  double l2 = 0;
  double share = 1; // what a row's weight is multiplied with in the mean over a batch: n/S
  Rule rule = Rule::plain;
  double momentum = 0;
  double beta1 = 0, beta2 = 0, epsilon = 0;
  std::int64_t before = 0; // steps taken in earlier walks
  // The parameters, then what the rule remembers; null where it has none. They are v and u, or G,
  // or both moments. For dense rows m x p each; for sparse ones p x padded m, and what is beyond m
  // is zero.
  double *theta = nullptr, *slots[2] = {nullptr, nullptr};
  double *losses = nullptr; // of each step: those of its rows, added up, before it is taken

  std::int64_t steps() const { return (count + batch - 1) / batch; }
  bool averages() const { return slots[1] && rule != Rule::adam; }
  // Parameters and what goes with them: a gradient too, but for plain steps.
  int arrays() const {
    return 1 + (slots[0] != nullptr) + (slots[1] != nullptr) + (rule != Rule::plain);
  }
};

} // namespace linnet
