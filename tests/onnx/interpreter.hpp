#pragma once

#include <functional>
#include <string>
#include <vector>

#include "call.hpp"

namespace dtheta::onnx_tests {

/// A model recorded on a tape: its real inputs and weights are leaves.
struct Recording {
  std::vector<Var> leaves;
  Values outputs;
};

/// How the recording makes a leaf of a value; returns what is to be computed with.
using MakeLeaf = std::function<Var(Tape& tape, const Data& data, std::vector<Var>& leaves)>;
/// A leaf with these values.
[[nodiscard]] Var plain_leaf(Tape& tape, const Data& data, std::vector<Var>& leaves);

/// Records the model node by node. Throws Unsupported for what it has no rule for, and what the ops
/// throw.
[[nodiscard]] Recording record(Tape& tape, const Model& model, const std::vector<Data>& inputs,
                               const MakeLeaf& make_leaf = plain_leaf);

}  // namespace dtheta::onnx_tests
