#include "nn/layers/sequence/recurrent.hpp"

#include <fmt/format.h>

#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/require.hpp"
#include "nn/layers/sequence/sequence_lengths.hpp"

namespace dtheta::nn {
namespace {

Index gates_of(RecurrentKind kind) {
  switch (kind) {
    case RecurrentKind::lstm:
      return 4;
    case RecurrentKind::gru:
      return 3;
    default:
      return 1;
  }
}

RecurrentResult run_op(RecurrentKind kind, Var x, const RecurrentState& state,
                       const RecurrentWeights& w, bool reverse) {
  switch (kind) {
    case RecurrentKind::lstm:
      return lstm(x, state, w, reverse);
    case RecurrentKind::gru:
      return gru(x, state.h, w, true, reverse);
    case RecurrentKind::rnn_relu:
      return rnn(x, state.h, w, RecurrentActivation::relu, reverse);
    default:
      return rnn(x, state.h, w, RecurrentActivation::tanh, reverse);
  }
}

void require_options(Index in, Index hidden, const RecurrentOptions& o) {
  if (in < 1 || hidden < 1) {
    throw ShapeError(
        fmt::format("recurrent: {} inputs and {} hidden, need at least 1", in, hidden));
  }
  detail::require_size("recurrent", "layers", o.layers);
  detail::require_keep_prob(o.keep_prob);
  if (o.reverse && o.bidirectional) {
    throw ValueError("recurrent: one that reads in both directions cannot be reversed");
  }
}

void require_lengths(Var lengths, Index samples, Index time) {
  if (!lengths.is_index()) {
    throw TypeError(fmt::format("recurrent: lengths {} are real; an index tensor is needed",
                                to_string(lengths.shape())));
  }
  if (lengths.shape() != Shape{samples}) {
    throw ShapeError(
        fmt::format("recurrent: lengths {} do not fit: ({}), one for each sample, is "
                    "needed",
                    to_string(lengths.shape()), samples));
  }
  for (const Index length : lengths.data<Index>()) {
    if (length >= 0 && length <= time) continue;
    throw ValueError(fmt::format("recurrent: the length {} is outside [0, {}]", length, time));
  }
}

}  // namespace

/// All sequences of a batch, of one length or several, in one layer and direction.
struct Recurrent::Sequences {
  RecurrentKind kind;
  std::optional<detail::SequenceLengths> lengths{};

