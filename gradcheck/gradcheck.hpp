#pragma once

/// The independent checker: hold any gradient against finite differences of its cost. What knows of
/// tapes and networks is in gradcheck/bridge/.

#include "gradcheck/budget.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/compare.hpp"
#include "gradcheck/complex.hpp"
#include "gradcheck/difference.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/jacobian/products.hpp"
#include "gradcheck/jacobian/replay_entry.hpp"
#include "gradcheck/manifold.hpp"
#include "gradcheck/numeric/finite_difference.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/shared/shared.hpp"
#include "gradcheck/shrink.hpp"
#include "gradcheck/trace.hpp"
