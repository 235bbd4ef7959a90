// NaN among the operands. Where a value is NaN because of it the gradient is too, unless it is the
// same for all values of that operand; where no value is, the gradient is not either.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/bridge/ops/edges/edge_case.hpp"

namespace dtheta::gradcheck {
namespace {

class NanTest {
 public:
  NanTest(EdgeCase& c, EdgeReport& report, std::size_t moved)
      : case_(c), report_(report), moved_(moved), at_(c.base()) {
    element(at_, moved_) = Quad(std::numeric_limits<double>::quiet_NaN());
  }

  void run() {
    const auto found = case_.at<double>(at_);
    if (!found) return;  // it says so
    const auto is_nan = [](double v) { return std::isnan(v); };
    const auto nans = static_cast<std::size_t>(std::ranges::count_if(found->value, is_nan));
    if (found->value.empty()) return;
    ++report_.cell.draws;
    if (nans == 0) {
      const auto bad = std::ranges::find_if(found->gradient, is_nan);
      // The operand itself is NaN: what it receives, nobody else does.
      const auto where = static_cast<std::size_t>(bad - found->gradient.begin());
      if (bad != found->gradient.end() && where != moved_) {
        fail(fmt::format("gradient {} is NaN, no value is", where));
      }
      return;
    }
    const std::vector<bool> varies = which_vary();
    if (varies[moved_] && !is_nan(found->gradient[moved_])) {
      return fail(
          fmt::format("gradient {} is {:.6g}, the value is NaN", moved_, found->gradient[moved_]));
    }
    // Others may belong to values that are not, unless there is but one.
    if (nans != 1 || found->value.size() != 1) return;
    for (std::size_t i = 0; i < varies.size(); ++i) {
      if (!varies[i] || is_nan(found->gradient[i])) continue;
      return fail(fmt::format("gradient {} is {:.6g}, the value is NaN", i, found->gradient[i]));
    }
  }

 private:
  /// The entries of the gradient that depend on the operand's element.
  std::vector<bool> which_vary() {
    const auto base = case_.at<Quad>(case_.base());
    std::vector<bool> varies(case_.element_count(), false);
    if (!base) return varies;
    const Quad x = element(at_ = case_.base(), moved_);
    for (const Quad v : {Quad(-3) * x - Quad(1), Quad(1000), Quad(-1000), Quad(0.4375)}) {
      Point p = case_.base();
      element(p, moved_) = v;
      const auto there = case_.at<Quad>(p);
      if (!there) continue;
      for (std::size_t i = 0; i < varies.size(); ++i) {
        if (!isnan(there->gradient[i]) && there->gradient[i] != base->gradient[i]) varies[i] = true;
      }
    }
    element(at_, moved_) = Quad(std::numeric_limits<double>::quiet_NaN());
    return varies;
  }

  void fail(std::string_view what) { report_.fail(fmt::format("at {}: {}", to_string(at_), what)); }

  EdgeCase& case_;
  EdgeReport& report_;
  std::size_t moved_;
  Point at_;
};

/// Where a function of one number has no value it has no slope: log(-1), say.
void test_outside_of_domain(EdgeCase& c, EdgeReport& report) {
  for (const double x : {-7.5, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 7.5}) {
    Point p = c.base();
    element(p, 0) = Quad(x);
    const auto found = c.at<double>(p);
    if (!found || found->value.size() != 1 || !std::isnan(found->value[0])) continue;
    ++report.cell.draws;
    if (std::isnan(found->gradient[0])) continue;
    report.fail(fmt::format("at {}: gradient {:.6g}, the value is NaN", x, found->gradient[0]));
  }
}

}  // namespace

void test_nan(EdgeCase& c, std::uint64_t seed, EdgeReport report) {
  std::mt19937_64 random(seed);
  if (c.element_count() == 1) test_outside_of_domain(c, report);
  std::size_t first = 0;
  for (const auto& operand : c.base()) {
    const std::size_t n = operand.size();
    for (std::size_t trial = 0; trial < std::min<std::size_t>(n, 3); ++trial) {
      NanTest(c, report, first + (n <= 3 ? trial : random() % n)).run();
    }
    first += n;
  }
}

}  // namespace dtheta::gradcheck
