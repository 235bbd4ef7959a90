#include "autodiff/ops/network/lstm.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/kernels/lstm.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/recurrent_form.hpp"
#include "autodiff/ops/network/recurrent_rules.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/slice_form.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::LstmBlock, detail::RecurrentSizes;

Shape kept_shape(const RecurrentSizes& z) {
  return {detail::lstm_blocks, z.time, z.samples, z.hidden};
}
Shape gates_shape(const RecurrentSizes& z) { return {z.time, z.samples, 4 * z.hidden}; }
Shape state_shape(const RecurrentSizes& z) { return {z.samples, z.hidden}; }
Shape weights_shape(const RecurrentSizes& z) { return {4 * z.hidden, z.hidden}; }

/// A block of what an LSTM has kept, (time, samples, hidden).
Var block(Var kept, LstmBlock b) { return select(kept, 0, static_cast<Index>(b)); }

/// Operands and steps of a size, for both ops.
struct Case {
  RecurrentSizes z;
  [[nodiscard]] SampleInput gates() const { return real(gates_shape(z), {-2, 2}); }
  [[nodiscard]] SampleInput kept() const { return real(kept_shape(z)); }
  [[nodiscard]] SampleInput state() const { return real(state_shape(z)); }
  [[nodiscard]] SampleInput weights() const { return real(weights_shape(z)); }
};
std::vector<Case> cases() {
  std::vector<Case> list;
  for (const RecurrentSizes& z : detail::recurrent_cases()) list.push_back({z});
  return list;
}

/// Cotangents are given for the blocks [first, first + count) of what was kept and zero for the
/// others. From the last step to the first, with dG of the step that followed,
///   dh += dG W,   do += dh tanh(c),
///   dc += dh o (1 - tanh(c)^2) + (dc f) of the step that followed,
///   di += dc g,   df += dc c_before,   dg += dc i,
///   dG = (di i (1 - i), df f (1 - f), dg (1 - g^2), do o (1 - o)).
struct LstmGrad {
  bool reverse = false;
  Index first = 0;
  Index count = detail::lstm_blocks;
  friend constexpr bool operator==(const LstmGrad&, const LstmGrad&) = default;

  static constexpr OpInfo info{.name = "lstm_grad", .arity = 4};
  static constexpr OpRule rule{"G = what lstm hands to its gates for a cotangent of what it kept",
                               "dG = that of the steps that it is made of"};

  [[nodiscard]] RecurrentSizes sizes(const Shape& kept) const {
    return {detail::dim(kept, 1), detail::dim(kept, 2), detail::dim(kept, 3), reverse};
  }
  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes(in[1].shape);
    detail::require_sequence(
        info.name, in, z,
        {{count, z.time, z.samples, z.hidden}, kept_shape(z), weights_shape(z), state_shape(z)});
    return {gates_shape(z), Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return 2 * static_cast<std::size_t>(sizes(in[1].shape).step());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const RecurrentSizes z = sizes(call.shape(1));
    std::array<const T*, detail::lstm_blocks> given{};
    for (Index b = 0; b < count; ++b) {
      given[static_cast<std::size_t>(first + b)] = call.input(0) + b * z.block();
    }
    detail::lstm_adjoint(z, given, call.input(1), call.input(2), call.input(3), call.output(),
                         call.workspace(), call.parallel);
  }

  /// Differentiated as what it is made of: recorded anew from aliases of its operands, so that
  /// nothing but the operand in question is seen to change.
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    return detail::vjp_as_made<4>([this](const auto& in) { return decomposed(in); }, i, p, d);
  }

  static std::vector<Sample<LstmGrad>> samples() {
    std::vector<Sample<LstmGrad>> list;
    const auto add = [&](const Case& c, Index from, Index blocks) {
      const Shape given{blocks, c.z.time, c.z.samples, c.z.hidden};
      list.push_back(
          {{c.z.reverse, from, blocks}, {real(given), c.kept(), c.weights(), c.state()}});
    };
    for (const Case& c : cases()) add(c, 0, detail::lstm_blocks);
    add({{2, 1, 2}}, 0, 1);
    add({{2, 1, 2}}, 1, 1);
    add({{2, 2, 1, true}}, 2, 3);
    return list;
  }

 private:
  [[nodiscard]] Var decomposed(const std::array<Var, 4>& in) const {
    const auto& [given, kept, w, c0] = in;
    const RecurrentSizes z = sizes(kept.shape());
    const Var i = block(kept, LstmBlock::i), f = block(kept, LstmBlock::f),
              g = block(kept, LstmBlock::g), o = block(kept, LstmBlock::o),
              c = block(kept, LstmBlock::c), tanh_c = tanh(c);
    const auto plus_given = [&, &all = given](Var v, LstmBlock b, Index t) {
      const Index k = static_cast<Index>(b) - first;
      if (k < 0 || k >= count) return v;
      const Var own = select(select(all, 0, k), 0, t);
      return v.exists() ? v + own : own;
    };
    std::vector<Var> gates(static_cast<std::size_t>(z.time));
    Var carry, following;
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      const auto now = [&](Var v) { return select(v, 0, t); };
      Var dh = plus_given(following.exists() ? matmul(following, w) : Var{}, LstmBlock::h, t);
      if (!dh.exists()) dh = broadcast_to(kept.tape().constant(0.0), state_shape(z));
      Var dc = dh * now(o) * (1 - square(now(tanh_c)));
      dc = plus_given(carry.exists() ? carry + dc : dc, LstmBlock::c, t);
      const Var before = s > 0 ? select(c, 0, z.at(s - 1)) : c0;
      const Var di = plus_given(dc * now(g), LstmBlock::i, t),
                df = plus_given(dc * before, LstmBlock::f, t),
                dg = plus_given(dc * now(i), LstmBlock::g, t),
                d_o = plus_given(dh * now(tanh_c), LstmBlock::o, t);
      following = concat({di * now(i) * (1 - now(i)), df * now(f) * (1 - now(f)),
                          dg * (1 - square(now(g))), d_o * now(o) * (1 - now(o))},
                         1);
      carry = dc * now(f);
      gates[static_cast<std::size_t>(t)] = expand_dims(following, 0);
    }
    return concat(gates, 0);
  }
};

