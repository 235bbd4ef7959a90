#pragma once

/// Everything to record, differentiate and replay. The ops are declared by family in
/// autodiff/ops/; views of boost::multi_array are in autodiff/multi_array.hpp, and what an op of
/// one's own needs in autodiff/elementwise.hpp and autodiff/op.hpp.

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/activation.hpp"
#include "autodiff/ops/arithmetic.hpp"
#include "autodiff/ops/exp_log.hpp"
#include "autodiff/ops/indexing.hpp"
#include "autodiff/ops/loss.hpp"
#include "autodiff/ops/matmul.hpp"
#include "autodiff/ops/random.hpp"
#include "autodiff/ops/reduction.hpp"
#include "autodiff/ops/shape.hpp"
#include "autodiff/ops/special.hpp"
#include "autodiff/ops/trigonometric.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/tensor.hpp"
#include "autodiff/workspace.hpp"
