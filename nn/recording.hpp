#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/var.hpp"
#include "nn/parameter.hpp"

namespace dtheta::nn {

/// What a network is recorded for. Some layers, dropout first of all, differ between the two.
enum class Mode : std::uint8_t { train, evaluate };

/// A parameter as it stands on a tape.
struct RecordedParameter {
  std::string name;  ///< "W1"
  int layer;
  bool regularized;
  Var var;                  ///< the leaf
  const Parameter* source;  ///< from which it was recorded, if that is still there:
  Lifetime::Watch watch;
};

/// One recording of a network: the tape, what it is for, and the parameters met so far.
///
/// Parameters are known by their address, so the network must stay where it is meanwhile. A
/// recording ends with its tape, or when that is cleared: used later it throws StateError.
class Recording {
 public:
  explicit Recording(Tape& tape, Mode mode = Mode::train) : tape_(tape), mode_(mode) {}

  [[nodiscard]] Tape& tape() const { return tape_.get("recording"); }
  [[nodiscard]] bool training() const { return mode_ == Mode::train; }

  /// The leaf that stands for a parameter: recorded when it is first met, so that a parameter used
  /// in several places is one leaf. Throws StateError for one that lies where another lay that was
  /// met before and is gone: a network must live as long as its recording.
  Var operator()(const Parameter& parameter);

  /// The parameters in the order in which they were met.
  [[nodiscard]] const std::vector<RecordedParameter>& parameters() const { return parameters_; }

 private:
  TapeWatch tape_;
  Mode mode_;
  std::vector<RecordedParameter> parameters_;
  std::unordered_map<const Parameter*, std::size_t> known_;  // places among parameters_
};

/// The leaves alone, in the same order: what `grad` takes.
[[nodiscard]] std::vector<Var> leaves_of(std::span<const RecordedParameter> parameters);

}  // namespace dtheta::nn
