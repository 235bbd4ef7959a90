#pragma once

#include <array>
#include <concepts>
#include <string_view>

#include "autodiff/op.hpp"

namespace dtheta {

/// An op in mathematics, a line each, as `gradcheck ops --list` prints it: y (or Y, a matrix) is
/// the result, dy its differential, c a cotangent of it; the other letters are operands and
/// attributes.
struct OpRule {
  std::string_view value;            ///< what it computes
  std::string_view derivative = {};  ///< or what the operands receive; empty if there is none
  std::string_view domain = {};      ///< where both hold; empty: everywhere
};

/// A built-in op: what the library knows of it, and what a reader does.
struct OpEntry {
  const OpRecord* record;
  OpRule rule;
};

/// An op that says its rule, as all of the library do.
template <class O>
concept RuledOp = Op<O> && std::same_as<decltype(O::rule), const OpRule>;

/// The ops of one family, in the order they are listed and tested.
template <RuledOp... Ops>
struct OpList {
  static_assert((... && !Ops::rule.value.empty()), "an op of the list does not say its value");
  static_assert((... && (Ops::info.differentiable != Ops::rule.derivative.empty())),
                "an op has a derivative in its rule if and only if it is differentiable");
  static constexpr std::array<OpEntry, sizeof...(Ops)> entries{
      OpEntry{&record_of<Ops>, Ops::rule}...};
};

}  // namespace dtheta
