#include "gradcheck/purity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/numeric/same_bits.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::same_bits;

constexpr std::size_t repeats = 8;

/// Calls the gradient with buffers in known states and compares what comes back.
class GradientHabits {
 public:
  GradientHabits(const Gradient::Function& gradient, const ParameterVector& theta,
                 PurityResult& result)
      : gradient_(gradient), theta_(theta), result_(result) {}

  void run() {
    const auto clean = called_into(0.0);
    const auto again = called_into(0.0);
    const auto low = called_into(low_poison);
    const auto high = called_into(high_poison);
    judge_repetition(clean, again);
    if (result_.gradient_repeats) judge_poison(clean, low, high);
    judge_alias(clean);
  }

 private:
  // Of different sizes and no round numbers, so that no gradient equals them by chance.
  static constexpr double low_poison = 7.3890560989e+3;
  static constexpr double high_poison = -2.7182818285e+5;

  std::vector<double> called_into(double poison) {
    std::vector<double> lent(theta_.values().begin(), theta_.values().end());
    std::vector<double> out(lent.size(), poison);
    gradient_(lent, out);
    if (!same_bits(lent, theta_.values()) && result_.theta_untouched) {
      result_.theta_untouched = false;
      result_.findings.emplace_back("the gradient wrote into the theta that it was lent");
    }
    return out;
  }

  void judge_repetition(const std::vector<double>& clean, const std::vector<double>& again) {
    if (same_bits(clean, again)) return;
    result_.gradient_repeats = false;
    bool doubled = true;
    for (std::size_t i = 0; i < clean.size(); ++i) {
      doubled = doubled && std::abs(again[i] - 2.0 * clean[i]) <= 1e-12 * std::abs(again[i]);
    }
    result_.findings.emplace_back(
        doubled ? "the gradient doubles when it is called twice: an inner buffer is not zeroed"
                : "the gradient differs from call to call: unseeded randomness (a mask drawn again "
                  "in the backward pass), kept state or a race");
  }

  void judge_poison(const std::vector<double>& clean, const std::vector<double>& low,
                    const std::vector<double>& high) {
    std::size_t unwritten = 0;
    std::size_t added = 0;
    for (std::size_t i = 0; i < clean.size(); ++i) {
      if (same_bits(low[i], low_poison) && same_bits(high[i], high_poison)) {
        ++unwritten;
      } else if (!same_bits(low[i], clean[i]) || !same_bits(high[i], clean[i])) {
        ++added;
      }
    }
    if (unwritten > 0) {
      result_.gradient_writes_all = false;
      result_.findings.push_back(fmt::format(
          "the gradient leaves {} of {} entries as they were: they hold whatever was there before",
          unwritten, clean.size()));
    }
    if (added > 0) {
      result_.gradient_overwrites = false;
      result_.findings.push_back(
          fmt::format("the gradient adds to what its buffer held, in {} of {} entries: it must be "
                      "zeroed before each call, or the sum begun with an assignment",
                      added, clean.size()));
    }
  }

  void judge_alias(const std::vector<double>& clean) {
    if (!*this) return;
    std::vector<double> both(theta_.values().begin(), theta_.values().end());
    gradient_(both, both);
    result_.alias_safe = same_bits(both, clean);
  }

  explicit operator bool() const {
    return result_.gradient_repeats && result_.gradient_overwrites && result_.gradient_writes_all;
  }

  const Gradient::Function& gradient_;
  const ParameterVector& theta_;
  PurityResult& result_;
};

void judge_cost(const Cost& cost, const ParameterVector& theta, PurityResult& result) {
  std::vector<double> lent(theta.values().begin(), theta.values().end());
  std::vector<double> answers;
  for (std::size_t k = 0; k < repeats; ++k) answers.push_back(cost(lent));
  std::vector<double> elsewhere = lent;
  for (double& v : elsewhere) v += 0.0625 * std::abs(v) + 0.001;
  const std::vector<double> there = elsewhere;
  cost(elsewhere);
  const double back = cost(lent);
  if (!same_bits(lent, theta.values()) || !same_bits(elsewhere, there)) {
    result.theta_untouched = false;
    result.findings.emplace_back("the cost wrote into the theta that it was lent");
  }
  result.unsteadiness = unsteadiness_of(answers);
  if (result.unsteadiness != Unsteadiness::none) {
    result.cost_repeats = result.cost_forgets = false;
    result.findings.emplace_back(explain(result.unsteadiness));
  } else if (!same_bits(answers.front(), back)) {
    result.cost_forgets = false;
    result.findings.emplace_back(
        "J remembers where it was evaluated before: running statistics, a cache that is not "
        "invalidated, or a counter");
  }
}

}  // namespace

