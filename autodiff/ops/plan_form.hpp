#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// An op that a plan computes in the place of others.
struct MergedForm {
  const OpRecord* op;
  const void* attributes;
};

}  // namespace dtheta
