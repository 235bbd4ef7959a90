// An op of one's own: defined in one place, used like any other, and held to the same standard.

#include <cmath>
#include <iostream>

#include "autodiff/elementwise.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace {

using dtheta::Var;

/// A damped wave, exp(-x²) x.   d(exp(-x²) x) = (1 - 2x²) exp(-x²) dx
struct Wavelet : dtheta::Unary<Wavelet> {
  static constexpr dtheta::OpInfo info{.name = "wavelet"};
  static constexpr dtheta::Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    using std::exp;
    return exp(-x * x) * x;
  }
  static Var slope(Var x, Var) { return (1 - 2 * square(x)) * exp(-square(x)); }
};

}  // namespace

int main() {
  using namespace dtheta;
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{3}, {-1.0, 0.0, 0.5}), "x");
  const Var y = apply<Wavelet>(x);
  const Var total = sum(y), g = grad(total, x);
  std::cout << "sum of y = " << total.item() << ", its gradient =";
  for (double v : g.data<double>()) std::cout << ' ' << v;
  std::cout << '\n';

  const gradcheck::OpReport report = gradcheck::self_test<Wavelet>();
  std::cout << report;
  return report ? 0 : 1;
}
