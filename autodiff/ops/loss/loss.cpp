#include "autodiff/ops/loss/loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/reduce.hpp"
#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/loss/loss_form.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

struct XLogY : Binary<XLogY> {
  static constexpr OpInfo info{.name = "xlogy", .arity = 2};
  static constexpr OpRule rule{"y = a log(b), 0 where a = 0", "dy = log(b) da + (a / b) db",
                               "b > 0, or a = 0"};
  static constexpr std::array<Domain, 2> domains{Domain{0.1, 2}, Domain{0.25, 3}};
  template <class T>
  static T value(T a, T b) {
    using std::log;
    return a == T(0) ? T(0) : a * log(b);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    // 0/0 where both vanish: the function is constant in b there, so the derivative is 0.
    const Var slope = i == 0 ? log(p[1]) : detail::xdivy(p[0], p[1]);
    return detail::keep_nan(detail::weighted(c, slope), p.out);
  }
};

/// The parentheses are sigmoid(z) - t, with all digits of a label that is nearly met. No logit
/// counts for a label of which there is nothing, though it be infinite.
struct BinaryCrossEntropyWithLogits : Binary<BinaryCrossEntropyWithLogits> {
  static constexpr OpInfo info{.name = "binary_cross_entropy_with_logits", .arity = 2};
  static constexpr OpRule rule{"y = log(1 + e^z) - t z",
                               "dy = ((1 - t) sigmoid(z) - t sigmoid(-z)) dz - z dt"};
  static constexpr std::array<Domain, 2> domains{Domain{-4, 4}, Domain{0, 1}};
  template <class T>
  static T value(T z, T y) {
    using std::abs, std::exp, std::log1p;
    const T left = T(1) - y;
    const T linear = z > T(0) ? (left == T(0) ? T(0) : z - z * y) : (y == T(0) ? T(0) : -(z * y));
    return linear + (z != z ? z : log1p(exp(-abs(z))));
  }
  template <class T>
  static constexpr FastBinary<T> fast = simd::binary_cross_entropy;
  static Var pullback(int i, const Primal& p, Var c) {
    if (i == 1) return -detail::weighted(c, p[0]);
    return c * ((1 - p[1]) * sigmoid(p[0]) - p[1] * sigmoid(-p[0]));
  }
};

struct SoftmaxCrossEntropy {
  friend constexpr bool operator==(const SoftmaxCrossEntropy&,
                                   const SoftmaxCrossEntropy&) = default;

