// Each rule of descent.hpp, on numbers that stand side by side; and what a parameter that a step
// does not touch goes through meanwhile.
//
// Sparse rows touch few parameters. A linear rule moves all the others by the same linear map of
// (w, v, u), so that any number of steps is one map, the product of theirs. AdaGrad and Adam move
// the others by the flow of the penalty alone, in a metric that stands still.
#pragma once

#include "descent.hpp"
#include "elementary.hpp"

namespace linnet {
namespace LINNET_SIMD {

// Numbers side by side: parameters, what the rule remembers, and the gradient.
struct Run {
  std::int64_t count;
  double *w, *first, *second, *g;
};

// What one step does to (w, v, u) where the gradient is nothing:
// w' = ww w + wv v, v' = vw w + vv v, u' = u + uw w + uv v.
struct Map {
  double ww = 1, wv = 0, vw = 0, vv = 1, uw = 0, uv = 0;

  static LINNET_INLINE Map of_step(double rate, double l2, double momentum) {
    const double ww = 1 - rate * l2, wv = -rate * momentum;
    return {ww, wv, l2, momentum, ww, wv};
  }
  // This map, then the other.
  LINNET_INLINE Map then(const Map &o) const {
    return {o.ww * ww + o.wv * vw,      o.ww * wv + o.wv * vv,
            o.vw * ww + o.vv * vw,      o.vw * wv + o.vv * vv,
            uw + o.uw * ww + o.uv * vw, uv + o.uw * wv + o.uv * vv};
  }
};

inline void apply(const Map &map, const Run &run) {
  double *__restrict w = run.w, *__restrict v = run.first, *__restrict u = run.second;
  for (std::int64_t i = 0; i < run.count; ++i) {
    const double wi = w[i], vi = v[i];
    if (u) u[i] += map.uw * wi + map.uv * vi;
    w[i] = map.ww * wi + map.wv * vi;
    v[i] = map.vw * wi + map.vv * vi;
  }
}

// Products of the maps of any stretch of steps: those of aligned stretches of 1, 2, 4, ... steps
// are kept, and at most two of each length make up any other.
class Maps {
public:
  static std::int64_t size(std::int64_t steps) { return 2 * steps + 64; }

  // Other rules than linear ones have none.
  Maps(const Descent &descent, Map *memory)
      : steps_(descent.rule == Rule::linear ? descent.steps() : 0) {
    level_[0] = memory;
    for (std::int64_t t = 0; t < steps_; ++t)
      memory[t] = Map::of_step(descent.rates[t], descent.l2, descent.momentum);
    for (int j = 1; steps_ >> j; ++j) {
      level_[j] = level_[j - 1] + (steps_ >> (j - 1));
      for (std::int64_t i = 0; i < steps_ >> j; ++i)
        level_[j][i] = level_[j - 1][2 * i].then(level_[j - 1][2 * i + 1]);
    }
  }

  // Steps [from, to).
  Map between(std::int64_t from, std::int64_t to) const {
    Map map;
    while (from < to) {
      int j = 0;
      while (!(from >> j & 1) && from + (std::int64_t{2} << j) <= to) ++j;
      map = map.then(level_[j][from >> j]);
      from += std::int64_t{1} << j;
    }
    return map;
  }

private:
  std::int64_t steps_;
  Map *level_[64] = {};
};

inline void advance_linear(const Run &run, double rate, double l2, double momentum) {
  double *__restrict w = run.w, *__restrict v = run.first, *__restrict u = run.second;
  const double *__restrict g = run.g;
  for (std::int64_t i = 0; i < run.count; ++i) {
    v[i] = momentum * v[i] + (g[i] + l2 * w[i]);
    w[i] -= rate * v[i];
    if (u) u[i] += w[i];
  }
}

// How AdaGrad and Adam measure a step, as of one step.
struct Metric {
  double c1 = 1, c2 = 1, epsilon = 0;
  bool adam = false;

