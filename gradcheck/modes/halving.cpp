#include "gradcheck/modes/halving.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/slope.hpp"

namespace dtheta::gradcheck::detail {
namespace {

class Halving {
 public:
  Halving(const Lines& lines, const WrongLine& wrong, std::size_t most,
          const std::function<bool()>& proceed)
      : lines_(lines), wrong_(wrong), most_(most), proceed_(proceed) {}

  Halves run() {
    keep(measured(wrong_.line));
    while (!suspects_.empty() && found_.positions.size() < most_ && proceed_()) {
      const auto worst = std::ranges::max_element(suspects_, {}, &Part::size);
      const Part part = *worst;
      suspects_.erase(worst);
      look_into(part);
    }
    found_.complete = found_.complete && suspects_.empty();
    std::ranges::sort(found_.positions);
    return std::move(found_);
  }

 private:
  struct Part {
    Line line;
    double off = 0.0;  // J's slope minus the claimed one
    double bar = 0.0;
    bool measured = false;

    [[nodiscard]] double size() const { return std::isnan(off) ? 0.0 : std::abs(off); }
    [[nodiscard]] bool wrong() const { return std::abs(off) > bar; }  // false for NaN
  };

  Part measured(const Line& line) {
    const auto at = points(Side::both, 0.0, wrong_.step);
    std::array<Probe, 4> probes{};
    std::array<double, 4> values{};
    for (std::size_t k = 0; k < 4; ++k) probes[k] = {0, at[k]};
    lines_.answer(std::span(&line, 1), probes, values);
    ++found_.tests;
    found_.evaluations += values.size();
    const Slope slope = measure(Side::both, 0.0, wrong_.step, wrong_.cost, values);
    const double noise = noise_margin * slope.noise_gain * wrong_.noise / wrong_.step;
    return {line, slope.value - lines_.claimed(line), slope.cautious_truncation() + noise, true};
  }

  bool keep(const Part& part) {
    if (part.wrong()) suspects_.push_back(part);
    return part.wrong();
  }

  void look_into(const Part& part) {
    const auto [first, last, key] = part.line;
    if (last - first == 1) {
      if (part.measured || measured(part.line).wrong()) found_.positions.push_back(first);
      return;
    }
    const std::size_t middle = first + (last - first) / 2;
    const Part left = measured({first, middle, key});
    Part right{{middle, last, key}, part.off - left.off, part.bar + left.bar, false};
    constexpr double clear = 4.0;  // bars; sums of them grow with each halving
    const bool nothing = std::abs(right.off) <= right.bar && left.wrong();
    if (!nothing && !(right.size() > clear * right.bar)) right = measured(right.line);
    const bool any = keep(left);
    if (!nothing && keep(right)) return;
    if (!any) found_.complete = false;  // too small to be told from the bars
  }

  const Lines& lines_;
  const WrongLine& wrong_;
  std::size_t most_;
  const std::function<bool()>& proceed_;
  std::vector<Part> suspects_;
  Halves found_;
};

}  // namespace

Halves find_by_halves(const Lines& lines, const WrongLine& wrong, std::size_t most,
                      const std::function<bool()>& proceed) {
  return Halving(lines, wrong, most, proceed).run();
}

}  // namespace dtheta::gradcheck::detail
