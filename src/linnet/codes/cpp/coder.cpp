// Rows of integer scores to symbols in a range ANS state and back: linnet.codes.frequencies and
// linnet.codes.states define it, in integers alone, so that every machine makes the same bits.
#include "view.hpp"

#include <string>
#include <vector>

namespace nb = nanobind;

namespace {

using std::int32_t;
using std::int64_t;
using std::uint32_t;
using std::uint64_t;
using linnet::View;

constexpr int FRACTION_BITS = 10, RECIPROCAL_BITS = 38, TOTAL_BITS = 24, WORD_BITS = 32;
constexpr uint64_t TOTAL = uint64_t(1) << TOTAL_BITS, LEAST_STATE = uint64_t(1) << 31;

// The frequencies of a row of Q scores, or of any number where Q is 0; the escape's is 1.
template <int Q> class Frequencies {
public:
  Frequencies(const uint32_t *powers, int64_t q) : powers_(powers), q_(q), f_(q) {}

  int64_t q() const { return Q ? Q : q_; }

  void read(const int32_t *__restrict z) {
    uint32_t *__restrict f = f_.data();
    const uint32_t *__restrict powers = powers_;
    int32_t top = z[0];
    for (int64_t j = 1; j < q(); ++j) top = z[j] > top ? z[j] : top;
    uint64_t sum = 0;
    for (int64_t j = 0; j < q(); ++j) {
      const uint32_t down = static_cast<uint32_t>(top) - static_cast<uint32_t>(z[j]);
      const uint32_t whole = down >> FRACTION_BITS;
      f[j] = powers[down & ((1u << FRACTION_BITS) - 1)] >> (whole < 31 ? whole : 31);
      sum += f[j];
    }
    const uint64_t most = TOTAL - static_cast<uint64_t>(q() + 1);
    // The largest power is 2^30, so this is below 2^32.
    const uint32_t reciprocal = static_cast<uint32_t>((most << RECIPROCAL_BITS) / sum);
    uint32_t given = 0;
    for (int64_t j = 0; j < q(); ++j) {
      const uint32_t g = static_cast<uint32_t>((uint64_t(f[j]) * reciprocal) >> RECIPROCAL_BITS);
      given += g;
      f[j] = g + 1;
    }
    int64_t first = 0;
    while (z[first] != top) ++first;
    f[first] += static_cast<uint32_t>(most) - given;
  }

  // Symbols before one, together.
  uint32_t start(int64_t symbol) const {
    uint32_t before = 0;
    for (int64_t j = 0; j < q(); ++j) before += j < symbol ? f_[j] : 0;
    return before;
  }
  uint32_t width(int64_t symbol) const { return symbol < q() ? f_[symbol] : 1; }

  int64_t symbol_at(uint32_t low, uint32_t &start) const {
    // Without a branch that would be guessed wrong for most rows.
    uint32_t end = 0;
    int64_t symbol = 0;
    start = 0;
    for (int64_t j = 0; j < q(); ++j) {
      end += f_[j];
      symbol += end <= low;
      start = end <= low ? end : start;
    }
    return symbol;
  }

private:
  const uint32_t *powers_;
  int64_t q_;
  std::vector<uint32_t> f_;
};

struct Scores {
  View view, table;
  Scores(nb::handle scores, nb::handle powers) : view(scores, 2, 4), table(powers, 1, 4) {
    if (view.length(1) < 1 || view.length(1) > (int64_t(1) << 20) ||
        table.length(0) != (1 << FRACTION_BITS))
      throw std::invalid_argument("scores or powers of the wrong shape");
  }
  int64_t rows() const { return view.length(0); }
  int64_t columns() const { return view.length(1); }
  const int32_t *row(int64_t i) const { return view.data<int32_t>() + i * columns(); }

  // Calls with frequencies whose number of scores the compiler knows, if it is small.
  template <class F> void with_frequencies(const F &call) const { known<2>(call); }

private:
  static constexpr int MOST_KNOWN = 16;

