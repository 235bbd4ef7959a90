#include "gradcheck/bridge/probes/recurrent_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/probes/recurrent_steps.hpp"

namespace dtheta::gradcheck {
namespace {

using namespace recurrent_operand;
using detail::RecurrentSizes;

/// Nothing asks for its derivative: it stands in programs that are only run. Operands that a cell
/// does not have are scalars that nobody reads.
template <class Cell>
struct RecurrentProbes {
  bool reverse = false;
  friend constexpr bool operator==(const RecurrentProbes&, const RecurrentProbes&) = default;

  static constexpr OpInfo info{
      .name = Cell::name, .arity = recurrent_operands, .differentiable = false};

  /// Those of one layer, and of all, whose samples stand one behind the other.
  [[nodiscard]] RecurrentSizes sizes(const Shape& s, Index probes = 1) const {
    return {s[0], probes * s[1], s[2] / Cell::gates, reverse};
  }

  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[sums].shape;
    const RecurrentSizes z = s.rank() == 3 ? sizes(s) : RecurrentSizes{};
    const Index probes = in[weight].shape.rank() == 1 ? in[weight].shape[0] : -1;
    const Shape state{z.samples, z.hidden}, each{std::max<Index>(probes, 0)};
    const bool fits = s.rank() == 3 && s[2] == Cell::gates * z.hidden && probes >= 0 &&
                      in[kept].shape == Shape{Cell::blocks, z.time, z.samples, z.hidden} &&
                      in[x].shape == (Cell::x_apart ? s : Shape{}) &&
                      in[w].shape == Shape{Cell::gates, z.hidden, z.hidden} &&
                      in[h0].shape == state && in[c0].shape == (Cell::memory ? state : Shape{}) &&
                      in[row].shape == each && in[column].shape == each && in[bias].shape == each &&
                      in[row].kind == Kind::index && in[column].kind == Kind::index &&
                      in[moved_x].shape == Shape{z.time, probes, z.samples};
    if (!fits) {
      std::string all;
      for (const ValueType& t : in) all += (all.empty() ? "" : ", ") + to_string(t.shape);
      throw ShapeError(
          fmt::format("{}: kept, sums, x, w, h0, c0 with moves row, x, column, weight, "
                      "bias of {} do not fit",
                      Cell::name, all));
    }
    return {Shape{Cell::blocks, z.time, probes, z.samples, z.hidden}, Kind::real};
  }

  [[nodiscard]] std::size_t scratch(Types in) const {
    const RecurrentSizes all = sizes(in[sums].shape, in[weight].shape[0]);
    return static_cast<std::size_t>(recurrent_work<Cell>(all));
  }

  template <class T>
  void forward(const Call<T>& call) const {
    require_inside(call);
    const RecurrentSizes one = sizes(call.shape(sums));
    RecurrentSteps<Cell, T>(call, one, sizes(call.shape(sums), call.shape(weight)[0])).run();
  }

  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }

  static std::vector<Sample<RecurrentProbes>> samples() {
    const auto sample = [](const RecurrentSizes& z, std::vector<double> rows,
                           std::vector<double> columns) {
      const auto probes = static_cast<Index>(rows.size());
      const Shape gates{z.time, z.samples, Cell::gates * z.hidden}, state{z.samples, z.hidden};
      return Sample<RecurrentProbes>{
          {z.reverse},
          {real({Cell::blocks, z.time, z.samples, z.hidden}), real(gates, {-2, 2}),
           real(Cell::x_apart ? gates : Shape{}, {-2, 2}), real({Cell::gates, z.hidden, z.hidden}),
           real(state), real(Cell::memory ? state : Shape{}), index({probes}, std::move(rows)),
           real({z.time, probes, z.samples}), index({probes}, std::move(columns)), real({probes}),
           real({probes})}};
    };
    return {sample({3, 2, 3}, {0, Cell::gates * 3 - 1, 2, 2}, {2, 0, 1, 1}),
            sample({2, 1, 1, true}, {Cell::gates - 1}, {0})};
  }

 private:
  template <class T>
  static void require_inside(const Call<T>& call) {
    const Shape& shape = call.shape(w);
    const auto check = [&](int which, Index size, const char* what) {
      const Index* at = call.indices(which);
      const Index* end = at + call.shape(which)[0];
      const Index* wrong = std::find_if(at, end, [&](Index i) { return i < 0 || i >= size; });
      if (wrong == end) return;
      throw ValueError(fmt::format("{}: {} {} of probe {} is outside [0, {})", Cell::name, what,
                                   *wrong, wrong - at, size));
    };
    check(row, Cell::gates * shape[1], "row");
    check(column, shape[1], "column");
  }
};

template <class Cell>
Var record(const RecurrentAtTheta& a, const RecurrentMove& m) {
  const auto given = [&](Var v) { return v.exists() ? v : a.kept.tape().constant(0.0); };
  return apply(
      RecurrentProbes<Cell>{a.reverse},
      {a.kept, a.sums, given(a.x), a.w, a.h0, given(a.c0), m.row, m.x, m.column, m.weight, m.bias});
}

}  // namespace

Var recurrent_probes(const RecurrentAtTheta& at_theta, const RecurrentMove& move) {
  switch (at_theta.cell) {
    case RecurrentCell::lstm:
      return record<LstmCell>(at_theta, move);
    case RecurrentCell::gru:
      return record<GruCell>(at_theta, move);
    case RecurrentCell::rnn:
      return record<RnnCell>(at_theta, move);
  }
  throw std::logic_error("recurrent_probes: no such cell");
}

std::array<const OpRecord*, 3> recurrent_probes_ops() {
  return {&record_of<RecurrentProbes<LstmCell>>, &record_of<RecurrentProbes<GruCell>>,
          &record_of<RecurrentProbes<RnnCell>>};
}

}  // namespace dtheta::gradcheck
