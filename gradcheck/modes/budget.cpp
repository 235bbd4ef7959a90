#include "gradcheck/budget.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/modes/budgeted.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/numeric/same_bits.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck {
namespace {

/// Gives NaN where a cost throws away from θ, and counts.
class Guarded {
 public:
  Guarded(const Cost& cost, std::span<const double> theta) : cost_(cost), theta_(theta) {}

  double operator()(std::span<const double> at) {
    try {
      return cost_(at);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception& error) {
      if (detail::same_bits(at, theta_)) throw;
      const std::scoped_lock lock(mutex_);
      if (throws_.count++ == 0) throws_.first = error.what();
      return std::numeric_limits<double>::quiet_NaN();
    }
  }
  [[nodiscard]] const Throws& throws() const { return throws_; }

 private:
  const Cost& cost_;
  std::span<const double> theta_;
  std::mutex mutex_;
  Throws throws_;
};

/// Seconds that a check of all these blocks would take: probes of a block compute what depends on
/// it, so each block has a pace of its own.
double timed(const ProbeEvaluator& evaluate, const ParameterVector& theta,
             std::span<const Block> blocks) {
  constexpr std::size_t some = 16;
  double seconds = 0.0;
  for (const Block& block : blocks) {
    std::vector<Probe> probes;
    for (std::size_t k = 0; k < std::min(some, block.size); ++k) {
      const std::size_t i = block.offset + k * (block.size / std::min(some, block.size));
      probes.push_back({i, theta.values()[i]});
    }
    std::vector<double> answers(probes.size());
    evaluate(std::span(probes).first(1), answers);  // what is compiled once is not counted
    const auto start = std::chrono::steady_clock::now();
    evaluate(probes, answers);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    seconds += taken.count() * detail::each_entry * static_cast<double>(block.size) /
               static_cast<double>(probes.size());
  }
  return seconds;
}

}  // namespace

Result check_within(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                    const BudgetOptions& options) {
  if (!cost) throw OptionError("cost: it cannot be called, because it is empty");
  Guarded guarded(cost, theta.values());
  const Cost anywhere = std::ref(guarded);
  bool whole = false;
  const detail::Sources sources{&anywhere,
                                options.check.threads,
                                [&](const Options& all) {
                                  whole = true;
                                  return check(cost, gradient, theta, all);
                                },
                                [&](const Gradient& values, const SampleOptions& some) {
                                  return check_sample(anywhere, values, theta, some);
                                },
                                {}};
  Result result = detail::check_in_budget(sources, gradient, theta, options);
  if (!whole) detail::name_throws(result, guarded.throws());
  return result;
}

Result check_within(const ProbeEvaluator& evaluate, const Cost* cost, const Gradient& gradient,
                    const ParameterVector& theta, const BudgetOptions& options) {
  const detail::Sources sources{
      cost, 1, [&](const Options& all) { return check_probes(evaluate, gradient, theta, all); },
      [&](const Gradient& values, const SampleOptions& some) {
        return check_sample(evaluate, values, theta, some);
      },
      [&](std::span<const Block> blocks) { return timed(evaluate, theta, blocks); }};
  return detail::check_in_budget(sources, gradient, theta, options);
}

}  // namespace dtheta::gradcheck
