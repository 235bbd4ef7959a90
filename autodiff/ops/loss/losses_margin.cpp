#include "autodiff/ops/loss/losses_margin.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

/// How often each class is among the labels of a row, which end at the first -1.
struct LabelCounts {
  friend constexpr bool operator==(const LabelCounts&, const LabelCounts&) = default;

  static constexpr OpInfo info{.name = "label_counts", .differentiable = false};
  static constexpr OpRule rule{"y = how often each class is among the labels of a row"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_indices("multilabel_margin", in[0]);
    return {in[0].shape, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.out_shape();
    const Index classes = s[s.rank() - 1];
    std::fill_n(call.output(), s.size(), T(0));
    for (Index start = 0; start < s.size(); start += classes) {
      for (Index i = start; i < start + classes && call.indices(0)[i] != -1; ++i) {
        const Index label = call.indices(0)[i];
        if (label < 0 || label >= classes) {
          throw ValueError(fmt::format(
              "multilabel_margin: label {} at position {} is out of range for {} classes", label, i,
              classes));
        }
        call.output()[start + label] += T(1);
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<LabelCounts>> samples() {
    return {{{}, {index({4}, {3, 0, -1, 1})}},
            {{}, {index({2, 3}, {-1, 5, 5, 1, 1, 2})}},
            {{}, {index({0, 3}, {})}}};
  }
};

double class_count(const Shape& s) { return static_cast<double>(s[s.rank() - 1]); }

void require_classes(std::string_view op, const Shape& z) {
  if (z.rank() > 0 && z[z.rank() - 1] > 0) return;
  throw ShapeError(fmt::format("{}: scores {} are not of one class or more along the last axis", op,
                               to_string(z)));
}

void require_class_weights(std::string_view op, const Shape& z, const Shape& w) {
  if (w == Shape{z[z.rank() - 1]}) return;
  throw ShapeError(fmt::format("{}: weights {} are not one for each class of {}", op, to_string(w),
                               to_string(z)));
}

}  // namespace

Var multi_margin(Arg z, Arg labels, int p, double margin) {
  const Shape& s = z.var().shape();
  require_classes("multi_margin", s);
  if (p != 1 && p != 2) throw ValueError(fmt::format("multi_margin: p = {} is not 1 or 2", p));
  const Var own = -detail::nll_for("multi_margin", z, labels, no_label_ignored);
  const Var missing = relu(margin - expand_dims(own, -1) + z);
  const Var terms = p == 1 ? missing : square(missing);
  return sum(where(one_hot(labels, s[s.rank() - 1]), 0, terms), -1) / class_count(s);
}

Var multi_margin(Arg z, Arg labels, Arg weights, int p, double margin) {
  require_classes("multi_margin", z.var().shape());
  require_class_weights("multi_margin", z.var().shape(), weights.var().shape());
  return multi_margin(z, labels, p, margin) * weights_of(weights, labels, no_label_ignored);
}

Var multilabel_margin(Arg z, Arg labels) {
  const Shape& s = z.var().shape();
  require_classes("multilabel_margin", s);
  detail::require_real("multilabel_margin", z.var().type());
  if (labels.var().shape() != s) {
    throw ShapeError(
        fmt::format("multilabel_margin: labels {} for scores {}: the same shape is "
                    "needed",
                    to_string(labels.var().shape()), to_string(s)));
  }
  const Var counts = apply(LabelCounts{}, {labels});
  // Row k, column j: class k, a label, against class j, which is none.
  const Var missing = relu(1 - expand_dims(z, -1) + expand_dims(z, -2));
  const Var pairs = expand_dims(counts, -1) * expand_dims(equal(counts, 0), -2);
  return sum(missing * pairs, {-2, -1}) / class_count(s);
}

Var multilabel_soft_margin(Arg z, Arg y) {
  require_classes("multilabel_soft_margin", z.var().shape());
  if (y.var().shape() != z.var().shape()) {
    throw ShapeError(
        fmt::format("multilabel_soft_margin: targets {} for scores {}: the same shape "
                    "is needed",
                    to_string(y.var().shape()), to_string(z.var().shape())));
  }
  return mean(binary_cross_entropy_with_logits(z, y), -1);
}

Var multilabel_soft_margin(Arg z, Arg y, Arg weights) {
  require_classes("multilabel_soft_margin", z.var().shape());
  require_class_weights("multilabel_soft_margin", z.var().shape(), weights.var().shape());
  if (y.var().shape() != z.var().shape()) return multilabel_soft_margin(z, y);  // throws
  return mean(binary_cross_entropy_with_logits(z, y) * weights, -1);
}

Var soft_margin(Arg z, Arg y) {
  detail::require_real("soft_margin", z.var().type());
  if (!y.is_number()) {
    detail::require_real("soft_margin", y.var().type());
    static_cast<void>(broadcast("soft_margin", z.var().shape(), y.var().shape()));
  }
  return softplus(-(y * z));
}

std::span<const OpEntry> margin_loss_ops() { return OpList<LabelCounts>::entries; }

}  // namespace dtheta
