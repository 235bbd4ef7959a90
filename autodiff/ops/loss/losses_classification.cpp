#include "autodiff/ops/loss/losses_classification.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Labels along which nll and its adjoint pick or place an element.
struct Labels {
  Index ignored = ignored_label;
  std::string_view caller = "nll";  // whom to name when a label is out of range
  friend constexpr bool operator==(const Labels&, const Labels&) = default;

  /// Calls visit(example, label) for each example that is not left out.
  template <class Visit>
  void for_each(const Index* labels, Index count, Index classes, Visit visit) const {
    for (Index i = 0; i < count; ++i) {
      const Index label = labels[i];
      if (label == ignored) continue;
      if (label < 0 || label >= classes) {
        throw ValueError(fmt::format("{}: label {} of example {} is out of range for {} classes",
                                     caller, label, i, classes));
      }
      visit(i, label);
    }
  }
};

[[noreturn]] void throw_misfit(std::string_view op, const Shape& log_p, const Shape& labels) {
  throw ShapeError(fmt::format("{}: labels {} do not fit log-probabilities {}: one for each row",
                               op, to_string(labels), to_string(log_p)));
}

/// The adjoint of nll.
struct NllGrad {
  Labels labels;
  Index classes = 0;
  friend constexpr bool operator==(const NllGrad&, const NllGrad&) = default;

  static constexpr OpInfo info{.name = "nll_grad", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = -c at each label along a new last axis, else 0",
                               "dy = nll_grad(dc)"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in.first(1));
    detail::require_indices(info.name, in[1]);
    const Shape& c = in[0].shape;
    const Shape result = detail::replaced(c, c.rank(), 0, std::span(&classes, 1));
    if (c != in[1].shape) throw_misfit(labels.caller, result, in[1].shape);
    return {result, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    const T* c = call.input(0);
    labels.for_each(call.indices(1), call.shape(1).size(), classes,
                    [&](Index i, Index label) { call.output()[i * classes + label] = -c[i]; });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const;
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(*this, {b.expanded(0), b.expanded(1)});
  }
  static std::vector<Sample<NllGrad>> samples() {
    return {{{{}, 4}, {real({3}), index({3}, {0, 3, 1})}},
            {{{}, 3}, {real({}), index({}, {2})}},
            {{{}, 2}, {real({2, 2}), index({2, 2}, {0, 1, -100, 0})}},
            {{{1}, 2}, {real({3}), index({3}, {0, 1, 0})}},
            {{{}, 1}, {real({2}), index({2}, {0, 0})}},
            {{{}, 3}, {real({0}), index({0}, {})}}};
  }
};

struct Nll {
  Labels labels;
  friend constexpr bool operator==(const Nll&, const Nll&) = default;

