#include "tests/gradcheck/random_models.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <random>

namespace gradcheck_test {

RandomModel random_model(std::uint64_t seed) {
  std::mt19937_64 bits(seed * 0x9E3779B97F4A7C15ULL);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(bits() % n); };
  constexpr std::array<Kind, 6> kinds{Kind::tanh,  Kind::relu,        Kind::maxpool,
                                      Kind::hinge, Kind::convolution, Kind::recurrent};
  RandomModel drawn;
  ModelSpec spec;
  spec.kind = kinds[below(kinds.size())];
  const bool wide = spec.kind == Kind::convolution || spec.kind == Kind::recurrent;
  spec.widths = {2 + below(4), 2 * (1 + below(3)), 2 + below(3)};
  if (!wide && below(2) == 0) spec.widths.insert(spec.widths.begin() + 1, 2 * (1 + below(3)));
  spec.examples = 2 + below(5);
  spec.seed = static_cast<unsigned>(bits());
  // Half of the scales near 1, half anywhere; the data against the weights in half of those.
  const double exponent =
      below(2) == 0 ? 0.0 : -6.0 + 12.0 * static_cast<double>(below(1000)) / 999.0;
  spec.scale = std::pow(10.0, exponent);
  if (below(2) == 0) spec.input_scale = std::pow(10.0, -exponent);
  // Zero biases behind a dead layer would put θ exactly on a corner, where no gradient is right.
  spec.zero_bias = below(4) == 0 && spec.widths.size() == 3 && spec.kind != Kind::convolution;
  if (below(3) == 0) spec.l2 = std::pow(10.0, -1.0 - static_cast<double>(below(6)));
  if (below(6) == 0) spec.l1 = std::pow(10.0, -1.0 - static_cast<double>(below(6)));
  drawn.model = make_model(spec);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "1e%+d", static_cast<int>(std::lround(exponent)));
  drawn.decade = text.data();
  // Moving one bias by what closes a unit's distance to its corner, but for a hair.
  // Not at large scales: there J may change its slope back and forth within less than what the
  // noise of J lets any probe see, and no values of J tell a wrong gradient from a right one.
  const bool has_corners = spec.kind != Kind::tanh && spec.kind != Kind::recurrent;
  if (has_corners && exponent <= 2.0 && below(3) == 0) {
    drawn.near_corner =
        approach_corner(drawn.model, std::pow(10.0, -2.0 - static_cast<double>(below(12))));
  }
  return drawn;
}

}  // namespace gradcheck_test
