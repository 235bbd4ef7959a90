#include "autodiff/ops/loss/ctc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/scan_rows.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void require_length(std::string_view what, Index length, Index least, Index most, Index example) {
  if (length >= least && length <= most) return;
  throw ValueError(fmt::format("ctc_loss: {} length {} of example {} is not between {} and {}",
                               what, length, example, least, most));
}

/// The classes of the 2 S + 1 states of each example: its labels with blanks before, between and
/// behind them; behind its length there are blanks alone.
struct CtcStates {
  Index blank = 0;
  Index classes = 1;
  friend constexpr bool operator==(const CtcStates&, const CtcStates&) = default;

  static constexpr OpInfo info{.name = "ctc_states", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{
      "y = the classes of the states of each example: its labels, and blanks around them"};
  [[nodiscard]] static ValueType infer(Types in) {
    for (const ValueType& t : in) detail::require_indices("ctc_loss", t);
    const Shape& targets = in[0].shape;
    return {Shape{targets[0], 2 * targets[1] + 1}, Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index examples = call.out_shape()[0], states = call.out_shape()[1], most = states / 2;
    for (Index n = 0; n < examples; ++n) {
      const Index length = call.indices(1)[n];
      require_length("target", length, 0, most, n);
      Index* row = call.index_output() + n * states;
      std::fill_n(row, states, blank);
      for (Index i = 0; i < length; ++i) {
        const Index label = call.indices(0)[n * most + i];
        if (label < 0 || label >= classes || label == blank) {
          throw ValueError(fmt::format(
              "ctc_loss: label {} at position {} of example {}: one of {} classes, and not the "
              "blank {}, is needed",
              label, i, n, classes, blank));
        }
        row[2 * i + 1] = label;
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<CtcStates>> samples() {
    return {{{0, 4}, {index({2, 3}, {1, 1, 3, 2, 0, 0}), index({2}, {3, 1})}},
            {{2, 3}, {index({1, 1}, {0}), index({1}, {1})}},
            {{0, 2}, {index({2, 0}, {}), index({2}, {0, 0})}}};
  }
};

/// 1 for states that are entered from two states before as well: labels unlike the label before.
struct CtcSkips {
  Index blank = 0;
  friend constexpr bool operator==(const CtcSkips&, const CtcSkips&) = default;

  static constexpr OpInfo info{.name = "ctc_skips", .differentiable = false};
  static constexpr OpRule rule{"y = 1 for states entered from two states before as well, else 0"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_indices(info.name, in[0]);
    return {in[0].shape, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index states = call.out_shape()[1];
    const Index* label = call.indices(0);
    for (Index i = 0; i < call.out_shape().size(); ++i) {
      const bool skips = i % states >= 2 && label[i] != blank && label[i] != label[i - 2];
      call.output()[i] = T(skips ? 1 : 0);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<CtcSkips>> samples() {
    return {{{0}, {index({1, 7}, {0, 1, 0, 1, 0, 2, 0})}}, {{1}, {index({2, 1}, {1, 1})}}};
  }
};

/// 1 for the states (frames, examples, states) in which a reading may end: behind the last label
/// and at it, at the last frame.
struct CtcEnds {
  Index frames = 1;
  Index states = 1;
  friend constexpr bool operator==(const CtcEnds&, const CtcEnds&) = default;

  static constexpr OpInfo info{.name = "ctc_ends", .arity = 2, .differentiable = false};
  static constexpr OpRule rule{"y = 1 for states in which a reading may end, else 0"};
  [[nodiscard]] ValueType infer(Types in) const {
    for (const ValueType& t : in) detail::require_indices("ctc_loss", t);
    return {Shape{frames, in[0].shape[0], states}, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index examples = call.shape(0)[0];
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for (Index n = 0; n < examples; ++n) {
      const Index input = call.indices(0)[n], target = call.indices(1)[n];
      require_length("input", input, 1, frames, n);
      require_length("target", target, 0, states / 2, n);
      T* row = call.output() + ((input - 1) * examples + n) * states;
      row[2 * target] = T(1);
      if (target > 0) row[2 * target - 1] = T(1);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<CtcEnds>> samples() {
    return {{{3, 5}, {index({2}, {3, 2}), index({2}, {2, 0})}},
            {{1, 1}, {index({1}, {1}), index({1}, {0})}}};
  }
};

/// Each of the frames of v (frames, examples, states). By halves of halves: the derivatives of the
/// slices, each of its whole's size, take log(frames) passes together.
void append_frames(Var v, std::vector<Var>& frames) {
  const Shape s = v.shape();
  if (s[0] == 1) {
    frames.push_back(reshape(v, Shape{s[1], s[2]}));
    return;
  }
  append_frames(slice(v, 0, {0, s[0] / 2}), frames);
  append_frames(slice(v, 0, {s[0] / 2, s[0]}), frames);
}

void require_operands(Arg log_p, Arg targets, Arg inputs, Arg lengths, const CtcOptions& o) {
  const Shape &p = log_p.var().shape(), &t = targets.var().shape();
  detail::require_real("ctc_loss", log_p.var().type());
  for (const Arg& a : {targets, inputs, lengths}) {
    detail::require_indices("ctc_loss", a.var().type());
  }
  const bool fits = p.rank() == 3 && t.rank() == 2 && t[0] == p[1] && p[0] > 0 &&
                    inputs.var().shape() == Shape{p[1]} && lengths.var().shape() == Shape{p[1]};
  if (!fits) {
    throw ShapeError(
        fmt::format("ctc_loss: log_p {}, targets {}, lengths {} and {} do not fit: (frames, "
                    "examples, classes), (examples, labels) and (examples) twice are needed",
                    to_string(p), to_string(t), to_string(inputs.var().shape()),
                    to_string(lengths.var().shape())));
  }
  if (o.blank < 0 || o.blank >= p[2]) {
    throw ValueError(fmt::format("ctc_loss: blank {} is not one of {} classes of log_p {}", o.blank,
                                 p[2], to_string(p)));
  }
}

}  // namespace

Var ctc_loss(Arg log_p, Arg targets, Arg input_lengths, Arg target_lengths, const CtcOptions& o) {
  require_operands(log_p, targets, input_lengths, target_lengths, o);
  const Shape& p = log_p.var().shape();
  const Index frames = p[0];
  const Var states = apply(CtcStates{o.blank, p[2]}, {targets, target_lengths});
  const Index width = states.shape()[1];
  const Var at = broadcast_to(states, Shape{frames, p[1], width});
  std::vector<Var> emitted;
  append_frames(take_along_axis(log_p, at, 2), emitted);
  const Var skips = apply(CtcSkips{o.blank}, {states});
  const auto moved = [&](Var v, Index by) {  // from `by` states before
    for (; by > 0; --by) v = detail::shifted(v, 1, false, -infinity);
    return v;
  };
  // The logarithms of the probabilities of all readings that end in a state at a frame. The first
  // frame is in the first blank or the first label.
  Tensor first(Shape{width});
  for (Index s = 2; s < width; ++s) first.data<double>()[static_cast<std::size_t>(s)] = -infinity;
  Var alpha = emitted[0] + states.tape().constant(first);
  std::vector<Var> all{alpha};
  for (std::size_t t = 1; t < emitted.size(); ++t) {
    const Var stepped = logaddexp(alpha, moved(alpha, 1));
    const Var skipped = where(skips, moved(alpha, 2), -infinity);
    alpha = logaddexp(stepped, skipped) + emitted[t];
    all.push_back(alpha);
  }
  const Var ends = apply(CtcEnds{frames, width}, {input_lengths, target_lengths});
  const Var loss = -logsumexp(where(ends, stack(all, 0), -infinity), {0, 2});
  return o.zero_infinity ? where(equal(loss, infinity), 0, loss) : loss;
}

std::span<const OpEntry> ctc_ops() { return OpList<CtcStates, CtcSkips, CtcEnds>::entries; }

}  // namespace dtheta
