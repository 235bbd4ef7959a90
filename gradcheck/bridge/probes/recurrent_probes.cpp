#include "gradcheck/bridge/probes/recurrent_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/probes/recurrent_cells.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::RecurrentSizes;

enum Operand : std::uint8_t { kept, sums, x, w, h0, c0, row, moved_x, column, weight, bias, count };

/// Nothing asks for its derivative: it stands in programs that are only run. Operands that a cell
/// does not have are scalars that nobody reads.
template <class Cell>
struct RecurrentProbes {
  bool reverse = false;
  friend constexpr bool operator==(const RecurrentProbes&, const RecurrentProbes&) = default;

  static constexpr OpInfo info{
      .name = Cell::name, .arity = Operand::count, .differentiable = false};

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

  /// The sums of a step, what its states have moved by, and the steps of the unit that moves first.
  [[nodiscard]] std::size_t scratch(Types in) const {
    const RecurrentSizes z = sizes(in[sums].shape, in[weight].shape[0]);
    const Index of_x = Cell::x_apart ? Cell::gates : 0;
    return static_cast<std::size_t>((Cell::gates + 1 + of_x) * z.step() +
                                    (Cell::gates + of_x + Cell::blocks + 2) * z.samples);
  }

  template <class T>
  void forward(const Call<T>& call) const {
    require_inside(call);
    Steps<T>(*this, call).run();
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
    const auto check = [&](Operand which, Index size, const char* what) {
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

  template <class T>
  class Steps;
};

template <class Cell>
template <class T>
class RecurrentProbes<Cell>::Steps {
 public:
  Steps(const RecurrentProbes& op, const Call<T>& call)
      : call_(call),
        one_(op.sizes(call.shape(sums))),
        all_(op.sizes(call.shape(sums), call.shape(weight)[0])),
        probes_(call.shape(weight)[0]),
        now_(call.workspace()),
        moved_(now_ + gates * all_.step()),
        x_(moved_ + all_.step()),
        unit_(x_ + (Cell::x_apart ? gates * all_.step() : 0)) {}

  void run() {
    for (Index s = 0; s < all_.time; ++s) {
      if (s == 0) {
        first();
        continue;
      }
      s == 1 ? add_moved_unit() : add_moved_states(s);
      if constexpr (Cell::x_apart) copy_at_theta(call_.input(x), s, x_);
      add_move(s);
      step(s);
    }
  }

 private:
  static constexpr Index gates = Cell::gates;

  template <class F>
  void for_each_probe(const F& body) const {
    for (Index k = 0; k < probes_; ++k) body(k, call_.indices(row)[k]);
  }
  /// Calls body(row of all samples, sample of one, move of x, move of the state's part after h),
  /// where `h_of(k, n)` is the state of probe k and sample n before step s.
  template <class H, class F>
  void for_each_move(Index s, const H& h_of, const F& body) const {
    for_each_probe([&](Index k, Index r) {
      const T* of_x = call_.input(moved_x) + (all_.at(s) * probes_ + k) * one_.samples;
      for (Index n = 0; n < one_.samples; ++n) {
        const T* h = h_of(k, n);
        const T by = call_.input(weight)[k] * h[call_.indices(column)[k]] + call_.input(bias)[k];
        body(k * one_.samples + n, n, r, of_x[n], by);
      }
    });
  }
  [[nodiscard]] const T* of_gates(const T* all, Index s) const {
    return all + gates * all_.at(s) * one_.step();
  }
  /// A block of all at step s, and of the one at θ.
  [[nodiscard]] T* block(Index b, Index s) const {
    return call_.output() + b * all_.block() + all_.at(s) * all_.step();
  }
  [[nodiscard]] const T* at_theta(Index b, Index s) const {
    return call_.input(kept) + b * one_.block() + one_.at(s) * one_.step();
  }

  /// One unit of each sample, all others as at θ: a step of layers that have that unit alone.
  void first() {
    for (Index b = 0; b < Cell::blocks; ++b) {
      for_each_probe([&](Index k, Index) {
        std::copy_n(at_theta(b, 0), one_.step(), block(b, 0) + k * one_.step());
      });
    }
    const CellStep<T> unit = moved_unit();
    Cell::step(unit);
    for_each_probe([&](Index k, Index r) {
      for (Index b = 0; b < Cell::blocks; ++b) {
        for (Index i = k * one_.samples; i < (k + 1) * one_.samples; ++i) {
          block(b, 0)[i * one_.hidden + r % one_.hidden] =
              unit.kept[static_cast<std::size_t>(b)][i];
        }
      }
    });
  }

  [[nodiscard]] CellStep<T> moved_unit() const {
    const Index rows = all_.samples, hidden = one_.hidden;
    T* next = unit_;
    const auto room = [&](Index count) { return std::exchange(next, next + count); };
    T *const state_part = room(gates * rows), *const h = room(rows), *const c = room(rows);
    T* const x_part = Cell::x_apart ? room(gates * rows) : state_part;
    const auto before = [&](Index, Index n) { return call_.input(h0) + n * hidden; };
    for_each_move(0, before, [&](Index i, Index n, Index r, T of_x, T by) {
      const Index unit = r % hidden, gate = r / hidden;
      for (Index g = 0; g < gates; ++g) {
        const Index at = (n * gates + g) * hidden + unit;
        state_part[i * gates + g] = of_gates(call_.input(sums), 0)[at];
        if constexpr (Cell::x_apart) x_part[i * gates + g] = of_gates(call_.input(x), 0)[at];
      }
      state_part[i * gates + gate] += by;
      x_part[i * gates + gate] += of_x;
      h[i] = call_.input(h0)[n * hidden + unit];
      if constexpr (Cell::memory) c[i] = call_.input(c0)[n * hidden + unit];
    });
    CellStep<T> step{rows, 1, state_part, x_part, h, c, {}};
    for (Index b = 0; b < Cell::blocks; ++b) step.kept[static_cast<std::size_t>(b)] = room(rows);
    return step;
  }

  /// The sums at θ, and the product of W with states of which one unit has moved.
  void add_moved_unit() {
    const Index hidden = one_.hidden;
    for_each_probe([&](Index k, Index r) {
      const Index unit = r % hidden;
      for (Index n = 0; n < one_.samples; ++n) {
        const Index at = n * hidden + unit;
        const T by = block(0, 0)[k * one_.step() + at] - at_theta(0, 0)[at];
        T* own = now_ + (k * one_.samples + n) * gates * hidden;
        const T* sum = of_gates(call_.input(sums), 1) + n * gates * hidden;
        for (Index g = 0; g < gates; ++g, own += hidden, sum += hidden) {
          const T* weights = call_.input(w) + (g * hidden + unit) * hidden;
          for (Index j = 0; j < hidden; ++j) own[j] = sum[j] + by * weights[j];
        }
      }
    });
  }

  void add_moved_states(Index s) {
    const T* before = at_theta(0, s - 1);
    for_each_probe([&](Index k, Index) {
      const T* h = block(0, s - 1) + k * one_.step();
      T* own = moved_ + k * one_.step();
      for (Index i = 0; i < one_.step(); ++i) own[i] = h[i] - before[i];
    });
    if (probes_ == 1) return add_products(moved_, of_gates(call_.input(sums), s));
    // One product for all: copies cost less than many small ones.
    copy_at_theta(call_.input(sums), s, now_);
    add_products(moved_, now_);
  }
  /// What gates have at θ at step s, for each probe.
  void copy_at_theta(const T* all, Index s, T* to) const {
    for_each_probe([&](Index k, Index) {
      std::copy_n(of_gates(all, s), gates * one_.step(), to + gates * k * one_.step());
    });
  }

  /// now = added + states W^T, gate by gate
  void add_products(const T* states, const T* added) {
    const Index hidden = one_.hidden;
    for (Index g = 0; g < gates; ++g) {
      const T* const own = call_.input(w) + g * hidden * hidden;
      if constexpr (Vectorized<T>) {
        const auto product =
            detail::product_added_to(added + g * hidden, all_.samples, hidden, hidden, states, own,
                                     now_ + g * hidden, gates * hidden);
        detail::few_samples(all_) ? simd::multiply(product) : simd::multiply_packed(product);
      } else {
        for (Index i = 0; i < all_.samples; ++i) {
          for (Index j = 0; j < hidden; ++j) {
            const Index at = (i * gates + g) * hidden + j;
            T sum(0);
            for (Index k = 0; k < hidden; ++k) sum += states[i * hidden + k] * own[k * hidden + j];
            now_[at] = added[at] + sum;
          }
        }
      }
    }
  }

  void add_move(Index s) {
    const Index hidden = one_.hidden;
    const auto state = [&, h = block(0, s - 1)](Index k, Index n) {
      return h + (k * one_.samples + n) * hidden;
    };
    T* const to_x = Cell::x_apart ? x_ : now_;
    for_each_move(s, state, [&](Index i, Index, Index r, T of_x, T by) {
      now_[i * gates * hidden + r] += by;
      to_x[i * gates * hidden + r] += of_x;
    });
  }

  void step(Index s) {
    CellStep<T> next{all_.samples, all_.hidden, now_, x_, block(0, s - 1), nullptr, {}};
    if constexpr (Cell::memory) next.c_before = block(1, s - 1);
    for (Index b = 0; b < Cell::blocks; ++b) next.kept[static_cast<std::size_t>(b)] = block(b, s);
    Cell::step(next);
  }

  const Call<T>& call_;
  RecurrentSizes one_, all_;
  Index probes_;
  T *now_, *moved_, *x_, *unit_;
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
