#pragma once

#include <rapidcheck.h>

#include <iosfwd>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"

namespace dtheta::properties {

/// One op of a random program: which, of which earlier values, with which setting. Any four numbers
/// mean something, so that programs shrink by leaving steps out.
struct Step {
  unsigned op = 0;
  unsigned a = 0;
  unsigned b = 0;
  unsigned setting = 0;
};
using Program = std::vector<Step>;
std::ostream& operator<<(std::ostream& out, const Step& step);

/// Programs of up to `most` steps.
[[nodiscard]] rc::Gen<Program> programs(std::size_t most = 24);

/// The values of the leaves every program starts from. Their axes are `scale` times as long as the
/// shortest ones: 12 gives elementwise runs that are computed in several tiles.
[[nodiscard]] std::vector<Tensor> initial_leaves(std::uint64_t seed, Index scale = 1);

/// A program as recorded.
struct Recorded {
  std::vector<Var> leaves;
  std::vector<Var> values;  // the leaves, then the result of each step
};

/// Records a program. Which ops and shapes it has depends on the steps alone, never on the leaves'
/// values. All values stay in [-1, 1] and no op of it has a derivative above 2 in size.
[[nodiscard]] Recorded record(Tape& tape, const Program& program, std::span<const Tensor> leaves);

/// The sum over some of the values of sum(c y), with a constant c of both signs for each.
[[nodiscard]] Var cost_of(const Recorded& recorded, std::uint64_t seed);

}  // namespace dtheta::properties
