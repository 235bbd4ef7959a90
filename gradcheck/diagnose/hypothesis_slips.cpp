// Hypotheses about elementwise functions whose derivative was written with a slip: the error of an
// entry is then a function of that entry of θ alone.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

using Function = double (*)(double);

/// A derivative as it should be and as it was written; whatever stands before it is the same.
struct Slip {
  Function right;
  Function written;
  const char* sentence;
};

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
double tanh_slope(double x) { return 1.0 - std::tanh(x) * std::tanh(x); }
double sigmoid_slope(double x) { return sigmoid(x) * sigmoid(-x); }
double one(double /*x*/) { return 1.0; }

/// x·σ(βx).
template <int thousandths>
double swish_slope(double x) {
  constexpr double beta = thousandths / 1000.0;
  const double s = sigmoid(beta * x);
  return s + beta * x * s * (1.0 - s);
}

double normal_density(double x) {
  return std::exp(-0.5 * x * x) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
}
double normal_part(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double gelu_slope(double x) { return normal_part(x) + x * normal_density(x); }

/// ½x(1 + tanh u), u = √(2/π)(x + 0.044715 x³), with u' = √(2/π)(1 + power·0.044715 x²)·scale.
double tanh_gelu_slope(double x, double power, double scale) {
  constexpr double c = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
  const double t = std::tanh(c * (x + 0.044715 * x * x * x));
  return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * scale * (1.0 + power * 0.044715 * x * x);
}
constexpr double gelu_scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;

// The first that explains a block wins: what needs no activation stands first.
constexpr std::array<Slip, 21> slips{{
    {one, [](double x) { return x; }, "theta itself is a factor too many"},
    {one, [](double x) { return 1.0 / x; }, "a factor theta is missing"},
    {one, [](double x) { return x * x; }, "the square of theta is a factor too many"},
    {one, [](double x) { return 1.0 / (x * x); }, "a factor theta squared is missing"},
    {[](double x) { return std::cos(x); }, [](double x) { return std::sin(x); },
     "sin x stands where its derivative cos x is due"},
    {tanh_slope, [](double x) { return 1.0 - x * x; },
     "1 - x^2 stands where 1 - tanh(x)^2 is due: x in place of tanh x"},
    {tanh_slope, [](double x) { return tanh_slope(std::tanh(x)); },
     "1 - tanh(tanh x)^2 stands where 1 - tanh(x)^2 is due: the output of tanh was put through it "
     "again"},
    {tanh_slope, [](double x) { return 1.0 - std::tanh(x); },
     "1 - tanh x stands where 1 - tanh(x)^2 is due: a square is missing"},
    {tanh_slope, [](double x) { return 1.0 + std::tanh(x) * std::tanh(x); },
     "1 + tanh(x)^2 stands where 1 - tanh(x)^2 is due"},
    {sigmoid_slope, [](double x) { return x * (1.0 - x); },
     "x (1 - x) stands where s (1 - s) with s = sigmoid(x) is due: x in place of sigmoid(x)"},
    {sigmoid_slope, [](double x) { return sigmoid_slope(sigmoid(x)); },
     "the output of sigmoid was put through it again before s (1 - s) was formed"},
    {sigmoid_slope, sigmoid,
     "sigmoid(x) stands where s (1 - s) is due: the factor 1 - s is missing"},
    {sigmoid_slope, [](double x) { return sigmoid(-x); },
     "1 - sigmoid(x) stands where s (1 - s) is due: the factor s is missing"},
    {swish_slope<1702>,
     [](double x) {
       const double s = sigmoid(1.702 * x);
       return s + x * s * (1.0 - s);
     },
     "the 1.702 is missing in s + 1.702 x s (1 - s), the derivative of x sigmoid(1.702 x)"},
    {swish_slope<1702>, [](double x) { return sigmoid(1.702 * x); },
     "sigmoid(1.702 x) stands where s + 1.702 x s (1 - s) is due: half of the product rule is "
     "missing"},
    {swish_slope<1702>, swish_slope<1000>,
     "the derivative of x sigmoid(x) stands where that of x sigmoid(1.702 x) is due"},
    {swish_slope<1000>, sigmoid,
     "sigmoid(x) stands where s + x s (1 - s) is due: half of the product rule of x sigmoid(x) is "
     "missing"},
    {gelu_slope, normal_part,
     "half of the product rule of the gelu is missing: x times the normal density"},
    {[](double x) { return tanh_gelu_slope(x, 3.0, gelu_scale); },
     [](double x) { return tanh_gelu_slope(x, 1.0, gelu_scale); },
     "the 3 of the cube's derivative is missing in the tanh form of the gelu"},
    {[](double x) { return tanh_gelu_slope(x, 3.0, gelu_scale); },
     [](double x) { return tanh_gelu_slope(x, 3.0, 1.0); },
     "the inner sqrt(2/pi) is missing in the tanh form of the gelu"},
    {[](double x) { return tanh_gelu_slope(x, 3.0, gelu_scale); },
     [](double x) { return tanh_gelu_slope(x, 0.0, gelu_scale); },
     "the cube is not differentiated in the tanh form of the gelu"},
}};

/// The confidence with which a slip explains the block; 0 where it cannot be told.
double confidence_in(const Evidence& e, const Slip& slip) {
  std::vector<double> guess(e.size(), 0.0);
  double slack = 1.0;
  double first = 0.0;
  bool varies = false;  // a ratio that is the same everywhere is a factor and no slip
  for (std::size_t i = 0; i < e.size(); ++i) {
    if (!e.usable[i]) continue;
    const double ratio = slip.written(e.theta[i]) / slip.right(e.theta[i]);
    if (!std::isfinite(ratio)) return 0.0;
    if (first == 0.0) first = ratio;
    varies = varies || std::abs(ratio - first) > 1e-3 * std::abs(first);
    guess[i] = e.numeric[i] * ratio;
    slack = std::max(slack, std::abs(ratio));
  }
  const Fit fit = fit_of(e, guess, slack);
  // Twenty guesses at one number: chance needs more than one witness, and next to no slack beside
  // the bars (those of the textbook are one rounding wide).
  constexpr double slack_beside = 1e-5;
  if (!varies || fit.witnesses < 2 || !(fit.within_bars || fit.remaining < slack_beside)) {
    return 0.0;
  }
  return (fit.witnesses == 2 ? 0.75 : 0.95) * confidence_of(fit, 0, true);
}

}  // namespace

void suspect_slips(const Evidence& e, std::vector<Cause>& causes) {
  if (e.theta.empty()) return;
  for (const Slip& slip : slips) {
    const double confidence = confidence_in(e, slip);
    if (confidence == 0.0) continue;
    causes.push_back(
        {Pattern::slip, 0.0, confidence,
         fmt::format("off by a function of theta, entry by entry: {}", slip.sentence)});
    return;
  }
}

}  // namespace dtheta::gradcheck::detail
