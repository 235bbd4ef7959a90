#include "autodiff/numbers.hpp"

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::numbers {

Var ln2(Tape& tape) { return log(tape.constant(2.0)); }
Var ln10(Tape& tape) { return log(tape.constant(10.0)); }
Var pi(Tape& tape) { return 4 * atan(tape.constant(1.0)); }
Var sqrt2(Tape& tape) { return sqrt(tape.constant(2.0)); }

}  // namespace dtheta::numbers
