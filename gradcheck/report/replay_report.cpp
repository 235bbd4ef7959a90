#include <fmt/color.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>

#include "gradcheck/replay.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

std::string_view conclusion(Verdict verdict) {
  if (verdict == Verdict::fail) return "fail: the difference excludes the analytic value";
  if (verdict == Verdict::pass) return "pass: they agree within the tolerance";
  return "inconclusive: they agree within the bar, which is wider than the tolerance";
}

fmt::text_style style_of(Verdict verdict) {
  if (verdict == Verdict::pass) return fmt::fg(fmt::terminal_color::green);
  return fmt::fg(verdict == Verdict::fail ? fmt::terminal_color::red : fmt::terminal_color::yellow);
}

}  // namespace

std::string report(const ProbeReplay& replay, bool colour) {
  const Component& c = replay.component;
  std::string text = fmt::format(
      "{}: entry {} of {} ({}), entry {} of theta, layer {}\n", detail::readable(to_string(c.key)),
      c.position - replay.block.offset, detail::readable(replay.block.name),
      fmt::join(replay.block.shape, ", "), c.position, replay.block.layer);
  const auto line = [&]<class... T>(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(text), format, std::forward<T>(arguments)...);
    text += '\n';
  };
  line("  step h = {}", c.step);
  const auto value = [&](double offset, double at, double cost) {
    const char sign = offset < 0.0 ? '-' : '+';
    const double size = std::abs(offset);
    const std::string move = size == 0.0   ? ""
                             : size == 1.0 ? fmt::format(" {} h", sign)
                                           : fmt::format(" {} {:.4g}h", sign, size);
    line("  {:<17} {:>25.17e}   at {}", fmt::format("J(theta{})", move), cost, at);
  };
  bool centre_shown = false;
  for (const ReplayedValue& v : replay.values) {
    if (v.offset > 0.0 && !std::exchange(centre_shown, true)) value(0, replay.theta, replay.cost);
    value(v.offset, v.theta, v.cost);
  }
  if (!centre_shown) value(0, replay.theta, replay.cost);
  line("  two-sided         {:>25.17e}", replay.two_sided);
  line("  fourth order      {:>25.17e}   noise of J {:.2e}", replay.fourth_order, replay.noise);
  line("  analytic          {:>25.17e}", c.analytic);
  line("  apart             {:>25.3e}   bar {:.3e}, {:.3g} bars", c.error(), c.bar, c.z());
  const std::string verdict(conclusion(c.verdict));
  line("  {}", colour ? fmt::format(style_of(c.verdict), "{}", verdict) : verdict);
  return text;
}

std::ostream& operator<<(std::ostream& out, const ProbeReplay& replay) {
  return out << report(replay);
}

}  // namespace dtheta::gradcheck
