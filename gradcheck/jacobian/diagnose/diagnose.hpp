#pragma once

#include "gradcheck/jacobian/diagnose/suspect_manifold.hpp"
#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/jacobian/result.hpp"

namespace dtheta::gradcheck::detail {

/// What a diagnosis goes by.
struct JacobianCircumstances {
  const JacobianRequest& request;
  const ParameterVector& outputs;
  const JacobianFindings& findings;
  const JacobianHints& hints;
  AmbientFunction ambient;
};

/// Names the likely causes of every failing block, likeliest first, and of the failure as a whole.
void diagnose(JacobianResult& result, const JacobianCircumstances& known);

}  // namespace dtheta::gradcheck::detail
