// Linear regression with every regulariser, each against its solution in closed form.
//
// The columns of the design are orthogonal, X^T X = m I, so that with b = X^T y / m the cost is
//   J(w) = |X w - y|^2 / m + lambda P(w) = |w - b|^2 + lambda P(w) + a constant.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;
using Vector = std::vector<double>;

constexpr Index examples = 60, features = 6;
constexpr double lambda = 0.5, l1_ratio = 0.4, limit = 1;

double soft(double b, double threshold) {
  return std::copysign(std::max(std::abs(b) - threshold, 0.0), b);
}

Vector each(Vector b, const std::function<double(double)>& f) {
  std::ranges::transform(b, b.begin(), f);
  return b;
}

/// The vector in the direction of b whose length is what `f` makes of b's.
Vector scaled(const Vector& b, const std::function<double(double)>& f) {
  double length = 0;
  for (const double v : b) length = std::hypot(length, v);
  return each(b, [&](double v) { return v / length * f(length); });
}

/// Where |w - b|^2 + lambda P(w) is smallest.
Vector closed_form(nn::Penalty penalty, const Vector& b) {
  switch (penalty) {
    case nn::Penalty::l1:
      return each(b, [](double v) { return soft(v, lambda / 2); });
    case nn::Penalty::l2:
      return each(b, [](double v) { return v / (1 + lambda); });
    case nn::Penalty::elastic_net:
      return each(b, [](double v) {
        return soft(v, lambda * l1_ratio / 2) / (1 + lambda * (1 - l1_ratio));
      });
    case nn::Penalty::group_lasso:  // the one row is the group
      return scaled(b, [](double n) { return std::max(n - lambda / 2, 0.0); });
    case nn::Penalty::max_norm:
      return scaled(b, [](double n) { return (n + lambda * std::min(n, limit)) / (1 + lambda); });
    case nn::Penalty::orthogonal:  // of one row: (|w|^2 - 1)^2, the root of a cubic
      return scaled(b, [](double n) {
        double s = n;
        for (int i = 0; i < 50; ++i) {
          s -= (s - n + 2 * lambda * s * (s * s - 1)) / (1 + 2 * lambda * (3 * s * s - 1));
        }
        return s;
      });
  }
  return b;
}

/// X^T y / m, that is (X^T X)^-1 X^T y.
Vector least_squares(const Tensor& x, const Tensor& y) {
  Tape tape;
  const Var w = lstsq(tape.leaf(x, "X"), tape.leaf(y, "y"));
  return {w.data<double>().begin(), w.data<double>().end()};
}

}  // namespace

int main() {
  Tensor x = nn::orthogonal({examples, features}, {.seed = 1}, std::sqrt(double{examples}));
  Tensor y = nn::normal({examples, 1}, 0, 0.3, {.seed = 2});
  const Vector truth{2, -1, 0.2, -0.1, 0.05, 0};
  for (std::size_t i = 0; i < examples; ++i) {
    for (std::size_t k = 0; k < features; ++k) {
      y.data<double>()[i] += truth[k] * x.data<double>()[features * i + k];
    }
  }
  const Vector b = least_squares(x, y);
  const nn::Table data{{"input", x}, {"target", y}};

  using enum nn::Penalty;
  bool right = true;
  for (const nn::Penalty penalty : {l1, l2, elastic_net, group_lasso, max_norm, orthogonal}) {
    const nn::Regularizer term{.penalty = penalty,
                               .lambda = lambda,
                               .convention = nn::Convention::lambda,
                               .l1_ratio = l1_ratio,
                               .max_norm = limit};
    nn::Linear model(features, 1, {.bias = false});
    nn::initialize(model, 1);
    Tape tape;
    const auto check = gradcheck::check_network(
        nn::record_cost(tape, model, x, y, {.loss = nn::Loss::mse, .regularizers = {term}}));
    right = right && check;

    nn::TrainerOptions options{.batch_size = examples, .loss = nn::Loss::mse};
    options.regularizers = {term};
    options.learning_rate = nn::schedule::Cosine{.rate = 0.1, .duration = 2000};
    nn::Trainer(model, data, options).fit(2000);
    const Vector best = closed_form(penalty, b);
    double off = 0;
    for (std::size_t k = 0; k < features; ++k) {
      off = std::max(off, std::abs(model.weight().data<double>()[k] - best[k]));
    }
    fmt::print("{:<12} differs from its closed form by {:.1e}; gradient: {}\n", term.name(), off,
               gradcheck::to_string(check.verdict));
    right = right && off < 2e-5;
  }
  return right ? 0 : 1;
}
