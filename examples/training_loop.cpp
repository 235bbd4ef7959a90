// A training loop of one's own: record a step once, with a layer of one's own in it, compile it
// together with the optimiser's updates, and replay it. A monitor looks at the gradient now and
// then.

#include <cstdio>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

/// x + tanh(x W^T + b): a layer is anything that records what it computes.
class Residual {
 public:
  Residual(Index width, RandomKey key) : inner_(width, width, key) {}
  [[nodiscard]] Var forward(nn::Recording& recording, Var x) const {
    return x + tanh(recording(inner_, x));
  }
  void fields(nn::Fields& fields) { fields("inner", inner_); }

 private:
  nn::Linear inner_;
};

}  // namespace

int main() {
  // Is x y > 0? 256 points of the square.
  const Tensor x = nn::uniform({256, 2}, -1, 1, {.seed = 1});
  Tensor y(Shape{256, 1});
  for (std::size_t i = 0; i < 256; ++i) {
    y.data<double>()[i] = x.data<double>()[2 * i] * x.data<double>()[2 * i + 1] > 0 ? 1 : 0;
  }

  nn::Sequential model{nn::Linear(2, 16, {1, 1}), Residual(16, {1, 2}), Residual(16, {1, 3}),
                       nn::Linear(16, 1, {1, 4})};

  Tape tape;
  const nn::RecordedCost r =
      nn::record_cost(tape, model, x, y, {.loss = nn::Loss::binary_cross_entropy_with_logits});
  const std::vector<Var> parameters = nn::leaves_of(r.parameters);
  const nn::Adam adam{.learning_rate = 0.01};
  const std::vector<Var> gradient = grad(r.cost, parameters);
  const nn::OptimizerStep step = adam(parameters, gradient);

  std::vector<Var> outputs{r.cost};
  outputs.insert(outputs.end(), gradient.begin(), gradient.end());
  Workspace<float> ws(Plan(outputs, {.updates = step.updates}));
  // Throws if the gradient goes bad; of dJ in float, whatever the precision of the tape.
  gradcheck::TapeMonitor monitor(r.cost, gradcheck::checked_leaves(r.parameters),
                                 {.gradient_roundoff = 0x1p-24});
  for (std::size_t i = 0; i <= 500; ++i) {
    monitor.before(i, ws);
    ws.run();
    monitor.after(i, ws, gradient);
    if (i % 100 == 0) std::printf("step %3zu  cost %.4f\n", i, static_cast<double>(ws[r.cost][0]));
  }
  return ws[r.cost][0] < 0.1F ? 0 : 1;
}
