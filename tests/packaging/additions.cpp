// An op, a layer, a loss and an optimiser that the library does not know, in a program that has
// nothing but what is installed: install.sh builds and runs it. Each is used and checked as one of
// the library is.

#include <cmath>
#include <iostream>
#include <span>
#include <vector>

#include "autodiff/autodiff.hpp"
#include "autodiff/elementwise.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/self_test.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

/// exp(-x²).   d exp(-x²) = -2x exp(-x²) dx
struct Bell : Unary<Bell> {
  static constexpr OpInfo info{.name = "bell"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::exp;
    return exp(-x * x);
  }
  static Var slope(Var x, Var y) { return -2 * x * y; }
};

/// A layer: bells over the plane.
class Bells {
 public:
  void fields(nn::Fields& f) { f("place", place_); }
  [[nodiscard]] Var forward(nn::Recording& r, Var x) const { return apply<Bell>(r(place_, x)); }

 private:
  nn::Linear place_{2, 8};
};

/// A loss: the mean of (prediction - target)^4.
Var quartic(Var prediction, Var target) { return mean(square(square(prediction - target))); }

/// An optimiser: p <- p - rate sign(g).
struct SignDescent {
  double rate = 0.01;
  nn::OptimizerStep operator()(std::span<const Var> parameters,
                               std::span<const Var> gradients) const {
    Tape& tape = parameters[0].tape();
    nn::OptimizerStep step{.learning_rate = tape.leaf(Tensor(Shape{}, {rate})), .updates = {}};
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      step.updates.emplace_back(parameters[i],
                                parameters[i] - step.learning_rate * sign(gradients[i]));
    }
    return step;
  }
};

}  // namespace

int main() {
  const gradcheck::OpReport op = gradcheck::self_test<Bell>();
  std::cout << op;

  const Tensor x = nn::uniform({64, 2}, -1, 1, {1, 1});
  Tensor y(Shape{64, 1});
  for (std::size_t i = 0; i < 64; ++i) {
    y.data<double>()[i] = x.data<double>()[2 * i] * x.data<double>()[2 * i + 1];
  }
  nn::Sequential model{Bells(), nn::Linear(8, 1)};
  nn::initialize(model, 1);
  nn::TrainerOptions options{.batch_size = 64, .optimizer = SignDescent{}, .progress = false};
  options.cost = [&](nn::Recording& r, const nn::RecordedBatch& batch) -> nn::CostAndOutput {
    const Var said = r(model, batch["input"]);
    return {quartic(said, batch["target"]), said};
  };
  const nn::Table data{{"input", x}, {"target", y}};
  nn::Trainer trainer(model, data, options);
  const auto epochs = trainer.fit(100).epochs;
  std::cout << "cost " << epochs.front().cost << " -> " << epochs.back().cost << '\n';

  Tape tape;
  nn::Recording r(tape, nn::fields_of(model));
  const Var cost = quartic(r(model, tape.leaf(x)), tape.leaf(y));
  const gradcheck::Result result =
      gradcheck::check_network(cost, gradcheck::checked_leaves(r.parameters()));
  std::cout << result;
  return op && result && epochs.back().cost < epochs.front().cost / 10 ? 0 : 1;
}
