#include "options.hpp"

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "callback.hpp"

namespace dtheta::python {
namespace {

gradcheck::Method method_of(const std::string& word) {
  if (word == "adaptive") return gradcheck::Method::adaptive;
  if (word == "textbook") return gradcheck::Method::textbook;
  throw py::value_error("method: '" + word + "' is neither 'adaptive' nor 'textbook'");
}

gradcheck::Budget budget_of(const std::map<std::string, double>& given) {
  gradcheck::Budget budget;
  if (const auto seconds = given.find("seconds"); seconds != given.end()) {
    budget.seconds = seconds->second;
  }
  if (const auto most = given.find("evaluations"); most != given.end()) {
    budget.evaluations = static_cast<std::size_t>(most->second);
  }
  return budget;
}

void read_hints(const py::dict& options, gradcheck::Hints& hints) {
  read_option(options, "examples", hints.examples);
  read_option(options, "l1", hints.l1);
  read_option(options, "l2", hints.l2);
  read_option(options, "previous", hints.previous);
  std::map<std::string, std::vector<double>> suspects;
  read_option(options, "suspects", suspects);
  for (auto& [name, values] : suspects) hints.suspects.push_back({name, std::move(values)});
}

}  // namespace

std::function<bool(const gradcheck::Progress&)> progress_of(const py::object& callback) {
  // A reference: copies of this function are made without the interpreter's lock.
  return [&callback](const gradcheck::Progress& p) {
    return in_python([&] {
      if (callback.is_none()) return true;
      return !callback(p.done, p.total, p.evaluations, p.seconds).is(py::bool_(false));
    });
  };
}

gradcheck::Options options_of(const py::dict& given, const py::object& progress) {
  gradcheck::Options options;
  std::string method = "adaptive";
  read_option(given, "method", method);
  options.method = method_of(method);
  read_option(given, "epsilon", options.epsilon);
  read_option(given, "tolerance", options.tolerance);
  read_option(given, "gradient_roundoff", options.gradient_roundoff);
  read_option(given, "blocks", options.blocks);
  read_option(given, "layers", options.layers);
  read_option(given, "worst_entries", options.worst_entries);
  read_option(given, "threads", options.threads);
  read_option(given, "known_corners", options.known_corners);
  std::map<std::string, double> budget;
  read_option(given, "budget", budget);
  if (!budget.empty()) options.budget = budget_of(budget);
  read_hints(given, options.hints);
  options.progress = progress_of(progress);
  return options;
}

gradcheck::JacobianOptions jacobian_options_of(const py::dict& given, const py::object& progress) {
  gradcheck::JacobianOptions options;
  std::vector<std::pair<std::string, std::vector<std::size_t>>> outputs;
  read_option(given, "outputs", outputs);
  for (auto& [name, shape] : outputs) options.outputs.push_back({name, std::move(shape)});
  std::map<std::string, gradcheck::Manifold> manifolds;
  read_option(given, "manifolds", manifolds);
  for (auto& [block, manifold] : manifolds) options.manifolds.push_back({block, manifold});
  read_option(given, "blocks", options.blocks);
  read_option(given, "tolerance", options.tolerance);
  read_option(given, "jacobian_roundoff", options.jacobian_roundoff);
  read_option(given, "worst_entries", options.worst_entries);
  read_option(given, "threads", options.threads);
  read_option(given, "weights", options.hints.weights);
  read_option(given, "known_corners", options.known_corners);
  options.progress = progress_of(progress);
  return options;
}

}  // namespace dtheta::python
