#include "gradcheck/bridge/function_check.hpp"

#include <fmt/format.h>

namespace dtheta::detail {

std::vector<gradcheck::CheckedLeaf> checked_arguments(Tape& tape, std::span<const ArrayArg> xs,
                                                      std::vector<Var>& all) {
  std::vector<gradcheck::CheckedLeaf> leaves;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    const std::string name = fmt::format("x{}", i + 1);
    if (xs[i].dtype() == DType::int64) {
      all.push_back(tape.constant(xs[i].tensor()));
      continue;
    }
    all.push_back(tape.leaf(xs[i].tensor(), name));
    leaves.push_back({name, i + 1, all.back()});
  }
  return leaves;
}

}  // namespace dtheta::detail
