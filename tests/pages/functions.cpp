// The code of docs/functions.md, and what README says of functions.

#include "autodiff/function.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "autodiff/checkpoint.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/minimize.hpp"

using namespace dtheta;

BOOST_AUTO_TEST_SUITE(functions_page)

BOOST_AUTO_TEST_CASE(a_value_and_its_gradients) {
  auto f = dtheta::function([](Var w, Var b) { return sum(square(w)) * b; });

  const std::vector<double> w{1, 2, 3};
  double y = f(w, 0.5).item();
  const auto& [value, gradients] = f.value_and_grad(w, 0.5);  // df/dw, df/db
  BOOST_TEST(y == 7.0);
  BOOST_TEST(value == 7.0);
  BOOST_TEST((gradients[0] == Tensor(Shape{3}, {1.0, 2.0, 3.0})));
  BOOST_TEST(gradients[1].item() == 14.0);
}

BOOST_AUTO_TEST_CASE(the_lines_of_the_front_page) {
  auto f = dtheta::function([](Var w, Var b) { return sum(square(w)) * b; });
  const Tensor w(Shape{3}, {1.0, 2.0, 3.0});
  const auto& [value, gradients] = f.value_and_grad(w, 0.5);  // w: a vector, a Tensor
  BOOST_TEST(value == 7.0);
  BOOST_TEST(gradients.size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_smallest_value) {
  auto rosenbrock =
      dtheta::function([](Var x, Var y) { return square(1 - x) + 100 * square(y - square(x)); });
  const nn::Minimum m = nn::minimize(std::move(rosenbrock), -1.2, 1.0);  // m.at[0], m.at[1]
  // Where J is below 1e-8, x is within 1e-4 of 1.
  BOOST_TEST(std::abs(m.at[0].item() - 1) < 1e-4);
  BOOST_TEST(std::abs(m.at[1].item() - 1) < 1e-3);
}

BOOST_AUTO_TEST_CASE(a_loop_that_is_recorded_anew) {
  Tape tape;
  const Tensor start(0.5), weight(3.0);
  tape.clear();
  const Var x = tape.leaf(start), w = tape.leaf(weight);
  Var y = x;
  while (y < 10) y = y * w + 1;
  const std::vector<Tensor> gradient = backward(y, {x, w});
  // y = w^3 x + w^2 + w + 1 is the first above 10.
  BOOST_TEST(gradient[0].item() == 27.0);
  BOOST_TEST(gradient[1].item() == 3 * 9 * 0.5 + 2 * 3 + 1);
}

BOOST_AUTO_TEST_CASE(a_chain_of_checkpoints) {
  struct Block {
    Var w;
    [[nodiscard]] Var forward(Var in) const { return sin(in * w); }
  };
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {0.5, -1.0}));
  const std::vector<Var> weights{tape.leaf(Tensor(0.5)), tape.leaf(Tensor(2.0))};
  const std::vector<Block> blocks{{weights[0]}, {weights[1]}};
  const auto loss = [](Var y) { return sum(square(y)); };
  Var plain = x;
  for (const Block& block : blocks) plain = block.forward(plain);
  const std::vector<Var> expected = grad(loss(plain), weights);

  Var h = x;
  for (const Block& block : blocks) {
    h = checkpoint([&](Var in) { return block.forward(in); }, h);
  }
  const std::vector<Var> g = grad(loss(h), weights);
  for (std::size_t i = 0; i < g.size(); ++i) BOOST_TEST((g[i].value() == expected[i].value()));
}

BOOST_AUTO_TEST_SUITE_END()
