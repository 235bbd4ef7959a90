#include "gradcheck/jacobian.hpp"

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <memory>
#include <utility>

#include "callback.hpp"
#include "check.hpp"
#include "functions.hpp"
#include "gradcheck/jacobian/products.hpp"
#include "gradcheck/jacobian/replay_entry.hpp"
#include "options.hpp"
#include "results.hpp"

namespace dtheta::python {
namespace {

using gradcheck::JacobianResult;
using py::literals::operator""_a;

/// The entries of a Jacobian: a function in Python that returns them flat, or a flat array; and
/// their places, where it is sparse.
class PythonJacobian {
 public:
  /// `pattern`: None for a dense one, laid out row by row, or (starts, columns) of compressed rows.
  PythonJacobian(const Layout& layout, const py::object& source, const py::object& pattern) {
    if (py::isinstance<py::array>(source)) {
      values_ = source.cast<Array>();
    } else {
      function_ = std::make_unique<PythonVector>(layout, source);
    }
    if (!pattern.is_none()) pattern_ = pattern.cast<Pattern>();
  }

  /// Calls `use` with the Jacobian, which must not outlive this object.
  template <class Use>
  auto with(const Use& use) const {
    if (!function_) return with_source(values_of(values_), use);
    return with_source([f = function_.get()](std::span<const double> x) { return (*f)(x); }, use);
  }

 private:
  using Indices = std::vector<std::size_t>;
  using Pattern = std::pair<Indices, Indices>;

  template <class Source, class Use>
  auto with_source(const Source& source, const Use& use) const {
    if (!pattern_) return use(gradcheck::RowMajor(source));
    return use(gradcheck::SparseRows(pattern_->first, pattern_->second, source));
  }

  Array values_;
  std::unique_ptr<PythonVector> function_;
  std::optional<Pattern> pattern_;
};

gradcheck::VectorFunction returning(const PythonVector& f) {
  return gradcheck::VectorFunction([&f](std::span<const double> x) { return f(x); });
}

/// The reports' replay lines as calls in Python.
JacobianResult in_python_words(JacobianResult result, const char* call, bool manifolds = false) {
  for (gradcheck::JacobianBlock& block : result.blocks) {
    for (gradcheck::JacobianEntry& e : block.worst) {
      if (e.replay.empty()) continue;
      e.replay = *call == '\0' ? std::string()
                               : fmt::format("dtheta.{}, {}, {}, {}{})", call, e.row, e.column,
                                             e.step, manifolds ? ", manifolds=manifolds" : "");
    }
  }
  return result;
}

JacobianResult check_jacobian(const Layout& layout, const py::object& f, const py::object& source,
                              const py::object& pattern, bool hessian, const py::dict& given,
                              const py::object& progress) {
  const PythonVector function(layout, f);
  const PythonJacobian jacobian(layout, source, pattern);
  const gradcheck::JacobianOptions options = jacobian_options_of(given, progress);
  const auto& x = layout.vector();
  auto result = without_lock([&] {
    return jacobian.with([&](const gradcheck::Jacobian& j) {
      return hessian ? gradcheck::check_hessian(returning(function), j, x, options)
                     : gradcheck::check_jacobian(returning(function), j, x, options);
    });
  });
  if (function.wrote()) {
    result.notes.emplace_back(
        "f writes into the x that it is given; here it had a copy, elsewhere its caller will find "
        "x changed");
  }
  return in_python_words(
      std::move(result),
      hessian ? "replay_entry(grad, hessian, theta" : "replay_entry(f, jacobian, x",
      !options.manifolds.empty());
}

/// `kind`: "jvp", "vjp" or "hvp". `direction`: the layout of the product's second argument.
JacobianResult check_product(const std::string& kind, const Layout& layout, const py::object& f,
                             const py::object& product, const Layout& direction,
                             const py::dict& given, const py::object& progress) {
  const PythonVector function(layout, f);
  const PythonVector times(layout, product, &direction);
  gradcheck::ProductOptions options;
  options.check = jacobian_options_of(given, progress);
  read_option(given, "most_units", options.most_units);
  read_option(given, "directions", options.directions);
  read_option(given, "seed", options.seed);
  const gradcheck::DerivativeProduct by(
      [&times](std::span<const double> x, std::span<const double> v) { return times(x, v); });
  const auto& x = layout.vector();
  auto result = without_lock([&] {
    if (kind == "jvp") return gradcheck::check_jvp(returning(function), by, x, options);
    if (kind == "vjp") return gradcheck::check_vjp(returning(function), by, x, options);
    return gradcheck::check_hvp(returning(function), by, x, options);
  });
  return in_python_words(std::move(result), "");  // a product has no single entry to ask for
}

py::dict replay_entry(const Layout& layout, const py::object& f, const py::object& source,
                      const py::object& pattern, std::size_t row, std::size_t column, double step,
                      const py::dict& given) {
  const PythonVector function(layout, f);
  const PythonJacobian jacobian(layout, source, pattern);
  const py::object no_progress = py::none();
  const gradcheck::JacobianOptions options = jacobian_options_of(given, no_progress);
  return fields_of(without_lock([&] {
    return jacobian.with([&](const gradcheck::Jacobian& j) {
      return gradcheck::replay_entry(returning(function), j, layout.vector(), row, column, step,
                                     options);
    });
  }));
}

}  // namespace

void bind_jacobian(py::module_& module) {
  module.def("check_jacobian", &check_jacobian, "layout"_a, "f"_a, "jacobian"_a, "pattern"_a,
             "hessian"_a, "options"_a, "progress"_a);
  module.def("check_product", &check_product, "kind"_a, "layout"_a, "f"_a, "product"_a,
             "direction"_a, "options"_a, "progress"_a);
  module.def("replay_entry", &replay_entry, "layout"_a, "f"_a, "jacobian"_a, "pattern"_a, "row"_a,
             "column"_a, "step"_a, "options"_a);
}

}  // namespace dtheta::python
