#include "gradcheck/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/badness.hpp"
#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

std::string_view to_string(Method method) {
  if (method == Method::textbook) return "textbook";
  return method == Method::adaptive ? "adaptive" : "comparison";
}

std::string_view to_string(Verdict verdict) {
  if (verdict == Verdict::pass) return "pass";
  return verdict == Verdict::fail ? "fail" : "inconclusive";
}

double Component::error() const { return std::abs(analytic - numeric); }

double Component::z() const {
  const double e = error();
  if (e == 0.0) return 0.0;
  if (std::isnan(e)) return std::numeric_limits<double>::infinity();
  return e / bar;
}

double Component::relative_error() const {
  return relative_difference(std::span(&analytic, 1), std::span(&numeric, 1)).value;
}

bool worse(const Component& a, const Component& b) {
  const auto badness = [](const Component& c) {
    return detail::Badness(c.verdict, c.analytic, c.numeric, c.position);
  };
  return badness(a) < badness(b);
}

std::string replay_call(const Component& component) {
  std::string literal;
  for (const char c : to_string(component.key)) {
    if (c == '"' || c == '\\') literal += '\\';
    literal += c;
  }
  return fmt::format("replay_probe(cost, gradient, theta, \"{}\", {})", literal, component.step);
}

const BlockResult& Result::block(std::string_view name) const {
  const auto found = std::ranges::find(blocks, name, &BlockResult::name);
  if (found == blocks.end()) {
    throw NameError(fmt::format("result: no block called {} was checked", name));
  }
  return *found;
}

std::vector<Component> Result::worst() const {
  std::vector<Component> all;
  for (const BlockResult& block : blocks) {
    all.insert(all.end(), block.worst.begin(), block.worst.end());
  }
  std::ranges::stable_sort(all, worse);
  return all;
}

}  // namespace dtheta::gradcheck
