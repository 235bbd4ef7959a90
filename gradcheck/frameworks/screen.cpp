#include "gradcheck/frameworks/screen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck {
namespace {

template <class AnyResult>
TestOutcome outcome_of(const AnyResult& result) {
  if (result) return {true, {}};
  return {false, one_screen(report(result))};
}

}  // namespace

std::string one_screen(std::string_view report, std::size_t broken_after) {
  constexpr std::size_t most_lines = 40, most_columns = 160;
  std::string text;
  std::size_t lines = 0, left_out = 0;
  while (!report.empty()) {
    const std::size_t end = report.find('\n');
    const std::string_view line = report.substr(0, end);
    report.remove_prefix(end == std::string_view::npos ? report.size() : end + 1);
    const std::size_t shown = std::min(line.size(), most_columns);
    lines += std::max<std::size_t>(1, (shown + broken_after - 1) / broken_after);
    if (lines >= most_lines) {
      ++left_out;
      continue;
    }
    text += line.substr(0, most_columns);
    text += line.size() > most_columns ? "...\n" : "\n";
  }
  if (left_out > 0) text += fmt::format("({} more lines)\n", left_out);
  return text;
}

TestOutcome test_gradient(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                          const Options& options) {
  return outcome_of(check(cost, gradient, theta, options));
}

TestOutcome test_gradient(const Cost& cost, const Gradient& gradient, std::span<const double> theta,
                          const Options& options) {
  return outcome_of(check(cost, gradient, theta, options));
}

TestOutcome test_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                          const ParameterVector& x, const JacobianOptions& options) {
  return outcome_of(check_jacobian(f, jacobian, x, options));
}

TestOutcome test_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                          std::span<const double> x, const JacobianOptions& options) {
  return outcome_of(check_jacobian(f, jacobian, x, options));
}

}  // namespace dtheta::gradcheck
