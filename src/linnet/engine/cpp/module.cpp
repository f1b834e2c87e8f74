// What Python sees of the native engine: one call for a pass, and what it runs on.
//
// Arrays are read where they lie, through the buffer protocol, so any strides will do and
// read-only ones too. Shapes are checked here once more: a wrong one would read foreign memory.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dual.hpp"
#include "kernels.hpp"
#include "moments_pass.hpp"
#include "pass.hpp"
#include "walk.hpp"

namespace nb = nanobind;

namespace linnet {
namespace {

class View {
public:
  View(nb::handle array, int dimensions, bool writable = false) {
    const int flags = writable ? PyBUF_RECORDS : PyBUF_RECORDS_RO;
    if (PyObject_GetBuffer(array.ptr(), &buffer_, flags) != 0) throw nb::python_error();
    held_ = true;
    if (buffer_.ndim != dimensions) throw std::invalid_argument("array of the wrong dimension");
  }
  ~View() {
    if (held_) PyBuffer_Release(&buffer_);
  }
  View(const View &) = delete;
  View &operator=(const View &) = delete;

  std::int64_t length(int axis) const { return buffer_.shape[axis]; }
  std::ptrdiff_t stride(int axis) const { return buffer_.strides[axis]; }
  char *data() const { return static_cast<char *>(buffer_.buf); }
  std::int64_t size() const { return buffer_.len / buffer_.itemsize; }

  template <class T> T *contiguous(const char *what) const {
    if (buffer_.itemsize != sizeof(T) || !PyBuffer_IsContiguous(&buffer_, 'C'))
      throw std::invalid_argument(std::string(what) + " of the wrong type or not contiguous");
    return static_cast<T *>(buffer_.buf);
  }
  std::ptrdiff_t item() const { return buffer_.itemsize; }

  Matrix matrix(const std::string &kind) const {
    Matrix matrix;
    matrix.data = data();
    matrix.kind = kind_named(kind);
    matrix.rows = length(0);
    matrix.columns = buffer_.ndim == 2 ? length(1) : 1;
    matrix.row_stride = stride(0);
    matrix.column_stride = buffer_.ndim == 2 ? stride(1) : buffer_.itemsize;
    return matrix;
  }

private:
  Kind kind_named(const std::string &name) const {
    static const struct {
      const char *name;
      Kind kind;
      Py_ssize_t size;
    } kinds[] = {{"float64", Kind::f64, 8},   {"float32", Kind::f32, 4}, {"float16", Kind::f16, 2},
                 {"bfloat16", Kind::bf16, 2}, {"uint8", Kind::u8, 1},    {"bool", Kind::u8, 1},
                 {"int8", Kind::i8, 1},       {"uint16", Kind::u16, 2},  {"int16", Kind::i16, 2},
                 {"uint32", Kind::u32, 4},    {"int32", Kind::i32, 4},   {"uint64", Kind::u64, 8},
                 {"int64", Kind::i64, 8}};
    for (const auto &known : kinds)
      if (name == known.name && buffer_.itemsize == known.size) return known.kind;
    throw std::invalid_argument("no kind of number called " + name);
  }

  Py_buffer buffer_{};
  bool held_ = false;
};

const Kernels &kernels_named(const std::string &name) {
  for (const Kernels *const *known = available_kernels(); *known; ++known)
    if (name.empty() || name == (*known)->name) return **known;
  throw std::invalid_argument("this machine cannot run the instruction set " + name);
}

Mode mode_named(const std::string &name) {
  if (name == "value") return Mode::value;
  if (name == "gradient") return Mode::gradient;
  if (name == "hessian_product") return Mode::hessian_product;
  if (name == "intercept") return Mode::intercept;
  if (name == "probabilities") return Mode::probabilities;
  if (name == "scores") return Mode::scores;
  if (name == "hessian_diagonal") return Mode::hessian_diagonal;
  throw std::invalid_argument("no pass called " + name);
}

// Holds the views that a job points into.
struct Request {
  std::vector<std::unique_ptr<View>> views;
  Job job;

  const View &view(nb::handle array, int dimensions, bool writable = false) {
    views.push_back(std::make_unique<View>(array, dimensions, writable));
    return *views.back();
  }

