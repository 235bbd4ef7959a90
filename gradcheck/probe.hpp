#pragma once

#include <cstddef>
#include <functional>
#include <span>
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

/// Answers probes with a plain cost, by writing one entry of an own copy of θ and putting it back;
/// the entry is put back also when the cost throws.
class CostProbes {
 public:
  /// `threads` above 1 calls `cost` from several threads at once, which it must then allow.
  /// Throws OptionError for no threads or a cost that cannot be called.
  CostProbes(Cost cost, std::span<const double> theta, unsigned threads = 1);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// False if the cost itself wrote into the θ it was lent.
  bool left_untouched(std::span<const double> theta) const;

 private:
  void answer_share(unsigned thread, std::span<const Probe> probes, std::span<double> answers);

  Cost cost_;
  std::vector<std::vector<double>> copies_;  // one θ per thread
};

}  // namespace dtheta::gradcheck
