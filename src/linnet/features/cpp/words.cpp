// The words of texts, hashed into the columns of CSR rows: linnet.features.words defines it.
//
// Texts are UTF-8, as Arrow keeps them, and are read where they lie. A row's words are written in
// lower case, one space between them, into a buffer of its own: a run of n words is a slice of it.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace nb = nanobind;

namespace {

using std::int32_t;
using std::int64_t;
using std::uint32_t;
using std::uint8_t;
template <class T> using Given = nb::ndarray<const T, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

// MurmurHash3_x86_32 of Austin Appleby, in the public domain.
uint32_t murmur(const uint8_t *key, int64_t length, uint32_t seed) {
  const auto rotated = [](uint32_t x, int by) { return x << by | x >> (32 - by); };
  const auto mixed = [&](uint32_t k) { return rotated(k * 0xcc9e2d51u, 15) * 0x1b873593u; };
  uint32_t h = seed;
  const int64_t whole = length & ~int64_t(3);
  for (int64_t i = 0; i < whole; i += 4) {
    const uint32_t k = static_cast<uint32_t>(key[i]) | static_cast<uint32_t>(key[i + 1]) << 8 |
                       static_cast<uint32_t>(key[i + 2]) << 16 |
                       static_cast<uint32_t>(key[i + 3]) << 24;
    h = rotated(h ^ mixed(k), 13) * 5 + 0xe6546b64u;
  }
  uint32_t rest = 0;
  for (int64_t i = length; i-- > whole;) rest = rest << 8 | key[i];
  if (length != whole) h ^= mixed(rest);
  h ^= static_cast<uint32_t>(length);
  h = (h ^ h >> 16) * 0x85ebca6bu;
  h = (h ^ h >> 13) * 0xc2b2ae35u;
  return h ^ h >> 16;
}

// A hash as scikit-learn reads it: a number with a sign, whose low bits are the column.
int32_t column_of(uint32_t hash, uint32_t mask) {
  const uint32_t size = hash >> 31 ? 0u - hash : hash;
  return static_cast<int32_t>(size & mask);
}
int sign_of(uint32_t hash) { return hash >> 31 ? -1 : 1; }

struct Run {
  int64_t start, end;
};

// Parts a text into words: runs of two or more letters, digits or underscores.
class Reader {
public:
  Reader(const uint32_t *lower, int64_t known) : lower_(lower), known_(known) {
    for (int c = 0; c < 128; ++c) {
      const bool capital = c >= 'A' && c <= 'Z', digit = c >= '0' && c <= '9';
      const bool letter = capital || (c >= 'a' && c <= 'z') || c == '_';
      ascii_[c] = static_cast<uint8_t>(capital ? c + 32 : letter || digit ? c : 0);
    }
  }

  void read(const uint8_t *text, int64_t length) {
    words.clear();
    // In lower case two bytes may become three.
    if (static_cast<int64_t>(buffer_.size()) < 2 * length + 8) buffer_.resize(2 * length + 8);
    uint8_t *to = buffer_.data();
    uint8_t *start = to;
    int64_t letters = 0;
    const auto finish = [&] {
      if (letters > 1) {
        words.push_back({start - buffer_.data(), to - buffer_.data()});
        *to++ = ' ';
      } else {
        to = start;
      }
      start = to;
      letters = 0;
    };
    for (int64_t i = 0; i < length;) {
      const uint8_t byte = text[i];
      if (byte < 128) {
        ++i;
        if (const uint8_t letter = ascii_[byte]) {
          *to++ = letter;
          ++letters;
        } else if (letters) {
          finish();
        }
        continue;
      }
      const uint32_t letter = lowered(decoded(text, length, i));
      if (letter) {
        to = written(letter, to);
        ++letters;
      } else if (letters) {
        finish();
      }
    }
    if (letters) finish();
  }

  const uint8_t *text() const { return buffer_.data(); }

  std::vector<Run> words;

private:
  uint32_t lowered(uint32_t letter) const {
    return static_cast<int64_t>(letter) < known_ ? lower_[letter] : 0;
  }

  // The letter at `i`, which goes on to the next; none, 0, where bytes are no UTF-8.
  static uint32_t decoded(const uint8_t *text, int64_t length, int64_t &i) {
    const uint8_t first = text[i++];
    const int more = first >= 0xf0 && first < 0xf8   ? 3
                     : first >= 0xe0 && first < 0xf0 ? 2
                     : first >= 0xc0 && first < 0xe0 ? 1
                                                     : 0;
    if (!more || i + more > length) return 0;
    uint32_t letter = first & (0x3fu >> more);
    for (int k = 0; k < more; ++k) {
      if ((text[i + k] & 0xc0) != 0x80) return 0;
      letter = letter << 6 | (text[i + k] & 0x3fu);
    }
    i += more;
    return letter;
  }

  static uint8_t *written(uint32_t letter, uint8_t *to) {
    const auto rest = [&](int shift) { *to++ = 0x80 | ((letter >> shift) & 0x3f); };
    if (letter < 0x80) {
      *to++ = static_cast<uint8_t>(letter);
    } else if (letter < 0x800) {
      *to++ = static_cast<uint8_t>(0xc0 | letter >> 6);
      rest(0);
    } else if (letter < 0x10000) {
      *to++ = static_cast<uint8_t>(0xe0 | letter >> 12);
      rest(6), rest(0);
    } else {
      *to++ = static_cast<uint8_t>(0xf0 | letter >> 18);
      rest(12), rest(6), rest(0);
    }
    return to;
  }

