#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian/result.hpp"

namespace dtheta::gradcheck {

/// One size of a case: a batch, a width, the length of a block.
struct CaseSize {
  std::string name;
  std::size_t value = 1;
  std::size_t least = 1;  ///< never made smaller than this
};

/// The values of all sizes, in the order in which they were given.
using SizeValues = std::span<const std::size_t>;

/// Makes a case of these sizes, its numbers drawn by the seed, and checks it: whether it shows the
/// bug, and the report. The same arguments must make the same case.
struct CaseAnswer {
  bool fails = false;
  std::string report{};
};
using CaseCheck = std::function<CaseAnswer(SizeValues sizes, std::uint64_t seed)>;

/// A gradient to be checked, for generators that do not check by themselves.
struct GradientCase {
  Cost cost;
  Gradient gradient;
  ParameterVector theta;
  Options options{};
};

struct ShrinkOptions {
  std::size_t most_cases = 1000;  ///< that are tried
  double seconds = 60.0;          ///< after which no further one is begun
  std::size_t seeds = 3;          ///< tried for each combination of sizes, as a bug may hide
  /// The command or program that makes the case again; unless given, the call of the generator.
  std::function<std::string(SizeValues sizes, std::uint64_t seed)> replay{};
};

/// The smallest case that was found to show the bug.
struct Shrunk {
  bool shown = false;  ///< false: not even the first case showed it; then nothing else is said
  std::vector<CaseSize> sizes{};
  std::uint64_t seed = 0;
  std::size_t tried = 0;    ///< cases
  std::size_t refused = 0;  ///< of these, those that could not be made: the generator threw
  /// No size can be made one, two, half or all of the way smaller, and no two equal ones together.
  bool minimal = false;
  std::string report{};  ///< of the smallest case
  std::string replay{};  ///< what makes it again

  explicit operator bool() const noexcept { return shown; }
};

namespace detail {

CaseAnswer answer_of(bool fails);
CaseAnswer answer_of(const Result& result);
CaseAnswer answer_of(const JacobianResult& result);
CaseAnswer answer_of(const GradientCase& made);
Shrunk shrink_case(const CaseCheck& check, std::vector<CaseSize> sizes, std::uint64_t seed,
                   const ShrinkOptions& options);

}  // namespace detail

/// Makes a failing case small. `generator(sizes, seed)` returns a Result, a JacobianResult, a
/// GradientCase that is then checked, or a bool: whether the bug shows. It descends greedily, size
/// by size in the order given: all the way, half of the way, a quarter, ..., two, one; sizes that
/// are equal are lowered together, too, for generators that want them so. What a generator throws
/// means that there is no such case. Deterministic unless the time ends it.
template <class Generator>
requires requires(Generator& generator, SizeValues sizes, std::uint64_t seed) {
  detail::answer_of(generator(sizes, seed));
}
Shrunk shrink(Generator generator, std::vector<CaseSize> sizes, std::uint64_t seed = 1,
              const ShrinkOptions& options = {}) {
  const CaseCheck check = [&generator](SizeValues values, std::uint64_t by) {
    return detail::answer_of(generator(values, by));
  };
  return detail::shrink_case(check, std::move(sizes), seed, options);
}

/// "the bug shows with batch = 1, width = 3 (seed 2), after 17 cases", what makes it again, and the
/// report.
std::string report(const Shrunk& shrunk);
std::ostream& operator<<(std::ostream& out, const Shrunk& shrunk);

}  // namespace dtheta::gradcheck
