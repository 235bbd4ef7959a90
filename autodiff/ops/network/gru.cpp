#include "autodiff/ops/network/gru.hpp"

#include <array>
#include <vector>

#include "autodiff/kernels/gru.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/recurrent_form.hpp"
#include "autodiff/ops/network/recurrent_rules.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/slice_form.hpp"

namespace dtheta {
namespace {

using detail::GruBlock, detail::GruCotangent, detail::RecurrentSizes;

Shape kept_shape(const RecurrentSizes& z) {
  return {detail::gru_blocks, z.time, z.samples, z.hidden};
}
Shape x_shape(const RecurrentSizes& z) { return {z.time, z.samples, 3 * z.hidden}; }
Shape state_shape(const RecurrentSizes& z) { return {z.samples, z.hidden}; }
Shape weights_shape(const RecurrentSizes& z) { return {3 * z.hidden, z.hidden}; }

Var block(Var kept, GruBlock b) { return select(kept, 0, static_cast<Index>(b)); }
Var part(Var cotangents, GruCotangent c) { return select(cotangents, 0, static_cast<Index>(c)); }

/// The cotangents in a GRU, for those of what it has kept, which are given for the blocks
/// [first, first + count) and zero for the others. From the last step to the first, with W_g the
/// rows of W for a gate and the others' cotangents those of the step that followed,
///   dh += (dh z) + dr W_r + dz W_z + dq W_n;  dn += dh (1 - z), times 1 - n^2;
///   dz += dh (h_before - n), times z (1 - z);  dr += dn q, times r (1 - r);  dq += dn r.
struct GruGrad {
  bool reverse = false;
  Index first = 0;
  Index count = detail::gru_blocks;
  friend constexpr bool operator==(const GruGrad&, const GruGrad&) = default;

  static constexpr OpInfo info{.name = "gru_grad", .arity = 4};
  static constexpr OpRule rule{"G = what gru hands to its gates for a cotangent of what it kept",
                               "dG = that of the steps that it is made of"};

  [[nodiscard]] RecurrentSizes sizes(const Shape& kept) const {
    return {detail::dim(kept, 1), detail::dim(kept, 2), detail::dim(kept, 3), reverse};
  }
  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes(in[1].shape);
    detail::require_sequence(
        info.name, in, z,
        {{count, z.time, z.samples, z.hidden}, kept_shape(z), weights_shape(z), state_shape(z)});
    return {{detail::gru_cotangents, z.time, z.samples, z.hidden}, Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(sizes(in[1].shape).step());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const RecurrentSizes z = sizes(call.shape(1));
    std::array<const T*, detail::gru_blocks> given{};
    for (Index b = 0; b < count; ++b) {
      given[static_cast<std::size_t>(first + b)] = call.input(0) + b * z.block();
    }
    detail::gru_adjoint(z, given, call.input(1), call.input(2), call.input(3), call.output(),
                        call.workspace(), call.parallel);
  }
  /// Differentiated as what it is made of.
  [[nodiscard]] Var vjp(int i, const Primal& p, Var d) const {
    return detail::vjp_as_made<4>([this](const auto& in) { return decomposed(in); }, i, p, d);
  }

  static std::vector<Sample<GruGrad>> samples() {
    std::vector<Sample<GruGrad>> list;
    const auto add = [&](const RecurrentSizes& z, Index from, Index blocks) {
      const Shape given{blocks, z.time, z.samples, z.hidden};
      list.push_back(
          {{z.reverse, from, blocks},
           {real(given), real(kept_shape(z)), real(weights_shape(z)), real(state_shape(z))}});
    };
    for (const RecurrentSizes& z : detail::recurrent_cases()) add(z, 0, detail::gru_blocks);
    add({2, 1, 2}, 0, 1);
    add({2, 1, 2}, 1, 1);
    add({2, 2, 1, true}, 2, 3);
    return list;
  }

 private:
  [[nodiscard]] Var decomposed(const std::array<Var, 4>& in) const {
    const auto& [given, kept, w, h0] = in;
    const RecurrentSizes z = sizes(kept.shape());
    const Var h_all = block(kept, GruBlock::h);
    const auto rows_of = [&, &weights = w](Index gate) {
      return slice(weights, 0, {gate * z.hidden, (gate + 1) * z.hidden});
    };
    const auto plus_given = [&, &all = given](Var v, GruBlock b, Index t) {
      const Index k = static_cast<Index>(b) - first;
      if (k < 0 || k >= count) return v;
      const Var own = select(select(all, 0, k), 0, t);
      return v.exists() ? v + own : own;
    };
    std::vector<Var> steps(static_cast<std::size_t>(z.time));
    Var handed_on;
    for (Index s = z.time; s-- > 0;) {
      const Index t = z.at(s);
      const auto now = [&, &blocks = kept](GruBlock b) { return select(block(blocks, b), 0, t); };
      const Var r = now(GruBlock::r), u = now(GruBlock::z), n = now(GruBlock::n),
                q = now(GruBlock::q), before = s > 0 ? select(h_all, 0, z.at(s - 1)) : h0;
      Var dh = plus_given(handed_on, GruBlock::h, t);
      if (!dh.exists()) dh = broadcast_to(kept.tape().constant(0.0), state_shape(z));
      const Var dn = plus_given(dh * (1 - u), GruBlock::n, t) * (1 - square(n)),
                du = plus_given(dh * (before - n), GruBlock::z, t) * u * (1 - u),
                dr = plus_given(dn * q, GruBlock::r, t) * r * (1 - r),
                dq = plus_given(dn * r, GruBlock::q, t);
      handed_on = dh * u + matmul(dr, rows_of(0)) + matmul(du, rows_of(1)) + matmul(dq, rows_of(2));
      std::vector<Var> parts;
      for (const Var v : {dr, du, dq, dn, dh}) parts.push_back(expand_dims(v, 0));
      steps[static_cast<std::size_t>(t)] = expand_dims(concat(parts, 0), 1);
    }
    return concat(steps, 1);
  }
};

/// A prime is the step before, and the cotangents are those of GruGrad; h0 receives
/// dh z + dr W_r + dz W_z + dq W_n of the first step.
struct Gru {
  bool reverse = false;
  friend constexpr bool operator==(const Gru&, const Gru&) = default;

