#include <array>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

/// What RNN, LSTM and GRU have in common: one direction, forwards.
class Recurrent {
 public:
  /// gates[i]: the place in ONNX's order of the gate that is ours number i.
  Recurrent(const Call& c, std::vector<Index> gates) : c_(c), gates_(std::move(gates)) {
    if (c.text("direction", "forward") == "bidirectional") {
      throw Unsupported("a recurrent layer in both directions");
    }
    if (c.has("activations")) throw Unsupported("a recurrent layer with chosen activations");
    if (c.has("clip")) throw Unsupported("a recurrent layer that clips");
  }

  [[nodiscard]] bool batch_first() const { return c_.integer("layout", 0) != 0; }
  [[nodiscard]] bool reverse() const { return c_.text("direction", "forward") == "reverse"; }
  /// (time, samples, in).
  [[nodiscard]] Var x() const { return batch_first() ? swap_axes(c_[0], 0, 1) : c_[0]; }

  [[nodiscard]] RecurrentWeights weights() const {
    RecurrentWeights w{gates_of(select(c_[1], 0, 0)), gates_of(select(c_[2], 0, 0))};
    if (c_.has(3)) {
      const Var b = select(c_[3], 0, 0);
      const Index half = b.size() / 2;
      w.b_x = gates_of(slice(b, 0, {0, half}));
      w.b_h = gates_of(slice(b, 0, {half, 2 * half}));
    }
    return w;
  }

  /// Input i, a state before the first step; zeros when it is not given.
  [[nodiscard]] Var state(std::size_t i) const {
    if (c_.has(i)) return select(c_[i], batch_first() ? 1 : 0, 0);
    const Index hidden = c_[2].shape()[2];
    return broadcast_to(c_.tape().constant(0.0), {x().shape()[1], hidden});
  }

  /// The results in ONNX's shapes: an axis for the direction, and samples first if so asked.
  [[nodiscard]] Values results(const RecurrentResult& r) const {
    const int direction = batch_first() ? 1 : 0;
    Var all = expand_dims(r.outputs, 1);
    if (batch_first()) all = permute(all, {2, 0, 1, 3});
    Values values{{all, c_.type()}, {expand_dims(r.last.h, direction), c_.type()}};
    if (r.last.c.exists()) values.push_back({expand_dims(r.last.c, direction), c_.type()});
    return values;
  }

  /// Sequences of different lengths are left out.
  void require_whole_sequences() const {
    if (!c_.has(4)) return;
    for (Index length : c_.integers(4)) {
      if (length != x().shape()[0]) throw Unsupported("sequences of different lengths");
    }
  }

 private:
  [[nodiscard]] Var gates_of(Var w) const {
    const Index hidden = w.shape()[0] / static_cast<Index>(gates_.size());
    std::vector<Var> parts;
    for (Index g : gates_) parts.push_back(slice(w, 0, {g * hidden, (g + 1) * hidden}));
    return concat(std::span<const Var>(parts), 0);
  }

  const Call& c_;
  std::vector<Index> gates_;
};

Values simple_rnn(const Call& c) {
  const Recurrent r(c, {0});
  r.require_whole_sequences();
  return r.results(rnn(r.x(), r.state(5), r.weights(), RecurrentActivation::tanh, r.reverse()));
}

/// ONNX has the order i, o, f, g.
Values lstm_rule(const Call& c) {
  if (c.has(7)) throw Unsupported("an LSTM with peepholes");
  const Recurrent r(c, {0, 2, 3, 1});
  r.require_whole_sequences();
  return r.results(lstm(r.x(), {r.state(5), r.state(6)}, r.weights(), r.reverse()));
}

/// ONNX has the order z, r, n.
Values gru_rule(const Call& c) {
  const Recurrent r(c, {1, 0, 2});
  r.require_whole_sequences();
  const bool reset_after = c.integer("linear_before_reset", 0) != 0;
  return r.results(gru(r.x(), r.state(5), r.weights(), reset_after, r.reverse()));
}

constexpr NamedRule rules[]{{"GRU", gru_rule}, {"LSTM", lstm_rule}, {"RNN", simple_rnn}};

}  // namespace

std::span<const NamedRule> recurrent_rules() { return rules; }

}  // namespace dtheta::onnx_tests
