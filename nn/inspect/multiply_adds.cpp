#include "nn/inspect/multiply_adds.hpp"

#include <string_view>

namespace dtheta::nn::detail {
namespace {

/// The sum that each element of a product is, in terms: that of the axis which both operands lose.
Index terms_of_product(const Shape& a, const Shape& b, const Shape& out) {
  if (a.rank() == 1) return a.size();
  if (b.rank() == 1) return b.size();
  // Either of a's last two axes may be summed over: the other one is in the result.
  const Index rows = out[out.rank() - 2];
  return rows == 0 ? 0 : a[a.rank() - 2] * a[a.rank() - 1] / rows;
}

Index per_first(const Shape& w) { return w[0] == 0 ? 0 : w.size() / w[0]; }

}  // namespace

Index multiply_adds(const Tape& tape, std::uint32_t record) {
  const Node& node = tape.node(record);
  if (node.op == nullptr) return 0;
  const std::string_view op = node.op->info.name;
  const auto in = [&](std::size_t i) -> const Shape& {
    return tape.node(tape.inputs(record)[i]).type->shape;
  };
  const Shape& out = node.type->shape;
  if (op == "matmul") return out.size() * terms_of_product(in(0), in(1), out);
  if (op == "affine") return out.size() * in(1)[1];
  // Filters are (channels of the convolution's result, ...).
  if (op == "conv" || op == "conv_with_bias") return out.size() * per_first(in(1));
  if (op == "conv_data_grad") return in(0).size() * per_first(in(1));
  // x contributes (time, samples, gates * hidden), the weights are (gates * hidden, hidden).
  if (op == "lstm" || op == "gru" || op == "rnn") return in(0).size() * in(1)[1];
  return 0;
}

}  // namespace dtheta::nn::detail
