#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// All steps of a recurrent layer.
struct RecurrentForm {
  bool reverse;
};
/// From its gates, W, h0 and c0, see detail::lstm_steps.
[[nodiscard]] std::optional<RecurrentForm> as_lstm(const Node& node);
/// From x, W, the bias of the product and h0, see detail::gru_steps.
[[nodiscard]] std::optional<RecurrentForm> as_gru(const Node& node);
/// From x, W and h0, see detail::rnn_steps.
[[nodiscard]] std::optional<RecurrentForm> as_rnn(const Node& node);

}  // namespace dtheta
