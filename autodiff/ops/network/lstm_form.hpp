#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// All steps of an LSTM from its gates, W, h0 and c0, see detail::lstm_steps.
struct LstmForm {
  bool reverse;
};
[[nodiscard]] std::optional<LstmForm> as_lstm(const Node& node);

}  // namespace dtheta