  [[nodiscard]] RecurrentResult run(Var x, const RecurrentState& start, const RecurrentWeights& w,
                                    bool reverse) const {
    if (!lengths) return run_op(kind, x, start, w, reverse);
    // What is read in reverse begins at its own end, not at that of the longest.
    const auto turned = [&](Var v) { return reverse ? lengths->reversed(v) : v; };
    RecurrentResult r = run_op(kind, turned(x), start, w, false);
    r.last.h = lengths->last(r.outputs, start.h);
    if (kind == RecurrentKind::lstm) r.last.c = lengths->last(r.memory, start.c);
    r.outputs = lengths->cut(turned(r.outputs));
    return r;
  }
};

Recurrent::Recurrent(RecurrentKind kind, Index in, Index hidden, const RecurrentOptions& options)
    : kind_(kind), in_(in), hidden_(hidden), options_(options) {
  require_options(in, hidden, options);
  const Index rows = gates_of(kind) * hidden;
  const Initializer init = options.init ? options.init : uniform_by_fan(hidden);
  for (Index k = 0; k < options.layers; ++k) {
    const Index from = k == 0 ? in : directions() * hidden;
    for (Index d = 0; d < directions(); ++d) {
      Cell cell{.suffix = fmt::format("_l{}{}", k, d == 1 ? "_reverse" : "")};
      cell.w_x = to_draw("weight_ih" + cell.suffix, {rows, from}, init);
      cell.w_h = to_draw("weight_hh" + cell.suffix, {rows, hidden}, init);
      if (options.bias) {
        cell.b_x = to_draw("bias_ih" + cell.suffix, {rows}, init, false);
        cell.b_h = to_draw("bias_hh" + cell.suffix, {rows}, init, false);
      }
      cells_.push_back(std::move(cell));
    }
  }
  if (options.keep_prob < 1) masks_.resize(static_cast<std::size_t>(options.layers - 1));
}

Recurrent::Recurrent(RecurrentKind kind, Index in, Index hidden, RandomKey key,
                     const RecurrentOptions& options)
    : Recurrent(kind, in, hidden, options) {
  detail::draw_all(*this, key);
}

void Recurrent::fields(Fields& fields) {
  for (Cell& cell : cells_) {
    fields("weight_ih" + cell.suffix, cell.w_x)("weight_hh" + cell.suffix, cell.w_h);
    fields("bias_ih" + cell.suffix, cell.b_x)("bias_hh" + cell.suffix, cell.b_h);
  }
  if (!masks_.empty()) fields("masks", masks_);
}

RecurrentWeights Recurrent::Cell::recorded(Recording& recording) const {
  RecurrentWeights w{recording(w_x), recording(w_h)};
  if (b_x) w.b_x = recording(*b_x), w.b_h = recording(*b_h);
  return w;
}

void Recurrent::require_inputs(Var x, const RecurrentInputs& inputs) const {
  const Shape s = x.shape();
  if (s.rank() != 3 || s[2] != in_) {
    throw ShapeError(fmt::format("recurrent: x {} does not fit: (samples, time, {}) is needed",
                                 to_string(s), in_));
  }
  if (inputs.lengths.exists()) require_lengths(inputs.lengths, s[0], s[1]);
  const Shape state{static_cast<Index>(cells_.size()), s[0], hidden_};
  for (const auto& [name, v] : {std::pair{'h', inputs.h}, std::pair{'c', inputs.c}}) {
    if (!v.exists() || v.shape() == state) continue;
    throw ShapeError(fmt::format(
        "recurrent: {} {} does not fit: (layers * directions, samples, hidden) = {} is needed",
        name, to_string(v.shape()), to_string(state)));
  }
}

RecurrentOutputs Recurrent::run(Recording& recording, Var x, const RecurrentInputs& inputs) const {
  require_inputs(x, inputs);
  const Shape s = x.shape();
  Sequences sequences{kind_};
  if (inputs.lengths.exists()) sequences.lengths.emplace(inputs.lengths, s[1]);
  const Var zeros = x.tape().constant(Tensor(Shape{s[0], hidden_}));
  const bool has_memory = kind_ == RecurrentKind::lstm;
  Var steps = swap_axes(x, 0, 1);
  std::vector<Var> h, c;
  for (std::size_t i = 0; i < cells_.size();) {
    std::vector<Var> said;
    for (Index d = 0; d < directions(); ++d, ++i) {
      const auto at = static_cast<Index>(i);
      const RecurrentState start{inputs.h.exists() ? select(inputs.h, 0, at) : zeros,
                                 inputs.c.exists() ? select(inputs.c, 0, at) : zeros};
      const RecurrentResult r =
          sequences.run(steps, start, cells_[i].recorded(recording), d == 1 || options_.reverse);
      said.push_back(r.outputs);
      h.push_back(r.last.h);
      if (has_memory) c.push_back(r.last.c);
    }
    steps = said.size() == 1 ? said[0] : concat(said, 2);
    const bool is_last = i == cells_.size();
    if (!is_last && recording.training() && options_.keep_prob < 1) {
      steps = dropout(steps, options_.keep_prob,
                      recording(masks_[i / static_cast<std::size_t>(directions()) - 1]));
    }
  }
  return {swap_axes(steps, 0, 1), stack(h), has_memory ? stack(c) : Var{}};
}

Var Recurrent::forward(Recording& recording, Var x) const { return forward(recording, x, Var{}); }

Var Recurrent::forward(Recording& recording, Var x, Var lengths) const {
  const RecurrentOutputs all = run(recording, x, {.lengths = lengths});
  if (options_.all_steps) return all.outputs;
  const auto cells = static_cast<Index>(cells_.size());
  if (directions() == 1) return select(all.h, 0, cells - 1);
  return concat({select(all.h, 0, cells - 2), select(all.h, 0, cells - 1)}, 1);
}

}  // namespace dtheta::nn
