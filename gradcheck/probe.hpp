#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace dtheta::gradcheck {

/// A cost J(θ).
using Cost = std::function<double(std::span<const double>)>;

/// One question to J: its value at θ with entry `index` moved to `value`, all others as they are.
struct Probe {
  std::size_t index = 0;
  double value = 0.0;
};

/// Answers a batch of probes, each independent of the others: answers[i] = J(θ with probes[i]).
/// A probe at θ's own value asks for J(θ). Batches let a tape replay only what moved, stack probes
/// or share them among threads.
using ProbeEvaluator = std::function<void(std::span<const Probe>, std::span<double>)>;

/// What a cost threw where θ was moved.
struct Throws {
  std::size_t count = 0;
  std::string first{};  ///< what() of the first one
};

/// Answers probes with a plain cost, by writing one entry of an own copy of θ and putting it back;
/// the entry is put back also when the cost throws. A cost that throws a std::exception where an
/// entry was moved has no value there: θ lies near an edge of its domain, and the answer is NaN. At
/// θ itself, and where memory is short, exceptions pass through.
class CostProbes {
 public:
  /// `threads` above 1 calls `cost` from several threads at once, which it must then allow.
  /// Throws OptionError for no threads or a cost that cannot be called.
  CostProbes(Cost cost, std::span<const double> theta, unsigned threads = 1);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// What the cost threw away from θ so far.
  Throws throws() const;

  /// False if the cost itself wrote into the θ it was lent.
  bool left_untouched(std::span<const double> theta) const;

 private:
  void answer_share(unsigned thread, std::span<const Probe> probes, std::span<double> answers);

  double answer(std::vector<double>& theta, const Probe& probe, Throws& throws) const;

  Cost cost_;
  std::vector<std::vector<double>> copies_;  // one θ per thread
  std::vector<Throws> throws_;               // likewise
};

}  // namespace dtheta::gradcheck