  const uint32_t *lower_;
  int64_t known_;
  uint8_t ascii_[128];
  std::vector<uint8_t> buffer_;
};

// The rows of a CSR matrix, each column at most once in a row.
struct Rows {
  std::vector<int32_t> columns;
  std::vector<double> values;
  std::vector<int64_t> ends{0};

  // Adds to the entry of `column` in the row at hand. `seats` is a table of 2^k places in the row.
  void add(int32_t column, int sign, std::vector<int32_t> &seats, uint32_t mask) {
    const int64_t first = ends.back();
    for (uint32_t seat = static_cast<uint32_t>(column) & mask;; seat = (seat + 1) & mask) {
      if (seats[seat] < 0) {
        seats[seat] = static_cast<int32_t>(static_cast<int64_t>(columns.size()) - first);
        columns.push_back(column);
        values.push_back(sign);
        return;
      }
      if (columns[first + seats[seat]] == column) {
        values[first + seats[seat]] += sign;
        return;
      }
    }
  }

  // Gives the row at hand length 1, without entries that came out as 0.
  void finish() {
    const int64_t first = ends.back();
    double squares = 0;
    int64_t to = first;
    for (int64_t i = first; i < static_cast<int64_t>(values.size()); ++i) {
      if (values[i] == 0) continue;
      squares += values[i] * values[i];
      columns[to] = columns[i];
      values[to++] = values[i];
    }
    columns.resize(to), values.resize(to);
    const double length = std::sqrt(squares);
    for (int64_t i = first; i < to; ++i) values[i] /= length;
    ends.push_back(to);
  }
};

void add_runs(const Reader &reader, int64_t most, uint32_t seed, uint32_t mask,
              std::vector<int32_t> &seats, Rows &rows) {
  const int64_t n = static_cast<int64_t>(reader.words.size());
  int64_t size = 4;
  while (size < 2 * n * most) size *= 2;
  if (static_cast<int64_t>(seats.size()) < size) seats.resize(size);
  std::memset(seats.data(), 0xff, size * sizeof(int32_t));
  const uint32_t places = static_cast<uint32_t>(size - 1);
  for (int64_t length = 1; length <= most; ++length)
    for (int64_t i = 0; i + length <= n; ++i) {
      const int64_t start = reader.words[i].start, end = reader.words[i + length - 1].end;
      const uint32_t hash = murmur(reader.text() + start, end - start, seed);
      rows.add(column_of(hash, mask), sign_of(hash), seats, places);
    }
}

template <class T> nb::object owned(std::vector<T> &&values) {
  auto *kept = new std::vector<T>(std::move(values));
  nb::capsule owner(kept, [](void *p) noexcept { delete static_cast<std::vector<T> *>(p); });
  return nb::cast(nb::ndarray<nb::numpy, T, nb::ndim<1>>(kept->data(), {kept->size()}, owner));
}

void check_texts(const Given<int64_t> &ends, const Given<uint8_t> &bytes) {
  const int64_t n = static_cast<int64_t>(ends.shape(0)) - 1;
  bool good = n >= 0 && ends.data()[0] >= 0;
  for (int64_t i = 0; good && i < n; ++i) good = ends.data()[i] <= ends.data()[i + 1];
  if (!good || ends.data()[n] > static_cast<int64_t>(bytes.shape(0)))
    throw std::invalid_argument("texts that do not lie in their bytes");
}

nb::tuple hashed_words(Given<int64_t> ends, Given<uint8_t> bytes, Given<uint32_t> lower,
                       uint32_t seed, int bits, int64_t most) {
  check_texts(ends, bytes);
  if (bits < 1 || bits > 30 || most < 1) throw std::invalid_argument("bits or runs out of range");
  Rows rows;
  {
    const nb::gil_scoped_release released;
    Reader reader(lower.data(), static_cast<int64_t>(lower.shape(0)));
    std::vector<int32_t> seats;
    const uint32_t mask = (1u << bits) - 1;
    const int64_t n = static_cast<int64_t>(ends.shape(0)) - 1, *at = ends.data();
    rows.ends.reserve(n + 1);
    for (int64_t i = 0; i < n; ++i) {
      reader.read(bytes.data() + at[i], at[i + 1] - at[i]);
      add_runs(reader, most, seed, mask, seats, rows);
      rows.finish();
    }
  }
  return nb::make_tuple(owned(std::move(rows.values)), owned(std::move(rows.columns)),
                        owned(std::move(rows.ends)));
}

nb::tuple hashed_values(Given<int64_t> ends, Given<uint8_t> bytes, uint32_t seed, int bits) {
  check_texts(ends, bytes);
  if (bits < 1 || bits > 30) throw std::invalid_argument("bits out of range");
  const int64_t n = static_cast<int64_t>(ends.shape(0)) - 1, *at = ends.data();
  std::vector<int32_t> columns(n);
  std::vector<double> signs(n);
  {
    const nb::gil_scoped_release released;
    for (int64_t i = 0; i < n; ++i) {
      const uint32_t hash = murmur(bytes.data() + at[i], at[i + 1] - at[i], seed);
      columns[i] = column_of(hash, (1u << bits) - 1);
      signs[i] = sign_of(hash);
    }
  }
  return nb::make_tuple(owned(std::move(columns)), owned(std::move(signs)));
}

} // namespace

NB_MODULE(_words, module) {
  module.def("hashed_words", &hashed_words, nb::arg("ends"), nb::arg("bytes"), nb::arg("lower"),
             nb::kw_only(), nb::arg("seed"), nb::arg("bits"), nb::arg("longest"));
  module.def("hashed_values", &hashed_values, nb::arg("ends"), nb::arg("bytes"), nb::kw_only(),
             nb::arg("seed"), nb::arg("bits"));
}