  static constexpr OpInfo info{.name = "gru", .arity = 4};
  static constexpr OpRule rule{
      "h = (1 - z) n + z h'; r, z = sigmoid(x + h' W^T + b), n = tanh(x + r q), q = h' W^T + b",
      "x receives (dr, dz, dn), W receives (dr, dz, dq)^T h', b receives their sum; by gru_grad"};

  [[nodiscard]] RecurrentSizes sizes(const Shape& x) const {
    return {detail::dim(x, 0), detail::dim(x, 1), detail::dim(x, 2) / 3, reverse};
  }
  [[nodiscard]] ValueType infer(Types in) const {
    const RecurrentSizes z = sizes(in[0].shape);
    detail::require_sequence(info.name, in, z,
                             {x_shape(z), weights_shape(z), {3 * z.hidden}, state_shape(z)});
    return {kept_shape(z), Kind::real};
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(detail::gru_work(sizes(in[0].shape)));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::gru_forward(sizes(call.shape(0)), call.input(0), call.input(1), call.input(2),
                        call.input(3), call.output(), call.workspace(), call.parallel);
  }

  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const RecurrentSizes z = sizes(p[0].shape());
    const Var d = cotangents(p, c);
    if (i == 0) {
      return concat({part(d, GruCotangent::r), part(d, GruCotangent::z), part(d, GruCotangent::n)},
                    2);
    }
    if (i == 3) return first_state_cotangent(p, z, d);
    // Of what is multiplied with h: r, z, q stand side by side.
    const Var products = reshape(slice(d, 0, {0, 3}), Shape{3, z.time * z.samples, z.hidden});
    if (i == 2) return reshape(sum(products, 1), Shape{3 * z.hidden});
    const Var before = reshape(detail::states_before(block(p.out, GruBlock::h), p[3], z),
                               Shape{z.time * z.samples, z.hidden});
    return reshape(matmul(products, before, true, false), weights_shape(z));
  }

  /// Samples are independent, so with one W and b for all a batch is more samples.
  [[nodiscard]] Var batch(const Batch& b) const {
    if (b.is_batched(1) || b.is_batched(2)) return detail::one_by_one<4>(*this, b);
    const RecurrentSizes z = sizes(Shape(b[0].shape().dims().subspan(b.is_batched(0) ? 1 : 0)));
    const Index samples = b.size * z.samples;
    const Var x = reshape(swap_axes(b.expanded(0), 0, 1), Shape{z.time, samples, 3 * z.hidden});
    const Var kept =
        apply(*this, {x, b[1], b[2], reshape(b.expanded(3), Shape{samples, z.hidden})});
    return permute(reshape(kept, Shape{detail::gru_blocks, z.time, b.size, z.samples, z.hidden}),
                   {2, 0, 1, 3, 4});
  }

  static std::vector<Sample<Gru>> samples() {
    std::vector<Sample<Gru>> list;
    for (const RecurrentSizes& z : detail::recurrent_cases()) {
      list.push_back({{z.reverse},
                      {real(x_shape(z), {-2, 2}), real(weights_shape(z)), real({3 * z.hidden}),
                       real(state_shape(z))}});
    }
    list.push_back({{},
                    {given({2, 1, 3}, {30, -40, 25, -50, 60, -20}), given({3, 1}, {1, 0, -1}),
                     given({3}, {0.5, -1, 2}), given({1, 1}, {0.5})}});
    return list;
  }

 private:
  [[nodiscard]] Var cotangents(const Primal& p, Var c) const {
    Tape& tape = c.tape();
    GruGrad op{reverse};
    // What few blocks receive comes padded with zeros: they need not be read.
    if (const auto form = as_unslice(tape.node(c)); form && form->axis == 0) {
      op.first = form->start;
      op.count = form->count;
      c = Var(tape, tape.inputs(c.index())[0]);
    }
    return detail::apply_once(op, std::array{c, p.out, p[1], p[3]}, p.out);
  }

  static Var first_state_cotangent(const Primal& p, const RecurrentSizes& z, Var d) {
    const auto first = [&](Var v) { return select(v, 0, z.at(0)); };
    const Var side_by_side =
        concat({first(part(d, GruCotangent::r)), first(part(d, GruCotangent::z)),
                first(part(d, GruCotangent::q))},
               1);
    return first(part(d, GruCotangent::h)) * first(block(p.out, GruBlock::z)) +
           matmul(side_by_side, p[1]);
  }
};

}  // namespace

Var detail::gru_steps(Arg x, Var w_h, Var b_h, Var h0, bool reverse) {
  return apply(Gru{reverse}, {x, w_h, b_h, h0});
}

std::optional<RecurrentForm> as_gru(const Node& node) {
  if (node.op != &record_of<Gru>) return {};
  return RecurrentForm{static_cast<const Gru*>(node.attributes)->reverse};
}

std::span<const OpEntry> gru_ops() { return OpList<Gru, GruGrad>::entries; }

}  // namespace dtheta
