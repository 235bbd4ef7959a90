// How close the numeric gradient comes to the exact one, and what it costs. The net is smooth:
// 20-32-16-10, tanh, softmax cross-entropy with L2, 1370 parameters. Argument: number of seeds (5).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/models.hpp"

namespace {

namespace gc = dtheta::gradcheck;

/// ‖numeric − exact‖₂ / ‖exact‖₂. The exact gradient is the tape's, right to some roundings.
double relative_error(const gc::Result& result, const std::vector<double>& exact) {
  double squares = 0.0;
  double whole = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    squares += (result.numeric[i] - exact[i]) * (result.numeric[i] - exact[i]);
    whole += exact[i] * exact[i];
  }
  return std::sqrt(squares / whole);
}

struct Row {
  double worst_error = 0.0;
  double evaluations = 0.0;  // per parameter
};

void add(Row& row, const gradcheck_test::Model& model, gc::Method method, int seeds) {
  gc::Options options;
  options.method = method;
  const gc::Result result = gc::check(model.cost, model.right, model.theta, options);
  row.worst_error = std::max(row.worst_error, relative_error(result, model.right));
  row.evaluations += static_cast<double>(result.evaluations) /
                     static_cast<double>(model.theta.size()) / static_cast<double>(seeds);
}

}  // namespace

int main(int argc, char** argv) {
  const int seeds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  Row textbook, adaptive;
  for (int seed = 1; seed <= seeds; ++seed) {
    gradcheck_test::ModelSpec spec;
    spec.widths = {20, 32, 16, 10};
    spec.examples = 16;
    spec.seed = static_cast<unsigned>(seed);
    spec.l2 = 1e-3;
    const auto model = gradcheck_test::make_model(spec);
    add(textbook, model, gc::Method::textbook, seeds);
    add(adaptive, model, gc::Method::adaptive, seeds);
  }
  fmt::print("| method | worst error of {} nets | evaluations per parameter |\n|---|---|---|\n",
             seeds);
  fmt::print("| textbook | {:.1e} | {:.2f} |\n", textbook.worst_error, textbook.evaluations);
  fmt::print("| adaptive | {:.1e} | {:.2f} |\n", adaptive.worst_error, adaptive.evaluations);
}
