#pragma once

#include <span>

#include "autodiff/op.hpp"

namespace dtheta {

/// The built-in ops by family, each list defined at the end of its family's source file.
std::span<const OpRecord* const> arithmetic_ops();
std::span<const OpRecord* const> exp_log_ops();
std::span<const OpRecord* const> activation_ops();
std::span<const OpRecord* const> shape_ops();
std::span<const OpRecord* const> index_ops();
std::span<const OpRecord* const> reduction_ops();
std::span<const OpRecord* const> matmul_ops();
std::span<const OpRecord* const> loss_ops();
std::span<const OpRecord* const> random_ops();
std::span<const OpRecord* const> special_ops();
std::span<const OpRecord* const> trigonometric_ops();

}  // namespace dtheta
