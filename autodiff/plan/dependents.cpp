// Leaves -> the steps that depend on them, for partial replay. One pass over the steps finds them
// for 64 leaves at a time: each value keeps a word with a bit for each of these leaves.

#include <algorithm>
#include <array>
#include <bit>

#include "autodiff/plan/program.hpp"

namespace dtheta::detail {
namespace {

constexpr std::size_t at_once = 64;

void find_dependents_of(Program& p, std::span<const std::uint32_t> leaves,
                        std::vector<std::uint64_t>& reached) {
  std::ranges::fill(reached, 0);
  std::array<std::vector<std::uint32_t>*, at_once> steps_from{};
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    reached[leaves[k]] = std::uint64_t{1} << k;
    steps_from[k] = &p.steps_from_leaf[leaves[k]];
  }
  for (std::uint32_t s = 0; s < p.steps.size(); ++s) {
    std::uint64_t of_step = 0;
    for (const Instruction& ins : p.instructions_of(p.steps[s])) {
      std::uint64_t bits = 0;
      for (std::uint32_t in : p.inputs_of(ins)) bits |= reached[p.values[in].storage];
      reached[ins.output] = bits;
      of_step |= bits;
    }
    for (; of_step != 0; of_step &= of_step - 1) {
      steps_from[static_cast<std::size_t>(std::countr_zero(of_step))]->push_back(s);
    }
  }
}

}  // namespace

void find_dependents(Program& program) {
  std::vector<std::uint32_t> leaves;
  for (std::uint32_t v = 0; v < program.values.size(); ++v) {
    if (program.values[v].role == Role::leaf) leaves.push_back(v);
  }
  std::vector<std::uint64_t> reached(program.values.size());
  for (std::size_t k = 0; k < leaves.size(); k += at_once) {
    const std::size_t count = std::min(at_once, leaves.size() - k);
    find_dependents_of(program, std::span(leaves).subspan(k, count), reached);
  }
}

}  // namespace dtheta::detail
