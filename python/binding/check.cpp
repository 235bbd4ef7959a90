#include "check.hpp"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <memory>
#include <string>
#include <utility>

#include "callback.hpp"
#include "functions.hpp"
#include "gradcheck/budget.hpp"
#include "gradcheck/cli/direction_result.hpp"
#include "gradcheck/compare.hpp"
#include "gradcheck/directions.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/sample.hpp"
#include "options.hpp"
#include "results.hpp"

namespace dtheta::python {
namespace {

using py::literals::operator""_a;

/// The gradient under test: a function in Python, or a flat array.
class PythonGradient {
 public:
  PythonGradient(const Layout& layout, const py::object& source) {
    if (py::isinstance<py::array>(source)) {
      values_ = source.cast<Array>();
    } else {
      function_ = std::make_unique<PythonVector>(layout, source);
    }
  }

  /// Must not outlive this object.
  gradcheck::Gradient gradient() const {
    if (!function_) return gradcheck::Gradient(values_of(values_));
    return gradcheck::Gradient(
        [f = function_.get()](std::span<const double> theta) { return (*f)(theta); });
  }

  bool wrote() const { return function_ && function_->wrote(); }

 private:
  Array values_;
  std::unique_ptr<PythonVector> function_;
};

/// The call that shows a failing entry's probe again.
std::string replay_text(const gradcheck::ParameterVector& theta, const gradcheck::Component& c,
                        gradcheck::Method method) {
  std::string literal;
  for (const char letter : gradcheck::entry_text(theta, c.position)) {
    if (letter == '"' || letter == '\\') literal += '\\';
    literal += letter;
  }
  return fmt::format("dtheta.replay(f, grad, theta, \"{}\", {}{})", literal, c.step,
                     method == gradcheck::Method::textbook ? ", method=\"textbook\"" : "");
}

void name_writes(gradcheck::Result& result, const char* who, bool wrote) {
  if (!wrote) return;
  result.notes.push_back(fmt::format(
      "{} writes into the theta that it is given; here it had a copy, elsewhere its caller will "
      "find theta changed",
      who));
}

GradientResult along_directions(const gradcheck::Cost& cost, const gradcheck::Gradient& gradient,
                                const gradcheck::ParameterVector& theta,
                                const gradcheck::DirectionOptions& options) {
  const auto found = gradcheck::check_directions(cost, gradient, theta, options);
  return {gradcheck::cli::result_of(found, cost(theta.values()))};
}

/// All of theta, a sample of it, or directions, as the options have it.
GradientResult check(const Layout& layout, const py::object& f, const py::object& number,
                     const py::object& source, const py::dict& given, const py::object& progress) {
  const gradcheck::ParameterVector& theta = layout.vector();
  const PythonCost cost(layout, f, number);
  const PythonGradient gradient(layout, source);
  gradcheck::Options options = options_of(given, progress);
  options.replay = [&](const gradcheck::Component& c) {
    return replay_text(theta, c, options.method);
  };
  gradcheck::SampleOptions sample;
  gradcheck::DirectionOptions directions;
  directions.most = 0;
  read_option(given, "sample", sample.count);
  read_option(given, "directions", directions.most);
  read_option(given, "seed", sample.seed);
  directions.seed = sample.seed;
  GradientResult found = without_lock([&]() -> GradientResult {
    if (directions.most > 0) {
      directions.check = options;
      return along_directions(cost.cost(), gradient.gradient(), theta, directions);
    }
    if (sample.count > 0) {
      sample.check = options;
      auto drawn = gradcheck::check_sample(cost.cost(), gradient.gradient(), theta, sample);
      return {std::move(drawn.result), std::move(drawn.positions)};
    }
    if (options.budget) {
      const gradcheck::BudgetOptions within{
          .budget = *options.budget, .seed = sample.seed, .check = options};
      return {gradcheck::check_within(cost.cost(), gradient.gradient(), theta, within)};
    }
    return {gradcheck::check(cost.cost(), gradient.gradient(), theta, options)};
  });
  name_writes(found.result, "f", cost.wrote());
  name_writes(found.result, "the gradient", gradient.wrote());
  return found;
}

GradientResult compare(const Layout& gradient, const Layout& reference, const Array& theta,
                       const py::dict& given) {
  gradcheck::CompareOptions options;
  read_option(given, "tolerance", options.tolerance);
  read_option(given, "worst_entries", options.worst_entries);
  read_option(given, "examples", options.hints.examples);
  options.theta = values_of(theta);
  const py::gil_scoped_release released;
  return {gradcheck::compare(gradient.vector(), reference.vector(), options)};
}

py::dict replay(const Layout& layout, const py::object& f, const py::object& number,
                const py::object& source, const std::string& entry, double step,
                const py::dict& given) {
  const gradcheck::ParameterVector& theta = layout.vector();
  const PythonCost cost(layout, f, number);
  const PythonGradient gradient(layout, source);
  const py::object no_progress = py::none();
  const gradcheck::Options options = options_of(given, no_progress);
  const std::size_t position = gradcheck::position_of(theta, entry);
  if (step == 0.0) step = gradcheck::usual_step(theta, position);
  const auto found = without_lock([&] {
    gradcheck::CostProbes probes(cost.cost(), theta.values(), 1, gradcheck::WhenThrown::no_value);
    return gradcheck::replay_probe(std::ref(probes), gradient.gradient(), theta, position, step,
                                   options);
  });
  return fields_of(found);
}

}  // namespace

void bind_check(py::module_& module) {
  py::class_<Layout>(module, "Layout")
      .def(py::init<const py::list&, const Array&, py::object>(), "blocks"_a, "values"_a, "build"_a)
      .def(
          "argument",
          [](const Layout& layout, const Array& values) {
            return layout.argument(values_of(values));
          },
          "values"_a);
  module.def("check", &check, "layout"_a, "f"_a, "number"_a, "gradient"_a, "options"_a,
             "progress"_a);
  module.def("compare", &compare, "gradient"_a, "reference"_a, "theta"_a, "options"_a);
  module.def("replay", &replay, "layout"_a, "f"_a, "number"_a, "gradient"_a, "entry"_a, "step"_a,
             "options"_a);
}

}  // namespace dtheta::python