  static constexpr OpInfo info{.name = "softmax_cross_entropy", .arity = 2};
  static constexpr OpRule rule{"y = logsumexp(z) - z[label]",
                               "dy = sum((softmax(z) - onehot(label)) dz)"};

  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &z = in[0].shape, &labels = in[1].shape;
    const bool fits = z.rank() >= 1 && z[z.rank() - 1] > 0 && in[0].kind == Kind::real &&
                      in[1].kind == Kind::index &&
                      std::equal(labels.begin(), labels.end(), z.begin(), z.end() - 1);
    if (!fits) {
      throw ShapeError(fmt::format(
          "cross_entropy_with_logits: labels {} do not fit logits {}: one index for each row",
          to_string(labels), to_string(z)));
    }
    return {labels, Kind::real};
  }

  template <class T>
  void forward(const Call<T>& call) const {
    const Index classes = call.shape(0)[call.shape(0).rank() - 1];
    const Index rows = call.shape(1).size();
    require_labels(call.indices(1), rows, classes);
    const Index* labels = call.indices(1);
    Index row = 0;
    if constexpr (Vectorized<T>) {
      if (classes <= static_cast<Index>(simd::short_row)) {
        for (constexpr Index at_once = 64; row < rows; row += at_once) {
          short_rows(call.input(0) + row * classes, labels + row, std::min(at_once, rows - row),
                     classes, call.output() + row);
        }
      }
    }
    for (; row < rows; ++row) {
      call.output()[row] = long_row(call.input(0) + row * classes, labels[row], classes);
    }
    for (row = 0; row < rows; ++row) {
      T& loss = call.output()[row];
      if (loss != loss) loss = infinite_row(call.input(0) + row * classes, labels[row], classes);
    }
  }

  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    if (i != 0) return {};
    const Index classes = p[0].shape()[p[0].rank() - 1];
    return expand_dims(c, -1) * (softmax(p[0]) - one_hot(p[1], classes));
  }

  [[nodiscard]] static Var batch(const Batch& b) {
    return apply<SoftmaxCrossEntropy>(b.expanded(0), b.expanded(1));
  }

  static std::vector<Sample<SoftmaxCrossEntropy>> samples() {
    return {{{}, {real({3, 4}, {-3, 3}), index({3}, {0, 3, 1})}},
            {{}, {real({5}, {-3, 3}), index({}, {2})}},
            {{}, {real({2, 2, 3}, {-3, 3}), index({2, 2}, {0, 1, 2, 0})}},
            {{}, {real({2, 65}, {-3, 3}), index({2}, {64, 7})}},
            {{}, {given({1, 3}, {900, 901, -900}), index({1}, {0})}}};
  }

 private:
  static void require_labels(const Index* labels, Index rows, Index classes) {
    for (Index i = 0; i < rows; ++i) {
      if (labels[i] >= 0 && labels[i] < classes) continue;
      throw ValueError(fmt::format(
          "cross_entropy_with_logits: label {} of example {} is out of range for {} classes",
          labels[i], i, classes));
    }
  }

  template <class T>
  static void exponential(T* x, Index n) {
    if constexpr (Vectorized<T>) {
      simd::exp(x, x, static_cast<std::size_t>(n));
    } else {
      using std::exp;
      for (Index j = 0; j < n; ++j) x[j] = exp(x[j]);
    }
  }

  /// The loss of each of up to 64 rows.
  template <class T>
  static void short_rows(const T* z, const Index* labels, Index count, Index classes, T* out) {
    std::array<T, 64> top{};
    const auto n = static_cast<std::size_t>(count);
    simd::log_sum_exp_rows(z, n, static_cast<std::size_t>(classes), top.data(), out);
    for (Index i = 0; i < count; ++i) {
      // The difference is exact or nearly so, before anything is added.
      out[i] += top[static_cast<std::size_t>(i)] - z[i * classes + labels[i]];
    }
  }

  /// The limit where logits are +infinity: those share the probability evenly.
  template <class T>
  static T infinite_row(const T* z, Index label, Index n) {
    using std::log;
    const T infinity = std::numeric_limits<T>::infinity();
    Index largest = 0;
    for (Index j = 0; j < n; ++j) {
      if (z[j] != z[j]) return z[j];
      largest += z[j] == infinity ? 1 : 0;
    }
    if (largest == 0) return std::numeric_limits<T>::quiet_NaN();
    return z[label] == infinity ? log(T(static_cast<double>(largest))) : infinity;
  }

  template <class T>
  static T long_row(const T* z, Index label, Index n) {
    using std::log;
    const T top = detail::max_run(z, n);
    T total(0);
    constexpr Index block = 512;
    std::array<T, block> e{};
    for (Index start = 0; start < n; start += block) {
      const Index count = std::min(block, n - start);
      for (Index j = 0; j < count; ++j) e[static_cast<std::size_t>(j)] = z[start + j] - top;
      exponential(e.data(), count);
      total += detail::sum_run(e.data(), count);
    }
    return log(total) + (top - z[label]);
  }
};

}  // namespace

bool is_softmax_cross_entropy(const Node& node) {
  return node.op == &record_of<SoftmaxCrossEntropy>;
}

Var xlogy(Arg a, Arg b) { return apply<XLogY>(a, b); }

Var binary_cross_entropy(Arg p, Arg y) { return -(xlogy(y, p) + xlogy(1 - y, 1 - p)); }

Var binary_cross_entropy_with_logits(Arg z, Arg y) {
  return apply<BinaryCrossEntropyWithLogits>(z, y);
}

Var binary_cross_entropy_with_logits(Arg z, Arg y, Arg positive_weight) {
  detail::require_fit("binary_cross_entropy_with_logits", {z, y, positive_weight});
  // -log p = softplus(-z) and -log(1 - p) = softplus(z). What has no part in the loss counts for
  // nothing, though its logit be infinite.
  const Var of_positive = detail::weighted(y * positive_weight, softplus(Arg(-z.var(), z.at())));
  return of_positive + detail::weighted(1 - y, softplus(z));
}

Var cross_entropy(Arg p, Arg targets) {
  const Shape shape = p.var().shape();
  if (shape.rank() == 0) {
    throw ShapeError("cross_entropy: probabilities () have no axis of classes");
  }
  if (targets.var().is_index()) {
    return detail::nll_for("cross_entropy", Arg(log(p), p.at()), targets, no_label_ignored);
  }
  const Var t = targets.var();
  if (t.shape() != shape) {
    throw ShapeError(fmt::format("cross_entropy: targets {} do not fit probabilities {}",
                                 to_string(targets.var().shape()), to_string(shape)));
  }
  return -sum(xlogy(Arg(t, p.at()), p), -1);
}

Var cross_entropy_with_logits(Arg z, Arg targets) {
  if (targets.var().is_index()) return apply<SoftmaxCrossEntropy>(z, targets);
  if (targets.var().shape() != z.var().shape()) {
    throw ShapeError(fmt::format("cross_entropy_with_logits: targets {} do not fit logits {}",
                                 to_string(targets.var().shape()), to_string(z.var().shape())));
  }
  // A class without a share of the target has none in the loss, though its logit be -infinity.
  return -sum(detail::weighted(targets, log_softmax(z)), -1);
}

std::span<const OpEntry> loss_ops() {
  return OpList<XLogY, BinaryCrossEntropyWithLogits, SoftmaxCrossEntropy>::entries;
}

}  // namespace dtheta
