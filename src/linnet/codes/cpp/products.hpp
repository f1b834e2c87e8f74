// Products of whole numbers made of features with the whole numbers of a model's weights.
#pragma once

#include <cstdint>

namespace linnet {

constexpr int PADDED = 8;

// Values of some rows, feature by feature or row by row, and what makes whole numbers of them.
struct Features {
  const char *first;
  std::int64_t row_bytes, feature_bytes, rows, features;
  const double *scale, *offset;
  double most;
};

// Weights by feature, each feature's padded with zeros to a multiple of PADDED numbers.
struct Weights {
  const double *first;
  std::int64_t padded, scores;
};

// Products of all rows, row by row, in `to`; `room` holds ROOM_ROWS whole rows.
constexpr std::int64_t ROOM_ROWS = 32;
template <class T>
using Products = void (*)(const Features &X, const Weights &W, double *room, double *to);

struct ProductKernels {
  const char *name;
  Products<double> of_float64;
  Products<float> of_float32;
  Products<std::uint8_t> of_uint8;
};

} // namespace linnet
