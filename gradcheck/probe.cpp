#include "gradcheck/probe.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <new>
#include <utility>

#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/same_bits.hpp"
#include "gradcheck/shared/team.hpp"

namespace dtheta::gradcheck {
namespace {

/// Moves one entry for as long as it lives.
class Moved {
 public:
  Moved(std::vector<double>& theta, const Probe& probe)
      : entry_(theta[probe.index]), original_(entry_) {
    entry_ = probe.value;
  }
  ~Moved() { entry_ = original_; }
  Moved(const Moved&) = delete;
  Moved& operator=(const Moved&) = delete;

 private:
  double& entry_;
  double original_;
};

}  // namespace

CostProbes::CostProbes(Cost cost, std::span<const double> theta, unsigned threads,
                       WhenThrown when_thrown)
    : cost_(std::move(cost)), when_thrown_(when_thrown) {
  if (!cost_) throw OptionError("cost: it cannot be called, because it is empty");
  if (threads == 0) throw OptionError("threads: 0 were asked for, but at least 1 is needed");
  copies_.assign(threads, std::vector<double>(theta.begin(), theta.end()));
  throws_.resize(threads);
}

void CostProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  for (const Probe& probe : probes) {
    if (probe.index < copies_.front().size()) continue;
    throw ShapeError(fmt::format("probe: there is no entry {} in a theta of {} entries",
                                 probe.index, copies_.front().size()));
  }
  if (answers.size() < probes.size()) {
    throw ShapeError(
        fmt::format("probe: {} probes, but room for {} answers", probes.size(), answers.size()));
  }
  const std::size_t threads = std::min(copies_.size(), probes.size());
  const std::size_t share = threads == 0 ? 0 : (probes.size() + threads - 1) / threads;
  detail::in_parallel(threads, [&](std::size_t t) {
    const std::size_t first = std::min(t * share, probes.size());
    const std::size_t count = std::min(share, probes.size() - first);
    answer_share(static_cast<unsigned>(t), probes.subspan(first, count),
                 answers.subspan(first, count));
  });
}

void CostProbes::answer_share(unsigned thread, std::span<const Probe> probes,
                              std::span<double> answers) {
  std::vector<double>& theta = copies_[thread];
  for (std::size_t i = 0; i < probes.size(); ++i) {
    answers[i] = answer(theta, probes[i], throws_[thread]);
  }
}

double CostProbes::answer(std::vector<double>& theta, const Probe& probe, Throws& throws) const {
  const bool away = theta[probe.index] != probe.value;
  const Moved moved(theta, probe);
  try {
    return cost_(theta);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    if (!away || when_thrown_ == WhenThrown::pass_on) throw;
    if (throws.count++ == 0) throws.first = error.what();
    return std::numeric_limits<double>::quiet_NaN();
  }
}

Throws CostProbes::throws() const {
  Throws all;
  for (const Throws& some : throws_) {
    if (all.count == 0) all.first = some.first;
    all.count += some.count;
  }
  return all;
}

bool CostProbes::left_untouched(std::span<const double> theta) const {
  return std::ranges::all_of(
      copies_, [&](const std::vector<double>& copy) { return detail::same_bits(copy, theta); });
}

}  // namespace dtheta::gradcheck