/// A prime is the step before. What h0 and c0 receive is that of the first step.
struct Lstm {
  bool reverse = false;
  friend constexpr bool operator==(const Lstm&, const Lstm&) = default;

  static constexpr OpInfo info{.name = "lstm", .arity = 4};
  static constexpr OpRule rule{
      "c = f c' + i g, h = o tanh(c); i, f, o = sigmoid and g = tanh of gates + h' W^T",
      "gates receive G by lstm_grad, W receives G^T h', h0 receives G W, c0 receives f dc"};

  [[nodiscard]] RecurrentSizes sizes(const Shape& gates) const {
    return {detail::dim(gates, 0), detail::dim(gates, 1), detail::dim(gates, 2) / 4, reverse};
  }
  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes(in[0].shape);
    detail::require_sequence(info.name, in, z,
                             {gates_shape(z), weights_shape(z), state_shape(z), state_shape(z)});
    return {kept_shape(z), Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(detail::lstm_work(sizes(in[0].shape)));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::lstm_forward(sizes(call.shape(0)), call.input(0), call.input(1), call.input(2),
                         call.input(3), call.output(), call.workspace(), call.parallel);
  }

  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const RecurrentSizes z = sizes(p[0].shape());
    const Var gates = gates_cotangent(p, c), first = select(gates, 0, z.at(0));
    switch (i) {
      case 0:
        return gates;
      case 1:
        return matmul(reshape(gates, Shape{z.time * z.samples, 4 * z.hidden}),
                      reshape(detail::states_before(block(p.out, LstmBlock::h), p[2], z),
                              Shape{z.time * z.samples, z.hidden}),
                      true, false);
      case 2:
        return matmul(first, p[1]);
      default:
        return first_memory_cotangent(p, z, c, gates);
    }
  }

  /// Samples are independent, so with one W for all a batch is more samples.
  [[nodiscard]] Var batch(const Batch& b) const {
    if (b.is_batched(1)) return detail::one_by_one<4>(*this, b);
    const RecurrentSizes z = sizes(Shape(b[0].shape().dims().subspan(b.is_batched(0) ? 1 : 0)));
    const Index samples = b.size * z.samples;
    const Var gates = reshape(swap_axes(b.expanded(0), 0, 1), Shape{z.time, samples, 4 * z.hidden});
    const Shape states{samples, z.hidden};
    const Var kept =
        apply(*this, {gates, b[1], reshape(b.expanded(2), states), reshape(b.expanded(3), states)});
    return permute(reshape(kept, Shape{detail::lstm_blocks, z.time, b.size, z.samples, z.hidden}),
                   {2, 0, 1, 3, 4});
  }

  static std::vector<Sample<Lstm>> samples() {
    std::vector<Sample<Lstm>> list;
    for (const Case& c : cases()) {
      list.push_back({{c.z.reverse}, {c.gates(), c.weights(), c.state(), c.state()}});
    }
    list.push_back({{},
                    {given({2, 1, 4}, {30, 40, -30, 50, -60, -20, 25, 10}),
                     given({4, 1}, {1, 0, -1, 2}), given({1, 1}, {0.5}), given({1, 1}, {-2})}});
    return list;
  }

 private:
  /// The record is the same for all operands: one that was made for another operand is taken.
  [[nodiscard]] Var gates_cotangent(const Primal& p, Var c) const {
    Tape& tape = c.tape();
    LstmGrad op{reverse};
    // What few blocks receive comes padded with zeros: they need not be read.
    if (const auto form = as_unslice(tape.node(c)); form && form->axis == 0) {
      op.first = form->start;
      op.count = form->count;
      c = Var(tape, tape.inputs(c.index())[0]);
    }
    return detail::apply_once(op, std::array{c, p.out, p[1], p[3]}, p.out);
  }

  /// dc of each step is what h and c receive there plus (dc f) of the step that followed.
  static Var first_memory_cotangent(const Primal& p, const RecurrentSizes& z, Var c, Var gates) {
    const Var f = block(p.out, LstmBlock::f), dh = block(c, LstmBlock::h),
              through_h =
                  block(p.out, LstmBlock::o) * (1 - square(tanh(block(p.out, LstmBlock::c))));
    Var carry;
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      Var h_total = select(dh, 0, t);
      if (s + 1 < z.time) h_total = h_total + matmul(select(gates, 0, z.at(s + 1)), p[1]);
      Var dc = select(block(c, LstmBlock::c), 0, t) + h_total * select(through_h, 0, t);
      if (carry.exists()) dc = carry + dc;
      carry = dc * select(f, 0, t);
    }
    return carry;
  }
};

}  // namespace

Var detail::lstm_steps(Arg gates, Var w_h, Var h0, Var c0, bool reverse) {
  return apply(Lstm{reverse}, {gates, w_h, h0, c0});
}

std::optional<RecurrentForm> as_lstm(const Node& node) {
  if (node.op != &record_of<Lstm>) return {};
  return RecurrentForm{static_cast<const Lstm*>(node.attributes)->reverse};
}

std::span<const OpEntry> lstm_ops() { return OpList<Lstm, LstmGrad>::entries; }

}  // namespace dtheta