  void read_dense(nb::tuple X) { job.X = view(X[0], 2).matrix(nb::cast<std::string>(X[1])); }

  void read_sparse(nb::tuple X) {
    job.sparse = true;
    job.entries = rows_of(X);
    job.X.rows = nb::len(nb::object(X[0])) - 1;
    job.X.columns = nb::cast<std::int64_t>(X[3]);
  }

  SparseRows rows_of(nb::tuple X) {
    const View &pointers = view(X[0], 1), &indices = view(X[1], 1), &values = view(X[2], 1);
    SparseRows rows;
    rows.wide_pointers = pointers.item() == 8;
    rows.wide_indices = indices.item() == 8;
    rows.wide_values = values.item() == 8;
    rows.pointers = rows.wide_pointers
                        ? pointers.contiguous<std::int64_t>("pointers")
                        : static_cast<void *>(pointers.contiguous<std::int32_t>("pointers"));
    rows.indices = rows.wide_indices
                       ? indices.contiguous<std::int64_t>("indices")
                       : static_cast<void *>(indices.contiguous<std::int32_t>("indices"));
    rows.values = rows.wide_values ? values.contiguous<double>("values")
                                   : static_cast<void *>(values.contiguous<float>("values"));
    rows.entries = std::min(indices.size(), values.size());
    rows.sorted = nb::cast<bool>(X[4]);
    return rows;
  }

  double *numbers(nb::handle array, std::int64_t count, const char *what) {
    const View &given = view(array, 1, true);
    if (given.length(0) != count)
      throw std::invalid_argument(std::string(what) + " of the wrong length");
    return given.contiguous<double>(what);
  }

  double *numbers(nb::handle array, std::int64_t rows, std::int64_t columns, const char *what) {
    const View &given = view(array, 2, true);
    if (given.length(0) != rows || given.length(1) != columns)
      throw std::invalid_argument(std::string(what) + " of the wrong shape");
    return given.contiguous<double>(what);
  }

  void read_targets(nb::object targets, const std::string &kind) {
    if (targets.is_none()) {
      job.labels = true; // none are read
      if (job.mode == Mode::value || job.mode == Mode::gradient || job.mode == Mode::intercept)
        throw std::invalid_argument("this pass needs targets");
      return;
    }
    const int dimensions = nb::cast<int>(targets.attr("ndim"));
    job.targets = view(targets, dimensions).matrix(kind);
    job.labels = dimensions == 1;
    const std::int64_t columns = job.m + (job.anchored ? 1 : 0);
    if (job.targets.rows != job.X.rows || (!job.labels && job.targets.columns != columns) ||
        (job.labels && job.loss == Loss::squared))
      throw std::invalid_argument("targets of the wrong shape");
  }

  void read_weight(nb::object weight) {
    if (weight.is_none()) return;
    const View &given = view(weight, 1);
    if (given.size() != job.X.rows) throw std::invalid_argument("weights of the wrong length");
    job.weight = given.contiguous<double>("weights");
  }

  void read_parameters(nb::object parameters) {
    const View &given = view(parameters, 3);
    job.parameters = given.contiguous<double>("parameters");
    job.sets = given.length(0);
    job.m = given.length(1);
    job.intercept = given.length(2) == job.k() + 1;
    if (given.length(2) != job.p()) throw std::invalid_argument("parameters of the wrong shape");
  }

  void read_probabilities(nb::object probabilities) {
    const bool needed = job.mode == Mode::probabilities || job.mode == Mode::scores;
    const bool writes = needed || job.mode == Mode::gradient;
    if (probabilities.is_none()) {
      if (needed) throw std::invalid_argument("nowhere to write to");
      return;
    }
    const View &given = view(probabilities, 2, writes);
    const std::int64_t lines = job.mode == Mode::scores ? job.scores() : job.m;
    if (given.length(0) != lines || given.length(1) < job.X.rows)
      throw std::invalid_argument("probabilities of the wrong shape");
    job.stride = given.length(1);
    job.probabilities = job.float32 ? static_cast<void *>(given.contiguous<float>("probabilities"))
                                    : given.contiguous<double>("probabilities");
  }

