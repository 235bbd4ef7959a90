#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/probe.hpp"
#include "gradcheck/shared/crew.hpp"

namespace dtheta::gradcheck::detail {

/// What a rank noticed while it answered.
struct Tally {
  Throws throws{};
  bool touched = false;  ///< the cost wrote into θ
};

/// Answers probes on this rank, and says what was noticed by it alone.
using Answerer = std::function<Tally(std::span<const Probe>, std::span<double>)>;

/// Rank 0's side: a ProbeEvaluator that lets others answer.
class SharedProbes {
 public:
  SharedProbes(const Crew& crew, Answerer own);

  /// Throws what the own answerer throws.
  void operator()(std::span<const Probe> probes, std::span<double> answers);

  [[nodiscard]] const Tally& tally() const { return tally_; }
  /// A sentence for each rank that was lost.
  [[nodiscard]] const std::vector<std::string>& losses() const { return losses_; }

  /// Sends all others this last letter: the check is over.
  void end(std::span<const std::byte> letter);

 private:
  using Clock = std::chrono::steady_clock;
  enum class State : std::uint8_t { open, handed_out, done };
  struct Piece {
    std::size_t first = 0, count = 0;
    State state = State::open;
    Tally tally{};
  };
  struct Worker {
    std::size_t rank = 0;
    std::vector<std::size_t> pieces{};  // handed out, in the order of the requests
    Clock::time_point heard{};          // from it, or asked it when it had nothing to do
    std::size_t answered = 0;
    bool lost = false;
  };

  void cut(std::size_t probes);
  void hand_out(std::span<const Probe> probes);
  bool compute_one(std::span<const Probe> probes, std::span<double> answers);
  void compute(Piece& piece, std::span<const Probe> probes, std::span<double> answers);
  void take_letters(double seconds, std::span<double> answers);
  void take(const Crew::Letter& letter, std::span<double> answers);
  void give_up_the_silent();
  [[nodiscard]] bool all_done() const;
  Piece* next_open();

  const Crew& crew_;
  Answerer own_;
  std::uint64_t check_;  // tells this check's letters from those of checks before
  std::uint64_t batch_ = 0;
  std::vector<Worker> workers_{};
  std::vector<Piece> pieces_{};
  double seconds_each_ = 0;  // of a probe, here
  Tally tally_{};
  std::vector<std::string> losses_{};
};

/// The other ranks' side: answers until the letter comes that ends the check, and returns what it
/// says. Throws std::runtime_error where rank 0 is silent for too long.
[[nodiscard]] std::vector<std::byte> serve_probes(const Crew& crew, const Answerer& own);

}  // namespace dtheta::gradcheck::detail
