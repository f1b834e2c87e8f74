// What a pass is asked for: plain data that every instruction set's code reads alike.
//
// Parameters are matrices of m rows (one a score) and p columns: k weights, then the intercept
// where there is one. Several of them may be stacked: Theta, then directions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace linnet {

enum class Kind : int { f64, f32, f16, bf16, u8, i8, u16, i16, u32, i32, u64, i64 };
enum class Loss : int { softmax, squared };
enum class Mode : int {
  value,
  gradient,
  hessian_product,
  intercept,
  hessian_diagonal,
  probabilities,
  scores
};

// A dense matrix of any kind of number, where it lies: strides are in bytes and may be negative.
struct Matrix {
  const char *data = nullptr;
  Kind kind = Kind::f64;
  std::int64_t rows = 0, columns = 0;
  std::ptrdiff_t row_stride = 0, column_stride = 0;
};

// Compressed sparse rows, with pointers and indices of 32 or 64 bits and values of either float.
struct SparseRows {
  const void *pointers = nullptr, *indices = nullptr, *values = nullptr;
  bool wide_pointers = false, wide_indices = false, wide_values = false;
  bool sorted = false;
  std::int64_t entries = 0;
};

// Pairs of a row and a class, row by row, and the probability of each.
struct Pairs {
  const std::int64_t *starts = nullptr; // null: all pairs count
  const std::int32_t *classes = nullptr;
  const void *values = nullptr; // in the type of the arithmetic
};

struct Job {
  bool sparse = false;
  Matrix X;           // for sparse rows only its shape counts
  SparseRows entries; // only where sparse
  Matrix targets;     // one column of labels, or a row of numbers for each sample
  bool labels = false;
  const double *weight = nullptr; // null: each row counts once
  const double *parameters = nullptr;
  std::int64_t sets = 1, m = 0;
  bool intercept = false;
  Loss loss = Loss::softmax;
  bool anchored = false;
  Mode mode = Mode::value;
  // Probabilities at Theta, m x rows, in the type of the arithmetic: Mode::probabilities writes
  // them, and so does Mode::gradient where there is a place for them; Mode::hessian_product reads
  // them where they are given, instead of computing them.
  // Mode::scores writes the scores of every set of parameters there.
  void *probabilities = nullptr;
  // Of dense rows, and one direction: the pairs that count in Mode::hessian_product.
  Pairs pairs;
  std::int64_t stride = 0; // from one of their rows to the next
  bool float32 = false;    // scores and tiles in float32; sums over tiles are float64 always

  std::int64_t k() const { return X.columns; }
  std::int64_t p() const { return X.columns + (intercept ? 1 : 0); }
  std::int64_t scores() const { return sets * m; }
  // The first score that must be computed from the rows.
  std::int64_t first_score() const {
    return mode == Mode::hessian_product && probabilities ? m : 0;
  }
  // A softmax's Hessian needs the scores at Theta beside those along the directions.
  std::int64_t outputs() const {
    if (mode == Mode::hessian_product && loss == Loss::softmax) return (sets - 1) * m;
    const bool none = mode == Mode::value || mode == Mode::probabilities || mode == Mode::scores;
    return none ? 0 : sets * m;
  }
  bool has_weight_sums() const {
    return mode == Mode::gradient || mode == Mode::hessian_product ||
           mode == Mode::hessian_diagonal;
  }
  std::int64_t hessian_size() const { return mode == Mode::intercept ? m * m : 0; }
};

// Scores Z and, m lines further, U of so many rows; lines are whole vectors.
struct LineJob {
  const void *scores = nullptr;
  const double *weight = nullptr; // null: each row counts once
  std::int64_t rows = 0, m = 0, stride = 0;
  bool anchored = false, float32 = false;
  double length = 0;
};

// Rows whose numbers lie side by side, and behind them up to `width` those of `others`, or a 1; all
// rows, or those with `indices`. And weights for each of them, `sets` times over; their second
// moments are added to the sums, sets x width x width, on and above the diagonal. Weights below
// `least` are handed on to the rows that follow, until one has so much.
struct MomentJob {
  Matrix X;
  const void *weights = nullptr, *others = nullptr; // in the type of the arithmetic
  const std::int64_t *indices = nullptr;
  std::int64_t count = 0, width = 0, sets = 0;
  double least = 0;
  bool float32 = false;
  double *sums = nullptr;

  std::int64_t columns() const { return X.columns; }
};

// Outputs [low, high) for the weights [first, last).
struct MomentPart {
  std::int64_t first, last, low, high;
};

// Where the sums over rows are added: all float64.
struct Sums {
  // The value and what its rounding has lost so far: a line search near the optimum compares
  // values that differ in their last digits, and those must not depend on the number of rows.
  double *value = nullptr;
  double *hessian = nullptr;    // m x m, of the intercepts
  double *intercepts = nullptr; // one for each output
  std::ptrdiff_t intercepts_stride = 1;
  double *weights = nullptr; // outputs x k
  std::ptrdiff_t weights_stride = 0;
};

// A value that cannot be used; row < 0: none.
struct Fault {
  const char *what = ""; // "label", "column" or "pointer"
  std::int64_t row = -1;
  std::int64_t number = 0; // what was seen there
};

// Asked between tiles: true means to stop at once.
struct Poll {
  bool (*ask)(void *) = nullptr;
  void *state = nullptr;
  bool stop() const { return ask(state); }
};

} // namespace linnet
