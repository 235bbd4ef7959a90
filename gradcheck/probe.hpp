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

/// What becomes of a std::exception that a cost throws where an entry of θ was moved.
enum class WhenThrown {
  pass_on,  ///< to the caller
  no_value  ///< the point lies outside J's domain, and the answer is NaN; at θ itself, and where
            ///< memory is short, it is passed on
};

/// Answers probes with a plain cost, by writing one entry of an own copy of θ and putting it back;
/// the entry is put back also when the cost throws.
class CostProbes {
 public:
  /// `threads` above 1 calls `cost` from several threads at once, which it must then allow.
  /// Throws OptionError for no threads or a cost that cannot be called.
  CostProbes(Cost cost, std::span<const double> theta, unsigned threads = 1,
             WhenThrown when_thrown = WhenThrown::pass_on);

  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// What the cost threw so far where it has no value.
  Throws throws() const;

  /// False if the cost itself wrote into the θ it was lent.
  bool left_untouched(std::span<const double> theta) const;

 private:
  void answer_share(unsigned thread, std::span<const Probe> probes, std::span<double> answers);

  double answer(std::vector<double>& theta, const Probe& probe, Throws& throws) const;

  Cost cost_;
  std::vector<std::vector<double>> copies_;  // one θ per thread
  WhenThrown when_thrown_;
  std::vector<Throws> throws_;  // likewise
};

}  // namespace dtheta::gradcheck