  static Metric at(const Descent &descent, std::int64_t step) {
    Metric metric;
    metric.epsilon = descent.epsilon;
    metric.adam = descent.rule == Rule::adam;
    // Before any step both moments are zero, and so is what they are divided by.
    if (!metric.adam || step == 0) return metric;
    metric.c1 = 1 - __builtin_pow(descent.beta1, static_cast<double>(step));
    metric.c2 = 1 - __builtin_pow(descent.beta2, static_cast<double>(step));
    return metric;
  }
};

constexpr std::int64_t SOME_NUMBERS = 64;

// w *= exp(-amount / d).
inline void flow(const Metric &metric, double amount, const Run &run) {
  double power[SOME_NUMBERS];
  const double scale = 1 / metric.c2;
  for (std::int64_t first = 0; first < run.count; first += SOME_NUMBERS) {
    const std::int64_t left = run.count - first, some = left < SOME_NUMBERS ? left : SOME_NUMBERS;
    const double *__restrict squares = (metric.adam ? run.second : run.first) + first;
    for (std::int64_t i = 0; i < some; ++i)
      power[i] = -amount / (__builtin_sqrt(squares[i] * scale) + metric.epsilon);
    for (std::int64_t i = some; i % WIDTH<double>; ++i) power[i] = 0;
    for (std::int64_t i = 0; i < some; i += WIDTH<double>)
      store(power + i, exp<double>(load(power + i)));
    double *__restrict w = run.w + first;
    for (std::int64_t i = 0; i < some; ++i) w[i] *= power[i];
  }
}

inline void advance_adagrad(const Metric &metric, double rate, const Run &run) {
  double *__restrict w = run.w, *__restrict squares = run.first;
  const double *__restrict g = run.g;
  for (std::int64_t i = 0; i < run.count; ++i) {
    squares[i] += g[i] * g[i];
    w[i] -= rate * g[i] / (__builtin_sqrt(squares[i]) + metric.epsilon);
  }
}

inline void advance_adam(const Descent &descent, const Metric &metric, double rate,
                         const Run &run) {
  double *__restrict w = run.w, *__restrict mean = run.first, *__restrict squares = run.second;
  const double *__restrict g = run.g;
  const double keep1 = 1 - descent.beta1, keep2 = 1 - descent.beta2;
  const double scale = 1 / metric.c2, step = rate / metric.c1;
  for (std::int64_t i = 0; i < run.count; ++i) {
    mean[i] += keep1 * (g[i] - mean[i]);
    squares[i] += keep2 * (g[i] * g[i] - squares[i]);
    w[i] -= step * mean[i] / (__builtin_sqrt(squares[i] * scale) + metric.epsilon);
  }
}

// Step `t` of this walk, but for the flow of the penalty.
inline void advance(const Descent &descent, const Metric &metric, std::int64_t t, double l2,
                    const Run &run) {
  const double rate = descent.rates[t];
  if (descent.rule == Rule::linear) return advance_linear(run, rate, l2, descent.momentum);
  if (descent.rule == Rule::adagrad) return advance_adagrad(metric, rate, run);
  advance_adam(descent, metric, rate, run);
}

// A penalty on weights that stand as scale times what is kept: a plain step then costs nothing but
// for what it touches. The scale is made 1 again before it loses digits.
//
// So with the sum of all iterates: it stands as what is kept of it plus `summed` times the kept
// weights (Xu 2011, section 4.1). A step that adds d to these takes `summed` d from it.
struct Scale {
  double now = 1, summed = 0;

  // Gives what the kept numbers have to be multiplied with: 1, but now and then.
  double shrink(double factor) {
    now *= factor;
    const double size = now < 0 ? -now : now;
    if (size > 1e-6 && size < 1e6) return 1;
    const double folded = now;
    now = 1;
    return folded;
  }
};

} // namespace LINNET_SIMD
} // namespace linnet