Unsteadiness unsteadiness_of(std::span<const double> answers) {
  constexpr double roundings = 1e-12;
  constexpr std::size_t fewest = 6;
  double largest = 0.0;
  double change = 0.0;
  bool same = true;
  bool rises = answers.size() >= fewest;
  bool falls = rises;
  for (std::size_t k = 0; k < answers.size(); ++k) {
    largest = std::max(largest, std::abs(answers[k]));
    change = std::max(change, std::abs(answers[k] - answers[0]));
    same = same && same_bits(answers[k], answers[0]);
    if (k == 0) continue;
    rises = rises && answers[k] > answers[k - 1];
    falls = falls && answers[k] < answers[k - 1];
  }
  if (same) return Unsteadiness::none;
  if (change < roundings * largest) return Unsteadiness::rounding;
  return rises || falls ? Unsteadiness::drift : Unsteadiness::random;
}

std::string_view explain(Unsteadiness unsteadiness) {
  switch (unsteadiness) {
    case Unsteadiness::none:
      break;
    case Unsteadiness::rounding:
      return "J differs by rounding from call to call: sums in changing order, a race";
    case Unsteadiness::drift:
      return "J drifts from call to call, always the same way: running statistics, a counter or a "
             "schedule that moves with each call";
    case Unsteadiness::random:
      return "J differs from call to call, back and forth: unseeded dropout or noise";
  }
  return {};
}

bool threads_agree(const Cost& cost, const ParameterVector& theta, unsigned threads) {
  constexpr std::size_t probes_per_thread = 16;
  std::vector<Probe> probes;
  for (std::size_t k = 0; k < probes_per_thread * threads; ++k) {
    const std::size_t i = k * theta.size() / (probes_per_thread * threads);
    const double x = theta.values()[i];
    probes.push_back({i, x + 1e-3 * (1.0 + static_cast<double>(k)) * std::max(std::abs(x), 1e-3)});
  }
  std::vector<double> alone(probes.size());
  std::vector<double> together(probes.size());
  CostProbes(cost, theta.values())(probes, alone);
  CostProbes(cost, theta.values(), threads)(probes, together);
  return same_bits(alone, together);
}

std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::byte byte : bytes) {
    hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3ULL;
  }
  return hash;
}

PurityResult check_gradient_purity(const Gradient::Function& gradient,
                                   const ParameterVector& theta) {
  PurityResult result;
  GradientHabits(gradient, theta, result).run();
  return result;
}

PurityResult check_purity(const Cost& cost, const Gradient::Function& gradient,
                          const ParameterVector& theta,
                          std::span<const std::span<const std::byte>> watched, unsigned threads) {
  std::vector<std::uint64_t> before;
  for (const auto buffer : watched) before.push_back(hash_of(buffer));
  PurityResult result;
  judge_cost(cost, theta, result);
  // A cost that is unsteady by itself disagrees with itself in any number of threads.
  if (threads > 1 && result.cost_repeats && result.cost_forgets &&
      !threads_agree(cost, theta, threads)) {
    result.threads_agree = false;
    result.findings.emplace_back(
        "J gives other values where several threads call it at once: a race, a buffer that they "
        "share");
  }
  GradientHabits(gradient, theta, result).run();
  for (std::size_t k = 0; k < watched.size(); ++k) {
    if (hash_of(watched[k]) == before[k]) continue;
    result.buffers_untouched = false;
    result.findings.push_back(fmt::format("watched buffer {} was changed", k));
  }
  return result;
}

}  // namespace dtheta::gradcheck
