#include "nn/train/anomaly.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <string>
#include <vector>

namespace dtheta::nn {
namespace {

std::string number(double v) {
  return std::isnan(v) ? std::string("nan") : fmt::format("{:.6g}", v);
}

}  // namespace

std::string Anomaly::message() const {
  constexpr std::size_t shown = 16;
  std::vector<std::string> some;
  for (const Index r : rows) {
    if (some.size() == shown) {
      some.emplace_back("...");
      break;
    }
    some.push_back(std::to_string(r));
  }
  std::string text = fmt::format("trainer: {} is {} at step {} of epoch {}, rows {}", of,
                                 number(value), step, epoch, fmt::join(some, ", "));
  for (std::size_t i = 0; i < trail.size(); ++i) {
    text += fmt::format("\n  {} {}", i == 0 ? "first" : "then", trail[i].sentence());
    if (trail[i].example && static_cast<std::size_t>(*trail[i].example) < rows.size()) {
      text += fmt::format("\n    of row {} of the training data",
                          rows[static_cast<std::size_t>(*trail[i].example)]);
    }
  }
  return text;
}

}  // namespace dtheta::nn
