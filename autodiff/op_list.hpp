#pragma once

#include <array>
#include <span>

#include "autodiff/op.hpp"

namespace dtheta {

/// The ops of one family, in the order they are listed and tested.
template <Op... Ops>
struct OpList {
  static constexpr std::array<const OpRecord*, sizeof...(Ops)> records{&record_of<Ops>...};
};

}  // namespace dtheta