  static constexpr OpInfo info{.name = "nll", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = -x[label]", "dy = -dx[label]"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(labels.caller, in.first(1));
    detail::require_indices(labels.caller, in[1]);
    const Shape &x = in[0].shape, &at = in[1].shape;
    if (x.rank() == 0 || !std::equal(at.begin(), at.end(), x.begin(), x.end() - 1)) {
      throw_misfit(labels.caller, x, at);
    }
    return {at, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index classes = call.shape(0)[call.shape(0).rank() - 1];
    const Index count = call.shape(1).size();
    std::fill_n(call.output(), count, T(0));
    labels.for_each(call.indices(1), count, classes, [&](Index i, Index label) {
      call.output()[i] = -call.input(0)[i * classes + label];
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Index classes = p[0].shape()[p[0].rank() - 1];
    return i == 0 ? apply(NllGrad{labels, classes}, {c, p[1]}) : Var{};
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    return apply(*this, {b.expanded(0), b.expanded(1)});
  }
  static std::vector<Sample<Nll>> samples() {
    return {{{}, {real({3, 4}), index({3}, {0, 3, 1})}},
            {{}, {real({5}), index({}, {2})}},
            {{}, {real({2, 2, 3}), index({2, 2}, {0, 1, -100, 0})}},
            {{{1}}, {real({3, 2}), index({3}, {0, 1, 0})}},
            {{{-1}}, {real({2, 2}), index({2}, {-1, -1})}},
            {{}, {real({2, 1}), index({2}, {0, 0})}},
            {{}, {real({0, 3}), index({0}, {})}},
            {{}, {given({2, 2}, {-1e30, 1, 2, -1e30}), index({2}, {0, 1})}}};
  }
};

Var NllGrad::vjp(int i, const Primal& p, Var c) const {
  return i == 0 ? apply(Nll{labels}, {c, p[1]}) : Var{};
}

/// What kl_div hands to p. At p = 0 its derivative in q is -1, too, as that of kl_div in both is.
struct KlDivSlope : Binary<KlDivSlope> {
  static constexpr OpInfo info{.name = "kl_div_slope", .arity = 2};
  static constexpr OpRule rule{"y = log(p) + 1 - q, 0 where p = 0", "dy = dp / p - dq", "p > 0"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 0}, Domain{0.1, 1}};
  template <class T>
  static T value(T log_q, T p) {
    using std::log;
    return p == T(0) ? T(0) : log(p) + T(1) - log_q;
  }
  static Var pullback(int i, const Primal& v, Var c) {
    return i == 0 ? -c : detail::keep_nan(detail::xdivy(c, v[1]), v.out);
  }
};

/// A class without a share of p has none in the loss, though q be -infinity.
struct KlDiv : Binary<KlDiv> {
  static constexpr OpInfo info{.name = "kl_div", .arity = 2};
  static constexpr OpRule rule{"y = p log(p) - p q, q the log of a probability",
                               "dy = (log(p) + 1 - q) dp - p dq", "p >= 0"};
  static constexpr std::array<Domain, 2> domains{Domain{-3, 0}, Domain{0.1, 1}};
  template <class T>
  static T value(T log_q, T p) {
    using std::log;
    if (p < T(0)) {
      throw ValueError(fmt::format("kl_div: probability {} is negative", static_cast<double>(p)));
    }
    return p == T(0) ? T(0) : p * (log(p) - log_q);
  }
  static Var pullback(int i, const Primal& v, Var c) {
    return i == 0 ? -(c * v[1]) : detail::weighted(c, apply<KlDivSlope>(v[0], v[1]));
  }
  static std::vector<Sample<KlDiv>> samples() {
    std::vector<Sample<KlDiv>> list = Binary<KlDiv>::samples();
    list.push_back({{}, {real({3, 2}, {-3, 0}), fixed({2}, {0, 1})}});
    list.push_back({{}, {given({}, {-1e30}), given({}, {0.5})}});
    list.push_back({{}, {given({}, {-700}), given({}, {1e30})}});
    return list;
  }
};

/// Throws ShapeError naming `op` unless there is one weight for each class of the scores.
void require_class_weights(std::string_view op, Arg scores, Arg weights) {
  const Shape &s = scores.var().shape(), &w = weights.var().shape();
  if (s.rank() == 0 || w != Shape{s[s.rank() - 1]}) {
    throw ShapeError(fmt::format("{}: weights {} are not one for each class of {}", op,
                                 to_string(w), to_string(s)));
  }
}

}  // namespace

namespace detail {

void require_fit(std::string_view op, std::initializer_list<Arg> args) {
  Shape shape;
  for (const Arg& a : args) {
    if (a.is_number()) continue;
    require_real(op, a.var().type());
    shape = broadcast(op, shape, a.var().shape());
  }
}

Var nll_for(std::string_view caller, Arg log_p, Arg labels, Index ignored) {
  return apply(Nll{{ignored, caller}}, {log_p, labels});
}

}  // namespace detail

Var nll(Arg log_p, Arg labels, Index ignored) {
  return detail::nll_for("nll", log_p, labels, ignored);
}

Var weights_of(Arg weights, Arg labels, Index ignored) {
  const Shape &w = weights.var().shape(), &at = labels.var().shape();
  if (w.rank() != 1) {
    throw ShapeError(fmt::format("weights_of: weights {} for labels {} are not one for each class",
                                 to_string(w), to_string(at)));
  }
  const Shape rows = detail::replaced(at, at.rank(), 0, w.dims());
  return detail::nll_for("weights_of", broadcast_to(-weights, rows), labels, ignored);
}

Var nll(Arg log_p, Arg labels, Arg weights, Index ignored) {
  require_class_weights("nll", log_p, weights);
  return detail::nll_for("nll", log_p, labels, ignored) * weights_of(weights, labels, ignored);
}

Var cross_entropy_with_logits(Arg z, Arg labels, Arg weights, Index ignored) {
  require_class_weights("cross_entropy_with_logits", z, weights);
  return cross_entropy_with_logits(z, labels, ignored) * weights_of(weights, labels, ignored);
}

Var cross_entropy_with_logits(Arg z, Arg labels, Index ignored) {
  if (z.var().rank() == 0) {
    throw ShapeError("cross_entropy_with_logits: logits () have no axis of classes");
  }
  detail::require_indices("cross_entropy_with_logits", labels.var().type());
  return detail::nll_for("cross_entropy_with_logits", Arg(log_softmax(z), z.at()), labels, ignored);
}

Var weighted_mean(Arg losses, Arg weights) {
  detail::require_fit("weighted_mean", {losses, weights});
  const Var weighted = losses * weights;
  return sum(weighted) / sum(broadcast_to(weights, weighted.shape()));
}

Var smoothed_cross_entropy(Arg z, Arg targets, double smoothing, Index ignored) {
  if (!(smoothing >= 0 && smoothing <= 1)) {
    throw ValueError(
        fmt::format("smoothed_cross_entropy: smoothing {} is not between 0 and 1", smoothing));
  }
  const Shape &shape = z.var().shape(), &at = targets.var().shape();
  const bool by_label = targets.var().is_index();
  const bool fits =
      shape.rank() > 0 &&
      (by_label ? std::equal(at.begin(), at.end(), shape.begin(), shape.end() - 1) : at == shape);
  if (!fits) {
    throw ShapeError(fmt::format("smoothed_cross_entropy: targets {} do not fit logits {}",
                                 to_string(at), to_string(shape)));
  }
  const Var log_p = log_softmax(z);
  // Without smoothing the other classes have no part in the loss, though a logit be -infinity.
  Var rest = smoothing > 0 ? -(smoothing * mean(log_p, -1)) : Var{};
  if (by_label && rest.exists() && ignored != no_label_ignored) {
    const Var ones = broadcast_to(log_p.tape().constant(1.0), Shape{shape[shape.rank() - 1]});
    rest = detail::weighted(weights_of(ones, targets, ignored), rest);
  }
  if (smoothing == 1 && !by_label) return rest;
  const Var own = by_label ? detail::nll_for("smoothed_cross_entropy", log_p, targets, ignored)
                           : -sum(detail::weighted(targets, log_p), -1);
  if (!rest.exists()) return own;
  return detail::weighted(1 - own.tape().constant(smoothing), own) + rest;
}

Var kl_div(Arg log_q, Arg p) { return apply<KlDiv>(log_q, p); }

Var kl_div_of_logs(Arg log_q, Arg log_p) {
  detail::require_fit("kl_div_of_logs", {log_q, log_p});
  return detail::weighted(exp(log_p), log_p - log_q);
}

Var hinge(Arg z, Arg y) {
  detail::require_fit("hinge", {z, y});
  return relu(1 - y * z);
}

Var hinge_embedding(Arg x, Arg y, double margin) {
  detail::require_fit("hinge_embedding", {x, y});
  return detail::keep_nan(where(equal(y, 1), x, relu(margin - x)), x);
}

Var margin_ranking(Arg a, Arg b, Arg y, double margin) {
  detail::require_fit("margin_ranking", {a, b, y});
  return relu(margin - y * (a - b));
}

std::span<const OpEntry> classification_loss_ops() {
  return OpList<Nll, NllGrad, KlDiv, KlDivSlope>::entries;
}

}  // namespace dtheta
