#pragma once

/// Everything to record, differentiate and replay. The ops are declared by family in
/// autodiff/ops/; views of boost::multi_array are in autodiff/multi_array.hpp, and what an op of
/// one's own needs in autodiff/elementwise.hpp and autodiff/op.hpp.

#include "autodiff/checkpoint.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/tensor.hpp"
#include "autodiff/workspace.hpp"
