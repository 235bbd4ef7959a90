#pragma once

#include <span>
#include <string_view>

#include "call.hpp"

namespace dtheta::onnx_tests {

/// What an operator of ONNX is in terms of ours. Throws Unsupported for settings that have no
/// counterpart.
using Rule = Values (*)(const Call&);

struct NamedRule {
  std::string_view op;
  Rule rule;
};

/// The rules by subject.
[[nodiscard]] std::span<const NamedRule> elementwise_rules();
[[nodiscard]] std::span<const NamedRule> reduction_rules();
[[nodiscard]] std::span<const NamedRule> shape_rules();
[[nodiscard]] std::span<const NamedRule> index_rules();
[[nodiscard]] std::span<const NamedRule> matrix_rules();
[[nodiscard]] std::span<const NamedRule> window_rules();
[[nodiscard]] std::span<const NamedRule> resize_rules();
[[nodiscard]] std::span<const NamedRule> sampling_rules();
[[nodiscard]] std::span<const NamedRule> normalization_rules();
[[nodiscard]] std::span<const NamedRule> loss_rules();
[[nodiscard]] std::span<const NamedRule> recurrent_rules();
[[nodiscard]] std::span<const NamedRule> optimizer_rules();

/// The rule of an operator. Throws Unsupported when there is none.
[[nodiscard]] Rule find_rule(std::string_view op);

}  // namespace dtheta::onnx_tests
