#pragma once

#include <stdexcept>
#include <string>

namespace dtheta {

/// Shapes that do not fit together, or a rank, axis or size that an op cannot take.
struct ShapeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A tensor of the wrong dtype, or an index tensor where real values are needed.
struct TypeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A value outside its domain: an index, a label, a probability, an attribute of an op.
struct ValueError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A call that is right in itself but made in the wrong state, such as mixing two tapes.
struct StateError : std::logic_error {
  using std::logic_error::logic_error;
};

/// A replay met a branch that went the other way when the tape was recorded.
struct GuardError : StateError {
  using StateError::StateError;
};

}  // namespace dtheta