  void read_pairs(nb::object pairs) {
    if (pairs.is_none()) return;
    const nb::tuple given = nb::cast<nb::tuple>(pairs);
    const View &starts = view(given[0], 1), &classes = view(given[1], 1),
               &values = view(given[2], 1);
    if (job.sparse || job.mode != Mode::hessian_product || job.loss != Loss::softmax ||
        job.sets != 2)
      throw std::invalid_argument("pairs are for one Hessian product of dense rows");
    job.pairs.starts = starts.contiguous<std::int64_t>("starts");
    job.pairs.classes = classes.contiguous<std::int32_t>("classes");
    job.pairs.values = job.float32 ? static_cast<void *>(values.contiguous<float>("values"))
                                   : values.contiguous<double>("values");
    const std::int64_t n = job.X.rows, count = classes.size();
    bool right = starts.size() == n + 1 && values.size() == count;
    right = right && job.pairs.starts[0] == 0 && job.pairs.starts[n] == count;
    for (std::int64_t i = 0; i < n && right; ++i)
      right = job.pairs.starts[i] <= job.pairs.starts[i + 1] &&
              job.pairs.starts[i + 1] - job.pairs.starts[i] <= job.m;
    for (std::int64_t i = 0; i < count && right; ++i)
      right = job.pairs.classes[i] >= 0 && job.pairs.classes[i] < job.m;
    if (!right) throw std::invalid_argument("pairs of the wrong shape");
  }
};

bool interrupted() {
  const nb::gil_scoped_acquire held;
  return PyErr_CheckSignals() != 0;
}

nb::object outcome(Ending ending, const Fault &fault) {
  if (ending == Ending::interrupted) throw nb::python_error();
  if (ending == Ending::faulty) return nb::make_tuple(fault.what, fault.row, fault.number);
  return nb::none();
}

nb::object run(nb::tuple X, nb::object targets, const std::string &kind, nb::object weight,
               nb::object parameters, const std::string &loss, bool anchored,
               const std::string &mode, bool float32, const std::string &simd, int threads,
               nb::object sums, nb::object probabilities, nb::object pairs) {
  Request request;
  Job &job = request.job;
  if (nb::len(X) == 2)
    request.read_dense(X);
  else
    request.read_sparse(X);
  job.loss = loss == "softmax" ? Loss::softmax : Loss::squared;
  job.anchored = anchored;
  job.mode = mode_named(mode);
  job.float32 = float32 && !job.sparse && job.mode != Mode::intercept;
  request.read_parameters(parameters);
  request.read_targets(targets, kind);
  request.read_weight(weight);
  request.read_probabilities(probabilities);
  request.read_pairs(pairs);
  const View result(sums, 1, true);
  if (result.size() != sums_size(job)) throw std::invalid_argument("sums of the wrong length");
  Fault fault;
  Ending ending;
  {
    const nb::gil_scoped_release released;
    ending = run_pass(job, kernels_named(simd), threads, result.contiguous<double>("sums"),
                      interrupted, fault);
  }
  return outcome(ending, fault);
}

std::int64_t width_of(const Kernels &kernels, std::int64_t scores) {
  Job job;
  job.mode = Mode::gradient;
  job.m = scores;
  return kernels.residual_width(job);
}

// Numbers that weights take for each feature, and residuals for each row.
std::int64_t width(std::int64_t scores, const std::string &simd) {
  return width_of(kernels_named(simd), scores);
}

// `order` null: divergences alone are worked out, those of all rows.
nb::object sweep(nb::tuple X, nb::object order, nb::object weight, nb::object weights,
                 nb::object intercepts, nb::object log_probabilities, nb::object divergences,
                 nb::object gain, double penalty, double share, bool anchored,
                 const std::string &simd, int threads) {
  Request request;
  DualJob job;
  const Kernels &kernels = kernels_named(simd);
  job.entries = request.rows_of(X);
  job.rows = nb::len(nb::object(X[0])) - 1;
  job.columns = nb::cast<std::int64_t>(X[3]);
  job.anchored = anchored, job.penalty = penalty, job.share = share;
  job.classes = request.view(log_probabilities, 2, true).length(1);
  if (job.scores() < 1) throw std::invalid_argument("no scores");
  job.log_probabilities =
      request.numbers(log_probabilities, job.rows, job.classes, "log probabilities");
  job.weights = request.numbers(weights, job.columns, width_of(kernels, job.scores()), "weights");
  job.intercepts = request.numbers(intercepts, job.scores(), "intercepts");
  job.divergences = request.numbers(divergences, job.rows, "divergences");
  job.gain = request.numbers(gain, 1, "gain");
  if (!weight.is_none()) job.weight = request.numbers(weight, job.rows, "sample weights");
  job.moves = !order.is_none();
  job.visits = job.rows;
  if (job.moves) {
    const View &visits = request.view(order, 1);
    job.order = visits.contiguous<std::int64_t>("order");
    job.visits = visits.size();
  }
  for (std::int64_t i = 0; i < job.visits; ++i)
    if (job.row(i) < 0 || job.row(i) >= job.rows) throw std::invalid_argument("no such row");
  Fault fault;
  Ending ending;
  {
    const nb::gil_scoped_release released;
    ending = run_sweep(job, kernels, threads, interrupted, fault);
  }
  return outcome(ending, fault);
}

// Sum over the rows of x r, feature by feature.
void outer(nb::tuple X, nb::object residuals, nb::object outputs, std::int64_t scores,
           const std::string &simd, int threads) {
  Request request;
  Job &job = request.job;
  const Kernels &kernels = kernels_named(simd);
  request.read_sparse(X);
  job.mode = Mode::gradient;
  job.m = scores;
  const std::int64_t width = kernels.residual_width(job);
  const double *R = request.numbers(residuals, job.X.rows, width, "residuals");
  double *to = request.numbers(outputs, job.k(), width, "outputs");
  const nb::gil_scoped_release released;
  run_outer(job, kernels, threads, R, to);
}

void add_moments(nb::object rows, const std::string &kind, nb::object weights, nb::object others,
                 nb::object indices, double least, const std::string &simd, int threads,
                 nb::object sums) {
  const View given(rows, 2), weight(weights, 2), result(sums, 3, true);
  MomentJob job;
  job.X = given.matrix(kind);
  job.float32 = weight.item() == 4;
  job.weights = job.float32 ? static_cast<void *>(weight.contiguous<float>("weights"))
                            : weight.contiguous<double>("weights");
  job.sums = result.contiguous<double>("sums");
  job.least = least;
  job.count = weight.length(1);
  job.width = result.length(1);
  job.sets = weight.length(0);
  std::unique_ptr<View> chosen;
  if (!indices.is_none()) {
    chosen = std::make_unique<View>(indices, 1);
    job.indices = chosen->contiguous<std::int64_t>("indices");
  }
  const std::int64_t n = job.X.rows, behind = job.width - job.columns();
  std::unique_ptr<View> more;
  if (!others.is_none()) {
    more = std::make_unique<View>(others, 2);
    job.others = job.float32 ? static_cast<void *>(more->contiguous<float>("others"))
                             : more->contiguous<double>("others");
  }
  if ((job.columns() > 1 && given.stride(1) != given.item()) || behind < 0 ||
      (more ? more->length(0) != n || more->length(1) != behind : behind > 1) ||
      (chosen ? chosen->size() : n) != job.count || result.length(0) != job.sets ||
      result.length(2) != job.width)
    throw std::invalid_argument("moments of the wrong shape");
  for (std::int64_t t = 0; chosen && t < job.count; ++t)
    if (job.indices[t] < 0 || job.indices[t] >= n)
      throw std::invalid_argument("moments of a row that is not there");
  bool done;
  {
    const nb::gil_scoped_release released;
    done = run_moments(job, kernels_named(simd), threads, interrupted);
  }
  if (!done) throw nb::python_error();
}

// Value, slope and curvature at `length` on a line of scores.
void add_line(nb::object scores, nb::object weight, std::int64_t rows, bool anchored, double length,
              const std::string &simd, nb::object sums) {
  const View given(scores, 2), result(sums, 1, true);
  LineJob job;
  job.float32 = given.item() == 4;
  job.scores = job.float32 ? static_cast<void *>(given.contiguous<float>("scores"))
                           : given.contiguous<double>("scores");
  job.rows = rows;
  job.m = given.length(0) / 2;
  job.stride = given.length(1);
  job.anchored = anchored;
  job.length = length;
  std::unique_ptr<View> weights;
  if (!weight.is_none()) {
    weights = std::make_unique<View>(weight, 1);
    job.weight = weights->contiguous<double>("weights");
  }
  if (given.length(0) % 2 != 0 || job.m == 0 || job.stride < rows ||
      job.stride * given.item() % 64 != 0 || (weights && weights->size() != rows) ||
      result.size() != 3)
    throw std::invalid_argument("a line of the wrong shape");
  double *to = result.contiguous<double>("sums");
  const nb::gil_scoped_release released;
  kernels_named(simd).line(job, to);
}

Rule rule_named(const std::string &name) {
  if (name == "plain") return Rule::plain;
  if (name == "linear") return Rule::linear;
  if (name == "adagrad") return Rule::adagrad;
  if (name == "adam") return Rule::adam;
  throw std::invalid_argument("no rule called " + name);
}

// Parameters or what belongs to them, which a walk changes in place: m x p, or p x `width` for
// sparse rows.
double *changeable(Request &request, nb::object array, std::int64_t width, const char *what) {
  if (array.is_none()) return nullptr;
  const Job &job = request.job;
  return job.sparse ? request.numbers(array, job.p(), width, what)
                    : request.numbers(array, job.m, job.p(), what);
}

void read_order(Request &request, Descent &descent, nb::object order, nb::object rates) {
  const View &rows = request.view(order, 1), &each = request.view(rates, 1);
  descent.order = rows.contiguous<std::int64_t>("order");
  descent.rates = each.contiguous<double>("rates");
  descent.count = rows.size();
  if (descent.batch < 1 || each.size() != descent.steps())
    throw std::invalid_argument("rates of the wrong length");
  for (std::int64_t i = 0; i < descent.count; ++i)
    if (descent.order[i] < 0 || descent.order[i] >= request.job.X.rows)
      throw std::invalid_argument("order names a row that there is not");
}

nb::object descend(nb::tuple X, nb::object targets, const std::string &kind, nb::object weight,
                   nb::object theta, nb::object first, nb::object second, nb::object order,
                   nb::object rates, nb::object losses, std::int64_t scores,
                   const std::string &loss, bool anchored, const std::string &rule,
                   std::int64_t batch, double l2, double share, double momentum, double beta1,
                   double beta2, double epsilon, std::int64_t before, const std::string &simd) {
  Request request;
  Job &job = request.job;
  if (nb::len(X) == 2)
    request.read_dense(X);
  else
    request.read_sparse(X);
  job.loss = loss == "softmax" ? Loss::softmax : Loss::squared;
  job.anchored = anchored;
  job.mode = Mode::gradient;
  job.m = scores;
  if (job.m < 1) throw std::invalid_argument("no scores");
  job.intercept = request.view(theta, 2).length(job.sparse ? 0 : 1) == job.k() + 1;
  request.read_targets(targets, kind);
  request.read_weight(weight);
  const Kernels &kernels = kernels_named(simd);
  const std::int64_t width = width_of(kernels, scores);
  Descent descent;
  descent.rule = rule_named(rule);
  descent.batch = batch, descent.l2 = l2, descent.share = share, descent.momentum = momentum;
  descent.beta1 = beta1, descent.beta2 = beta2, descent.epsilon = epsilon, descent.before = before;
  descent.theta = changeable(request, theta, width, "parameters");
  descent.slots[0] = changeable(request, first, width, "first slot");
  descent.slots[1] = changeable(request, second, width, "second slot");
  const bool needs_first = descent.rule != Rule::plain, needs_second = descent.rule == Rule::adam;
  if ((needs_first && !descent.slots[0]) || (needs_second && !descent.slots[1]))
    throw std::invalid_argument("the rule needs more to remember");
  read_order(request, descent, order, rates);
  const View &lost = request.view(losses, 1, true);
  if (lost.size() != descent.steps()) throw std::invalid_argument("losses of the wrong length");
  descent.losses = lost.contiguous<double>("losses");
  descent.job = job;
  Fault fault;
  Ending ending;
  {
    const nb::gil_scoped_release released;
    ending = run_descent(descent, kernels, interrupted, fault);
  }
  if (ending == Ending::interrupted) throw nb::python_error();
  if (ending == Ending::faulty) return nb::make_tuple(fault.what, fault.row, fault.number);
  return nb::none();
}

template <class T>
void elementary(void (*function)(const T *, T *, std::int64_t), nb::object from, nb::object to) {
  const View source(from, 1), result(to, 1, true);
  if (source.size() != result.size()) throw std::invalid_argument("lengths differ");
  function(source.contiguous<T>("source"), result.contiguous<T>("result"), source.size());
}

// exp or log of an array, for tests of their error.
void apply(const std::string &function, nb::object from, nb::object to, const std::string &simd) {
  const Kernels &kernels = kernels_named(simd);
  const bool exponential = function == "exp";
  if (nb::cast<int>(from.attr("itemsize")) == 4)
    return elementary<float>(exponential ? kernels.exp32 : kernels.log32, from, to);
  elementary<double>(exponential ? kernels.exp64 : kernels.log64, from, to);
}

std::vector<std::string> instruction_sets() {
  std::vector<std::string> names;
  for (const Kernels *const *known = available_kernels(); *known; ++known)
    names.emplace_back((*known)->name);
  return names;
}

} // namespace
} // namespace linnet

