// Factors that programmers forget or write twice, by their names.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "gradcheck/diagnose/hypothesis.hpp"

namespace dtheta::gradcheck::detail {
namespace {

struct Known {
  double value;
  const char* text;
  const char* meaning;
};
constexpr std::array<Known, 10> known{{
    {-1.0, "-1", "a sign is wrong (minus the gradient, or target and prediction exchanged)"},
    {2.0, "2", "accumulated twice, or the derivative of a square whose 1/2 was forgotten"},
    {0.5, "1/2", "a factor 2 of a square's derivative was forgotten, or one of two uses counted"},
    {-2.0, "-2", "a sign is wrong and something is counted twice"},
    {3.0, "3", "accumulated three times"},
    {4.0, "4", "counted twice, twice over"},
    {57.295779513082321, "180/pi", "by radians where J takes degrees"},
    {0.017453292519943296, "pi/180", "by degrees where J takes radians"},
    {2.3025850929940457, "log(10)", "a logarithm to base 10, derived as a natural one"},
    {0.43429448190325183, "1/log(10)", "a natural logarithm, derived as one to base 10"},
}};

class Naming {
 public:
  Naming(double factor, double uncertainty) : factor_(factor), within_(uncertainty + 1e-6) {}

  [[nodiscard]] bool is(double value) const {
    return std::abs(factor_ - value) <= within_ * std::abs(value);
  }

  [[nodiscard]] NamedFactor of_examples(std::size_t examples) const {
    const auto m = static_cast<double>(examples);
    if (is(m)) {
      return {fmt::format("m = {}", examples),
              "the sum over the examples was not divided by their number", true};
    }
    if (is(1.0 / m)) {
      return {fmt::format("1/m (m = {})", examples),
              "the division by the number of examples was made twice", true};
    }
    if (is(m / (m - 1.0)) || is((m - 1.0) / m)) {
      return {factor_ > 1.0 ? "m/(m-1)" : "(m-1)/m", "one place divides by m, the other by m - 1",
              true};
    }
    return {};
  }

  /// Whole numbers and their inverses, where the factor is known well enough to tell them apart.
  [[nodiscard]] NamedFactor of_counts() const {
    const double size = std::abs(factor_);
    const bool inverse = size < 1.0;
    const double count = std::round(inverse ? 1.0 / size : size);
    if (factor_ < 0.0 || count < 5.0 || within_ * count > 0.02) return {};
    if (!is(inverse ? 1.0 / count : count)) return {};
    const std::string number = fmt::format("{:.0f}", count);
    return inverse
               ? NamedFactor{"1/" + number,
                             fmt::format("divided by {0} once too often; is {0} the number of "
                                         "examples, of outputs or of time steps?",
                                         number),
                             true}
               : NamedFactor{number,
                             fmt::format("a division by {0} was forgotten; is {0} the number of "
                                         "examples, of outputs or of time steps?",
                                         number),
                             true};
  }

 private:
  double factor_;
  double within_;
};

}  // namespace

NamedFactor name_factor(double factor, double uncertainty, std::size_t examples) {
  const Naming naming(factor, uncertainty);
  for (const Known& k : known) {
    if (naming.is(k.value)) return {k.text, k.meaning, true};
  }
  if (examples > 1) {
    NamedFactor name = naming.of_examples(examples);
    if (name.named) return name;
  }
  NamedFactor name = naming.of_counts();
  if (name.named) return name;
  return {fmt::format("{:.9g}", factor), "a constant factor in this block's backward step", false};
}

}  // namespace dtheta::gradcheck::detail
