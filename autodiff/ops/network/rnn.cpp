#include "autodiff/ops/network/rnn.hpp"

#include <array>
#include <vector>

#include "autodiff/kernels/rnn.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/recurrent_form.hpp"
#include "autodiff/ops/network/recurrent_rules.hpp"

namespace dtheta {
namespace {

using detail::RecurrentSizes;

RecurrentSizes sizes_of(const Shape& h, bool reverse) {
  return {detail::dim(h, 0), detail::dim(h, 1), detail::dim(h, 2), reverse};
}
Shape steps_shape(const RecurrentSizes& z) { return {z.time, z.samples, z.hidden}; }
Shape state_shape(const RecurrentSizes& z) { return {z.samples, z.hidden}; }
Shape weights_shape(const RecurrentSizes& z) { return {z.hidden, z.hidden}; }

/// The cotangent of x, for that of h at every step, c: from the last step to the first.
struct RnnGrad {
  bool reverse = false;
  friend constexpr bool operator==(const RnnGrad&, const RnnGrad&) = default;

  static constexpr OpInfo info{.name = "rnn_grad", .arity = 3};
  static constexpr OpRule rule{
      "g = (c + g' W) (1 - h^2), what rnn hands to x; g' of the step that followed",
      "dg = that of the steps that it is made of"};

  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes_of(in[1].shape, reverse);
    detail::require_sequence(info.name, in, z, {steps_shape(z), steps_shape(z), weights_shape(z)});
    return {steps_shape(z), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::rnn_adjoint(sizes_of(call.shape(1), reverse), call.input(0), call.input(1),
                        call.input(2), call.output(), call.parallel);
  }
  /// Differentiated as what it is made of.
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    return detail::vjp_as_made<3>([this](const auto& in) { return decomposed(in); }, i, p, d);
  }
  static std::vector<Sample<RnnGrad>> samples() {
    std::vector<Sample<RnnGrad>> list;
    for (const RecurrentSizes& z : detail::recurrent_cases()) {
      list.push_back(
          {{z.reverse}, {real(steps_shape(z)), real(steps_shape(z)), real(weights_shape(z))}});
    }
    return list;
  }

 private:
  [[nodiscard]] Var decomposed(const std::array<Var, 3>& in) const {
    const auto& [dh, h, w] = in;
    const RecurrentSizes z = sizes_of(h.shape(), reverse);
    std::vector<Var> steps(static_cast<std::size_t>(z.time));
    Var following;
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      Var all = select(dh, 0, t);
      if (following.exists()) all = all + matmul(following, w);
      following = all * (1 - square(select(h, 0, t)));
      steps[static_cast<std::size_t>(t)] = expand_dims(following, 0);
    }
    return concat(steps, 0);
  }
};

/// What h0 receives is that of the first step.
struct Rnn {
  bool reverse = false;
  friend constexpr bool operator==(const Rnn&, const Rnn&) = default;

  static constexpr OpInfo info{.name = "rnn", .arity = 3};
  static constexpr OpRule rule{"h = tanh(x + W h'), h' of the step before",
                               "x receives g by rnn_grad, W receives g^T h', h0 receives g W"};

  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes_of(in[0].shape, reverse);
    detail::require_sequence(info.name, in, z, {steps_shape(z), weights_shape(z), state_shape(z)});
    return {steps_shape(z), Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(detail::rnn_work(sizes_of(in[0].shape, reverse)));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::rnn_forward(sizes_of(call.shape(0), reverse), call.input(0), call.input(1),
                        call.input(2), call.output(), call.workspace(), call.parallel);
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const RecurrentSizes z = sizes_of(p[0].shape(), reverse);
    const Var d = detail::apply_once(RnnGrad{reverse}, std::array{c, p.out, p[1]}, p.out);
    if (i == 0) return d;
    if (i == 2) return matmul(select(d, 0, z.at(0)), p[1]);
    const Shape rows{z.time * z.samples, z.hidden};
    return matmul(reshape(d, rows), reshape(detail::states_before(p.out, p[2], z), rows), true,
                  false);
  }
  /// Samples are independent, so with one W for all a batch is more samples.
  [[nodiscard]] Var batch(const Batch& b) const {
    if (b.is_batched(1)) return detail::one_by_one<3>(*this, b);
    const RecurrentSizes z =
        sizes_of(Shape(b[0].shape().dims().subspan(b.is_batched(0) ? 1 : 0)), reverse);
    const Index samples = b.size * z.samples;
    const Var x = reshape(swap_axes(b.expanded(0), 0, 1), Shape{z.time, samples, z.hidden});
    const Var h = apply(*this, {x, b[1], reshape(b.expanded(2), Shape{samples, z.hidden})});
    return permute(reshape(h, Shape{z.time, b.size, z.samples, z.hidden}), {1, 0, 2, 3});
  }
  static std::vector<Sample<Rnn>> samples() {
    std::vector<Sample<Rnn>> list;
    for (const RecurrentSizes& z : detail::recurrent_cases()) {
      list.push_back(
          {{z.reverse},
           {real(steps_shape(z), {-2, 2}), real(weights_shape(z)), real(state_shape(z))}});
    }
    list.push_back({{}, {given({2, 1, 1}, {30, -20}), given({1, 1}, {2}), given({1, 1}, {0.5})}});
    return list;
  }
};

}  // namespace

Var detail::rnn_steps(Arg x, Var w_h, Var h0, bool reverse) {
  return apply(Rnn{reverse}, {x, w_h, h0});
}

std::optional<RecurrentForm> as_rnn(const Node& node) {
  if (node.op != &record_of<Rnn>) return {};
  return RecurrentForm{static_cast<const Rnn*>(node.attributes)->reverse};
}

std::span<const OpEntry> rnn_ops() { return OpList<Rnn, RnnGrad>::entries; }

}  // namespace dtheta