NB_MODULE(_native, module) {
  module.def("run", &linnet::run, nb::arg("X"), nb::arg("targets").none(), nb::arg("kind"),
             nb::arg("weight").none(), nb::arg("parameters"), nb::kw_only(), nb::arg("loss"),
             nb::arg("anchored"), nb::arg("mode"), nb::arg("float32"), nb::arg("simd"),
             nb::arg("threads"), nb::arg("sums"), nb::arg("probabilities").none(),
             nb::arg("pairs").none());
  module.def("add_moments", &linnet::add_moments, nb::arg("rows"), nb::arg("kind"),
             nb::arg("weights"), nb::arg("others").none(), nb::arg("indices").none(), nb::kw_only(),
             nb::arg("least"), nb::arg("simd"), nb::arg("threads"), nb::arg("sums"));
  module.def("add_line", &linnet::add_line, nb::arg("scores"), nb::arg("weight").none(),
             nb::kw_only(), nb::arg("rows"), nb::arg("anchored"), nb::arg("length"),
             nb::arg("simd"), nb::arg("sums"));
  module.def("descend", &linnet::descend, nb::arg("X"), nb::arg("targets"), nb::arg("kind"),
             nb::arg("weight").none(), nb::arg("theta"), nb::arg("first").none(),
             nb::arg("second").none(), nb::arg("order"), nb::arg("rates"), nb::arg("losses"),
             nb::kw_only(), nb::arg("scores"), nb::arg("loss"), nb::arg("anchored"),
             nb::arg("rule"), nb::arg("batch"), nb::arg("l2"), nb::arg("share"),
             nb::arg("momentum"), nb::arg("beta1"), nb::arg("beta2"), nb::arg("epsilon"),
             nb::arg("before"), nb::arg("simd"));
  module.def("sweep", &linnet::sweep, nb::arg("X"), nb::arg("order").none(),
             nb::arg("weight").none(), nb::kw_only(), nb::arg("weights"), nb::arg("intercepts"),
             nb::arg("log_probabilities"), nb::arg("divergences"), nb::arg("gain"),
             nb::arg("penalty"), nb::arg("share"), nb::arg("anchored"), nb::arg("simd"),
             nb::arg("threads"));
  module.def("width", &linnet::width, nb::arg("scores"), nb::arg("simd"));
  module.def("outer", &linnet::outer, nb::arg("X"), nb::arg("residuals"), nb::arg("outputs"),
             nb::kw_only(), nb::arg("scores"), nb::arg("simd"), nb::arg("threads"));
  module.def("apply", &linnet::apply, nb::arg("function"), nb::arg("source"), nb::arg("result"),
             nb::arg("simd"));
  module.def("instruction_sets", &linnet::instruction_sets);
}
