// The examples at the heads of autodiff/op.hpp, tape.hpp, plan.hpp and gradcheck/check.hpp.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <iostream>
#include <span>
#include <vector>

#include "autodiff/autodiff.hpp"
#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

using namespace dtheta;

namespace {

struct Cubic {
  static constexpr OpInfo info{.name = "cubic", .analytic = true};
  static ValueType infer(Types in) { return in[0]; }
  template <class T>
  void forward(const Call<T>& call) const {
    const T* x = call.input(0);
    for (Index i = 0; i < call.out_shape().size(); ++i) call.output()[i] = x[i] * x[i] * x[i];
  }
  static Var vjp(int, const Primal& p, Var c) { return c * 3 * square(p[0]); }
  static std::vector<Sample<Cubic>> samples() { return {{{}, {real({2, 3}, {-2, 2})}}}; }
  friend constexpr bool operator==(const Cubic&, const Cubic&) = default;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(headers_page)

BOOST_AUTO_TEST_CASE(an_op_is_right) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {2.0, -1.0}));
  const Var y = apply<Cubic>(x);
  BOOST_TEST((y.value() == Tensor(Shape{2}, {8.0, -1.0})));
  const gradcheck::OpReport report = gradcheck::self_test<Cubic>();
  BOOST_TEST(bool(report), report);
}

BOOST_AUTO_TEST_CASE(a_tape_and_a_plan_of_it) {
  Tape tape;
  const Var w = tape.leaf(Tensor(Shape{2}, {3.0, 4.0}), "w");
  const Var J = sum(square(w));   // evaluated at once: 25
  const Var g = grad(J, w);       // more records of the same tape: 6 and 8
  const Var h = grad(sum(g), w);  // and of their derivatives: 2 and 2
  BOOST_TEST(J.item() == 25.0);
  BOOST_TEST((g.value() == Tensor(Shape{2}, {6.0, 8.0})));
  BOOST_TEST((h.value() == Tensor(Shape{2}, {2.0, 2.0})));

  const Plan descent({J, g}, {.updates = {{w, w - 0.25 * g}}});
  Workspace<float> ws(descent);  // of the values in float, whatever the precision of the tape
  ws.run();                      // J and g at (3, 4); then w is (1.5, 2)
  ws.run();
  const float cost = ws[J][0];  // 6.25
  ws.leaf(w)[0] = 0;            // another w for the next run
  BOOST_TEST(cost == 6.25F);
  ws.run();
  BOOST_TEST(ws[J][0] == 1.0F);
}

BOOST_AUTO_TEST_CASE(a_check) {
  using namespace dtheta::gradcheck;
  const auto cost = [](std::span<const double> t) { return t[0] * t[0] + std::sin(t[1]); };
  const auto gradient = [](std::span<const double> t) {
    return std::vector{2 * t[0], std::cos(t[1])};
  };
  const std::vector<double> theta{0.5, 2};
  const Result result = check(cost, gradient, theta);
  if (!result) std::cout << result;  // gradcheck/report.hpp: which entries, how far off, and why
  BOOST_TEST(bool(result));
}

BOOST_AUTO_TEST_SUITE_END()