  template <int Q, class F> void known(const F &call) const {
    if constexpr (Q > MOST_KNOWN) {
      call(Frequencies<0>(table.data<uint32_t>(), columns()));
    } else {
      if (columns() == Q) return call(Frequencies<Q>(table.data<uint32_t>(), Q));
      known<Q + 1>(call);
    }
  }
};

// Start and width of the symbol of each row.
void intervals(nb::object scores, nb::object powers, nb::object symbols, nb::object starts,
               nb::object widths) {
  const Scores rows(scores, powers);
  const View chosen(symbols, 1, 4), to(starts, 1, 4, true), wide(widths, 1, 4, true);
  const int64_t n = rows.rows();
  if (chosen.length(0) != n || to.length(0) != n || wide.length(0) != n)
    throw std::invalid_argument("symbols or intervals of the wrong length");
  const int32_t *symbol = chosen.data<int32_t>();
  for (int64_t i = 0; i < n; ++i)
    if (symbol[i] < 0 || symbol[i] > rows.columns())
      throw std::invalid_argument("a symbol that there is not");
  const nb::gil_scoped_release released;
  rows.with_frequencies([&](auto f) {
    for (int64_t i = 0; i < n; ++i) {
      f.read(rows.row(i));
      to.data<uint32_t>()[i] = f.start(symbol[i]);
      wide.data<uint32_t>()[i] = f.width(symbol[i]);
    }
  });
}

// Words fill their array from its end; gives the state, and where they begin.
nb::tuple push(nb::object starts, nb::object widths, uint64_t state, nb::object words) {
  const View from(starts, 1, 4), wide(widths, 1, 4), out(words, 1, 4, true);
  const int64_t n = from.length(0);
  if (wide.length(0) != n || out.length(0) < n)
    throw std::invalid_argument("intervals or words of the wrong length");
  const uint32_t *start = from.data<uint32_t>(), *width = wide.data<uint32_t>();
  for (int64_t i = 0; i < n; ++i)
    if (width[i] == 0) throw std::invalid_argument("a symbol of no width");
  uint32_t *word = out.data<uint32_t>();
  int64_t position = out.length(0);
  {
    const nb::gil_scoped_release released;
    for (int64_t i = n; i-- > 0;) {
      if (state >> (63 - TOTAL_BITS) >= width[i]) {
        word[--position] = static_cast<uint32_t>(state);
        state >>= WORD_BITS;
      }
      state = ((state / width[i]) << TOTAL_BITS) + state % width[i] + start[i];
    }
  }
  return nb::make_tuple(state, position);
}

nb::tuple pop(nb::object scores, nb::object powers, nb::object words, uint64_t state,
              int64_t position, nb::object symbols) {
  const Scores rows(scores, powers);
  const View given(words, 1, 4), out(symbols, 1, 4, true);
  const int64_t n = rows.rows(), count = given.length(0);
  if (out.length(0) != n || position < 0)
    throw std::invalid_argument("symbols or position of the wrong length");
  const uint32_t *word = given.data<uint32_t>();
  {
    const nb::gil_scoped_release released;
    rows.with_frequencies([&](auto f) {
      for (int64_t i = 0; i < n; ++i) {
        f.read(rows.row(i));
        const uint32_t low = static_cast<uint32_t>(state & (TOTAL - 1));
        uint32_t start;
        const int64_t symbol = f.symbol_at(low, start);
        state = f.width(symbol) * (state >> TOTAL_BITS) + low - start;
        out.data<int32_t>()[i] = static_cast<int32_t>(symbol);
        if (state < LEAST_STATE) {
          if (position >= count) {
            position = count + 1;
            return;
          }
          state = (state << WORD_BITS) | word[position++];
        }
      }
    });
  }
  return nb::make_tuple(state, position);
}

} // namespace

NB_MODULE(_coder, module) {
  module.def("intervals", &intervals);
  module.def("push", &push);
  module.def("pop", &pop);
  linnet::define_scoring(module);
}
