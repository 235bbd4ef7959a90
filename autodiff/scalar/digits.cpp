#include "autodiff/scalar/digits.hpp"

#include "autodiff/tape.hpp"

namespace dtheta::digits {

Var Constant::on(Tape& tape) const {
  return tape.constant(high) + (tape.constant(middle) + tape.constant(low));
}

}  // namespace dtheta::digits
