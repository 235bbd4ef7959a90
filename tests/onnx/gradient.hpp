#pragma once

#include "cases.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::onnx_tests {

/// Checks the tape's derivative of sum(c y), with random c of both signs, in every real input and
/// weight. Outputs that are not differentiable or not finite are left out; nothing is returned when
/// none is left. Of tensors with many elements some are checked, drawn at random.
[[nodiscard]] std::optional<gradcheck::Result> check_gradient(const Model& model,
                                                              const std::vector<Data>& inputs);

}  // namespace dtheta::onnx_tests
