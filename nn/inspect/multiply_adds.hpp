#pragma once

#include "autodiff/tape.hpp"

namespace dtheta::nn::detail {

/// The multiplications, each with an addition, that a record's op takes: those of matrix products,
/// convolutions, their transposes and the steps of an LSTM. 0 for all others.
[[nodiscard]] Index multiply_adds(const Tape& tape, std::uint32_t record);

}  // namespace dtheta::nn::detail
