#pragma once

#include <array>
#include <span>
#include <vector>

#include "autodiff/function.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta {
namespace detail {

/// The arguments as leaves of a tape in double, named x1, x2, ...; index arrays are constants.
[[nodiscard]] std::vector<gradcheck::CheckedLeaf> checked_arguments(Tape& tape,
                                                                    std::span<const ArrayArg> xs,
                                                                    std::vector<Var>& all);

}  // namespace detail

/// Holds the gradient of a Function at xs against differences of it: `f.check(w, b)`. The
/// arguments are the blocks x1, x2, ... Throws what check_network throws.
template <class F, class... X>
[[nodiscard]] gradcheck::Result check_function(const Function<F>& f, const X&... x) {
  const std::array<ArrayArg, sizeof...(X)> arguments{ArrayArg(x)...};
  Tape tape;
  std::vector<Var> all;
  const std::vector<gradcheck::CheckedLeaf> leaves =
      detail::checked_arguments(tape, arguments, all);
  const Var cost = [&]<std::size_t... I>(std::index_sequence<I...>) { return f.record(all[I]...); }
  (std::make_index_sequence<sizeof...(X)>{});
  return gradcheck::check_network(cost, leaves, {});
}

}  // namespace dtheta
