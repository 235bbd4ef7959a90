// What can be said of all entries of a rectangle at once.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/jacobian/patch.hpp"

namespace dtheta::gradcheck::detail {
namespace {

void suspect_not_finite(const Patch& patch, std::vector<JacobianCause>& causes) {
  std::size_t unwritten = 0, bad = 0, first = patch.size();
  for (std::size_t e = 0; e < patch.size(); ++e) {
    if (std::isfinite(patch.analytic[e])) continue;
    ++(is_unwritten(patch.analytic[e]) ? unwritten : bad);
    first = std::min(first, e);
  }
  if (unwritten + bad == 0) return;
  const std::string place = fmt::format("{} by {}", patch.row_names[first / patch.columns],
                                        patch.column_names[first % patch.columns]);
  causes.push_back({JacobianPattern::not_finite, static_cast<double>(unwritten + bad), 1.0, place,
                    unwritten > 0
                        ? fmt::format("{}: {} of {} entries were never written, first {}; or they "
                                      "were added to what the buffer held",
                                      patch.name, unwritten, patch.size(), place)
                        : fmt::format("{}: {} of {} entries are not finite, first {}", patch.name,
                                      bad, patch.size(), place)});
}

void suspect_zero(const Patch& patch, std::vector<JacobianCause>& causes) {
  const PatchFit fit = fit_of(patch, [](std::size_t, std::size_t, double& bar) {
    bar = 0.0;
    return 0.0;
  });
  if (!fit.explains) return;
  causes.push_back(
      {JacobianPattern::zero, 0.0, std::max(0.75, sureness_of(fit.witnesses, 0)), patch.name,
       fmt::format("{}: all zero, but f does move: the block was not filled", patch.name)});
}

void suspect_factor(const Patch& patch, std::vector<JacobianCause>& causes) {
  const Ratio ratio = ratio_over(patch, all_entries(patch));
  bool wrong = false;
  for (std::size_t e = 0; e < patch.size(); ++e) wrong |= patch.usable[e] && patch.wrong(e);
  if (!wrong || !ratio.consistent || ratio.factor == 0.0 || patch.size() < 2) return;
  const FactorName name = name_ratio(ratio);
  causes.push_back({name.pattern, ratio.factor, sureness_of(ratio.witnesses, name.named ? 0 : 1),
                    patch.name, fmt::format("{}: {}", patch.name, name.sentence)});
}

/// I + A where A is due, or the other way round.
void suspect_identity(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows != patch.columns || patch.rows < 2) return;
  double amount = 0.0, best = 0.0;
  for (std::size_t i = 0; i < patch.rows; ++i) {
    const std::size_t e = patch.at(i, i);
    if (!patch.usable[e]) continue;
    const double difference = patch.analytic[e] - patch.numeric[e];
    const double known = std::abs(difference) / std::max(patch.bar[e], 1e-300);
    if (known <= best) continue;
    best = known;
    amount = difference;
  }
  const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double&) {
    return patch.numeric[patch.at(i, j)] + (i == j ? amount : 0.0);
  });
  if (!fit.explains || fit.witnesses < 2) return;
  const bool plain = std::abs(std::abs(amount) - 1.0) < 1e-5;
  causes.push_back(
      {JacobianPattern::identity, amount, sureness_of(fit.witnesses, plain ? 0 : 1), patch.name,
       fmt::format("{}: {} {} the identity: as where x + g(x) is taken for g(x), or g(x) for x + "
                   "g(x)",
                   patch.name, amount < 0 ? "short of the right one by" : "beyond the right one by",
                   plain ? std::string("once") : fmt::format("{:.6g} times", std::abs(amount)))});
}

/// I, or -I, where f's derivative is that for small angles only.
void suspect_small_angle(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows != patch.columns || patch.rows < 2) return;
  const double sign = patch.analytic.front();
  std::size_t wrong = 0;
  for (std::size_t e = 0; e < patch.size(); ++e) {
    const bool on_diagonal = e / patch.columns == e % patch.columns;
    if (std::abs(sign) != 1.0 || patch.analytic[e] != (on_diagonal ? sign : 0.0)) return;
    if (patch.usable[e] && patch.wrong(e)) ++wrong;
  }
  if (wrong < 2) return;
  causes.push_back(
      {JacobianPattern::identity, sign, 0.8, patch.name,
       fmt::format("{}: it is {} the identity, which f's derivative is not here: as where the "
                   "Jacobian of a rotation's logarithm is left out, as for small angles",
                   patch.name, sign > 0.0 ? "no more than" : "minus")});
}

/// All but the diagonal was left out.
void suspect_diagonal(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows != patch.columns || patch.rows < 2) return;
  const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
    if (i != j) bar = 0.0;
    return i == j ? patch.numeric[patch.at(i, j)] : 0.0;
  });
  if (!fit.explains || fit.witnesses < 2) return;
  causes.push_back(
      {JacobianPattern::triangle, 0.0, 0.95, patch.name,
       fmt::format("{}: the diagonal is right, and all else is zero: it was not filled",
                   patch.name)});
}

/// Of a symmetric matrix only one triangle was filled.
void suspect_triangle(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.rows != patch.columns || patch.rows < 2) return;
  for (const bool lower : {true, false}) {
    const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
      const bool missing = lower ? i > j : i < j;
      if (missing) bar = 0.0;
      return missing ? 0.0 : patch.numeric[patch.at(i, j)];
    });
    if (!fit.explains) continue;
    causes.push_back({JacobianPattern::triangle, 0.0, fit.witnesses > 1 ? 0.95 : 0.6, patch.name,
                      fmt::format("{}: the {} triangle is zero and all else is right: it was not "
                                  "filled",
                                  patch.name, lower ? "lower" : "upper")});
  }
}

}  // namespace

void suspect_values(const Patch& patch, std::vector<JacobianCause>& causes) {
  suspect_not_finite(patch, causes);
  if (!causes.empty()) return;
  suspect_zero(patch, causes);
  if (!causes.empty()) return;
  suspect_factor(patch, causes);
  suspect_identity(patch, causes);
  suspect_small_angle(patch, causes);
  suspect_diagonal(patch, causes);
  suspect_triangle(patch, causes);
}

}  // namespace dtheta::gradcheck::detail
