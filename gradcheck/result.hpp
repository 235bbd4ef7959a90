#pragma once

#include <cstddef>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gradcheck/cause.hpp"
#include "gradcheck/difference.hpp"
#include "gradcheck/oracle.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck {

/// How the numeric gradient is made.
enum class Method {
  textbook,   ///< two-sided difference with one ε for every entry, judged by the four bands
  adaptive,   ///< step per block, error bar per entry, pass / fail / inconclusive
  comparison  ///< none: another gradient stands in its place (compare.hpp)
};

/// What a check concludes.
enum class Verdict {
  pass,         ///< the gradient agrees within an error bar that is small enough
  fail,         ///< the gradient is wrong
  inconclusive  ///< the numeric side was not good enough to tell
};

/// "textbook", "adaptive", "comparison".
std::string_view to_string(Method method);

/// "pass", "fail", "inconclusive".
std::string_view to_string(Verdict verdict);

/// One entry of θ with both derivatives.
struct Component {
  std::size_t position = 0;  ///< in θ
  Key key;                   ///< block, layer and multi-index
  double analytic = 0.0;
  double numeric = 0.0;
  double bar = 0.0;   ///< the numeric derivative is believed to be off by no more than this
  double step = 0.0;  ///< how far θ was moved
  Verdict verdict = Verdict::pass;
  bool corner = false;   ///< J has a corner here; the gradient was held against the two slopes
  std::string replay{};  ///< what to run or call to see this probe again; only where it accuses

  /// |analytic − numeric|.
  double error() const;
  /// error() / bar: above 1 the two derivatives contradict each other.
  double z() const;
  /// |analytic − numeric| / (|analytic| + |numeric|); 0 if both are 0.
  double relative_error() const;
};

/// What was seen of a block of which not every entry was measured.
struct Sight {
  double error = 0.0;  ///< ‖error‖ / ‖gradient‖ of the block, from which on an error counts
  double probability = 0.0;  ///< with which an error of that size would have been seen
  std::size_t measured = 0;  ///< entries that were measured by themselves
};

/// One block of θ.
struct BlockResult {
  std::string name;
  std::size_t layer = 0;
  std::vector<std::size_t> shape;
  std::size_t offset = 0;
  std::size_t size = 0;
  Difference difference;  ///< of this block alone
  Band band = Band::excellent;
  Verdict verdict = Verdict::pass;
  /// An entry that is wrong by more than this fraction of the block's largest derivative is not
  /// passed: for a block that passes it is the tolerance asked for, never more. Where entries are
  /// open it is what their bars leave possible. Three things are not covered by it: entries at a
  /// corner, which may have any value between two slopes; a block of zeros, for which the fraction
  /// is one of the largest derivative of all blocks; and the bars, which hold for a J that is
  /// smooth at the scale of the steps. Infinite if every derivative is zero. Of the textbook method
  /// it is the noise in its difference, which its verdict does not know of.
  double detectable = 0.0;
  std::size_t failed = 0;        ///< entries that contradict the numeric derivative
  std::size_t inconclusive = 0;  ///< entries about which nothing can be said
  std::size_t corners = 0;       ///< entries at which J has a corner
  std::size_t excused = 0;  ///< open ones among Options::known_corners, not held against the block
  std::optional<Sight> sight{};  ///< within a budget: empty where every entry was measured
  bool sensitive = true;         ///< false: J was not seen to depend on this block
  std::vector<Component> worst;  ///< worst first
  std::vector<Cause> causes{};   ///< why it fails, likeliest first; empty unless it fails
};

/// What a check found. True in a condition if and only if the verdict is pass.
struct Result {
  Method method = Method::adaptive;
  Verdict verdict = Verdict::inconclusive;
  Difference difference;  ///< over every entry that was checked
  Band band = Band::excellent;
  double cost = 0.0;       ///< J(θ)
  double noise = 0.0;      ///< ε_f, the absolute noise of one evaluation of J
  double epsilon = 0.0;    ///< step of the textbook method
  double tolerance = 0.0;  ///< relative error asked to be seen by the adaptive method
  std::vector<BlockResult> blocks;
  std::vector<double> analytic;  ///< whole length of θ
  std::vector<double> numeric;   ///< whole length of θ; NaN where nothing was measured
  std::vector<double> bar;       ///< whole length of θ; infinite where nothing was measured
  std::size_t evaluations = 0;   ///< of J in double
  /// Calls of the gradient where it was given as a function, never more than a dozen: one for its
  /// values, four or five for its habits (purity.hpp), and six where it may be right beside θ.
  std::size_t gradient_evaluations = 0;
  std::vector<OracleUse> oracles{};  ///< who was asked where double was in doubt
  bool deterministic = true;         ///< J(θ) had the same bits each time
  bool complete = true;              ///< false: stopped by the progress callback
  bool sampled = false;  ///< a part of θ was drawn; the worst entries stand as in the whole
  std::vector<std::string> notes;  ///< what this check could not see, in words
  std::vector<Cause> causes{};     ///< why it fails, over all blocks, likeliest first

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }

  /// The result of one block. Throws NameError if it was not checked.
  const BlockResult& block(std::string_view name) const;

  /// The worst components of all blocks together, worst first.
  std::vector<Component> worst() const;
};

/// Prints the report of report.hpp without colour.
std::ostream& operator<<(std::ostream& out, const Result& result);

/// The call of replay_probe (replay.hpp) that repeats a component's probe.
std::string replay_call(const Component& component);

/// True if `a` is worse than `b`: failures first, then open ones, then by |analytic − numeric|.
bool worse(const Component& a, const Component& b);

}  // namespace dtheta::gradcheck
