#pragma once

#include <algorithm>
#include <utility>

#include "autodiff/op.hpp"
#include "gradcheck/bridge/probes/recurrent_cells.hpp"

namespace dtheta::gradcheck {

/// The operands of the op that recurrent_probes() records, see there.
namespace recurrent_operand {
enum Place : std::uint8_t { kept, sums, x, w, h0, c0, row, moved_x, column, weight, bias };
}  // namespace recurrent_operand
inline constexpr int recurrent_operands = recurrent_operand::bias + 1;

/// Elements of work: the sums of a step, what its states have moved by, and the step of the unit that
/// moves first.
template <class Cell>
[[nodiscard]] Index recurrent_work(const detail::RecurrentSizes& all) {
  const Index of_x = Cell::x_apart ? Cell::gates : 0;
  return (Cell::gates + 1 + of_x) * all.step() +
         (Cell::gates + of_x + Cell::blocks + 2) * all.samples;
}

/// All steps of the layers of all probes.
template <class Cell, class T>
class RecurrentSteps {
 public:
  /// `one` layer, and `all` of them, whose samples stand one behind the other.
  RecurrentSteps(const Call<T>& call, const detail::RecurrentSizes& one,
                 const detail::RecurrentSizes& all)
      : call_(call),
        one_(one),
        all_(all),
        probes_(call.shape(recurrent_operand::weight)[0]),
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
      if constexpr (Cell::x_apart) copy_at_theta(call_.input(recurrent_operand::x), s, x_);
      add_move(s);
      step(s);
    }
  }

 private:
  static constexpr Index gates = Cell::gates;

  template <class F>
  void for_each_probe(const F& body) const {
    for (Index k = 0; k < probes_; ++k) body(k, call_.indices(recurrent_operand::row)[k]);
  }
  /// Calls body(row of all samples, sample of one, move of x, move of the state's part after h),
  /// where `h_of(k, n)` is the state of probe k and sample n before step s.
  template <class H, class F>
  void for_each_move(Index s, const H& h_of, const F& body) const {
    for_each_probe([&](Index k, Index r) {
      const T* of_x =
          call_.input(recurrent_operand::moved_x) + (all_.at(s) * probes_ + k) * one_.samples;
      for (Index n = 0; n < one_.samples; ++n) {
        const T* h = h_of(k, n);
        const T by = call_.input(recurrent_operand::weight)[k] *
                         h[call_.indices(recurrent_operand::column)[k]] +
                     call_.input(recurrent_operand::bias)[k];
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
    return call_.input(recurrent_operand::kept) + b * one_.block() + one_.at(s) * one_.step();
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
    const auto before = [&](Index, Index n) {
      return call_.input(recurrent_operand::h0) + n * hidden;
    };
    for_each_move(0, before, [&](Index i, Index n, Index r, T of_x, T by) {
      const Index unit = r % hidden, gate = r / hidden;
      for (Index g = 0; g < gates; ++g) {
        const Index at = (n * gates + g) * hidden + unit;
        state_part[i * gates + g] = of_gates(call_.input(recurrent_operand::sums), 0)[at];
        if constexpr (Cell::x_apart)
          x_part[i * gates + g] = of_gates(call_.input(recurrent_operand::x), 0)[at];
      }
      state_part[i * gates + gate] += by;
      x_part[i * gates + gate] += of_x;
      h[i] = call_.input(recurrent_operand::h0)[n * hidden + unit];
      if constexpr (Cell::memory) c[i] = call_.input(recurrent_operand::c0)[n * hidden + unit];
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
        const T* sum = of_gates(call_.input(recurrent_operand::sums), 1) + n * gates * hidden;
        for (Index g = 0; g < gates; ++g, own += hidden, sum += hidden) {
          const T* weights = call_.input(recurrent_operand::w) + (g * hidden + unit) * hidden;
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
    if (probes_ == 1)
      return add_products(moved_, of_gates(call_.input(recurrent_operand::sums), s));
    // One product for all: copies cost less than many small ones.
    copy_at_theta(call_.input(recurrent_operand::sums), s, now_);
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
      const T* const own = call_.input(recurrent_operand::w) + g * hidden * hidden;
      if constexpr (Vectorized<T>) {
        const auto product =
            detail::product_added_to(added + g * hidden, gates * hidden, all_.samples, hidden,
                                     hidden, states, own, now_ + g * hidden, gates * hidden);
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
  detail::RecurrentSizes one_, all_;
  Index probes_;
  T *now_, *moved_, *x_, *unit_;
};

}  // namespace dtheta::gradcheck
