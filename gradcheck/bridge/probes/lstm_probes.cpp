#include "gradcheck/bridge/probes/lstm_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/lstm.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::LstmBlock, detail::RecurrentSizes;

constexpr Index gates = 4;

enum Operand : std::uint8_t { kept, sums, w, h0, c0, row, moved_gates, column, weight, count };

/// Nothing asks for its derivative: it stands in programs that are only run.
struct LstmProbes {
  bool reverse = false;
  friend constexpr bool operator==(const LstmProbes&, const LstmProbes&) = default;

  static constexpr OpInfo info{
      .name = "lstm_probes", .arity = Operand::count, .differentiable = false};

  /// Those of one LSTM, and of all, whose samples stand one behind the other.
  [[nodiscard]] RecurrentSizes sizes(const Shape& s, Index probes = 1) const {
    return {s[0], probes * s[1], s[2] / gates, reverse};
  }

  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[sums].shape;
    const RecurrentSizes z = s.rank() == 3 ? sizes(s) : RecurrentSizes{};
    const Index probes = in[weight].shape.rank() == 1 ? in[weight].shape[0] : -1;
    const Shape state{z.samples, z.hidden}, each{std::max<Index>(probes, 0)};
    const bool fits = s.rank() == 3 && s[2] == gates * z.hidden && probes >= 0 &&
                      in[kept].shape == Shape{detail::lstm_blocks, z.time, z.samples, z.hidden} &&
                      in[w].shape == Shape{gates, z.hidden, z.hidden} && in[h0].shape == state &&
                      in[c0].shape == state && in[row].shape == each && in[column].shape == each &&
                      in[row].kind == Kind::index && in[column].kind == Kind::index &&
                      in[moved_gates].shape == Shape{z.time, probes, z.samples};
    if (!fits) {
      throw ShapeError(fmt::format(
          "lstm_probes: kept {}, sums {}, w {}, states {} and {} with moves {} and {} do not fit",
          to_string(in[kept].shape), to_string(s), to_string(in[w].shape), to_string(in[h0].shape),
          to_string(in[c0].shape), to_string(in[moved_gates].shape), to_string(in[weight].shape)));
    }
    return {Shape{detail::lstm_blocks, z.time, probes, z.samples, z.hidden}, Kind::real};
  }

  /// The sums of a step, what its states have moved by, and c0 of all.
  [[nodiscard]] std::size_t scratch(Types in) const {
    const RecurrentSizes z = sizes(in[sums].shape, in[weight].shape[0]);
    return static_cast<std::size_t>(gates * z.step() + 2 * z.step());
  }

  template <class T>
  void forward(const Call<T>& call) const {
    require_inside(call);
    Steps<T>(*this, call).run();
  }

  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }

  static std::vector<Sample<LstmProbes>> samples() {
    return {{{},
             {real({6, 3, 2, 3}), real({3, 2, 12}, {-2, 2}), real({4, 3, 3}), real({2, 3}),
              real({2, 3}), index({4}, {0, 11, 5, 5}), real({3, 4, 2}), index({4}, {2, 0, 1, 1}),
              real({4})}},
            {{true},
             {real({6, 2, 1, 1}), real({2, 1, 4}, {-2, 2}), real({4, 1, 1}), real({1, 1}),
              real({1, 1}), index({1}, {3}), real({2, 1, 1}), index({1}, {0}), real({1})}}};
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
      throw ValueError(fmt::format("lstm_probes: {} {} of probe {} is outside [0, {})", what,
                                   *wrong, wrong - at, size));
    };
    check(row, gates * shape[1], "row");
    check(column, shape[1], "column");
  }

  template <class T>
  class Steps;
};

template <class T>
class LstmProbes::Steps {
 public:
  Steps(const LstmProbes& op, const Call<T>& call)
      : call_(call),
        one_(op.sizes(call.shape(sums))),
        all_(op.sizes(call.shape(sums), call.shape(weight)[0])),
        probes_(call.shape(weight)[0]),
        now_(call.workspace()),
        moved_(now_ + gates * all_.step()),
        first_c_(moved_ + all_.step()) {}

  void run() {
    for_each_probe([&](Index k, Index) {
      std::copy_n(call_.input(c0), one_.step(), first_c_ + k * one_.step());
    });
    for (Index s = 0; s < all_.time; ++s) {
      if (s == 0) {
        first();
        continue;
      }
      s == 1 ? add_moved_unit() : add_moved_states(s);
      add_move(s);
      step(s);
    }
  }

 private:
  template <class F>
  void for_each_probe(const F& body) const {
    for (Index k = 0; k < probes_; ++k) body(k, call_.indices(row)[k]);
  }
  [[nodiscard]] Index t(Index s) const { return all_.at(s); }
  [[nodiscard]] const T* sums_at_theta(Index s) const {
    return call_.input(sums) + gates * t(s) * one_.step();
  }
  /// A block of all at step s, and of the one at θ.
  [[nodiscard]] T* block(LstmBlock b, Index s) const {
    return call_.output() + static_cast<Index>(b) * all_.block() + t(s) * all_.step();
  }
  [[nodiscard]] const T* at_theta(LstmBlock b, Index s) const {
    return call_.input(kept) + static_cast<Index>(b) * one_.block() + t(s) * one_.step();
  }
  /// What is added to the moved gate of probe k and sample n at step s, after the state h.
  [[nodiscard]] T move(Index k, Index n, Index s, const T* h) const {
    const T gate = call_.input(moved_gates)[(t(s) * probes_ + k) * one_.samples + n];
    return gate + call_.input(weight)[k] * h[call_.indices(column)[k]];
  }

  /// One unit of each sample, all others as at θ.
  void first() {
    constexpr std::array gate_blocks{LstmBlock::i, LstmBlock::f, LstmBlock::g, LstmBlock::o};
    for (Index b = 0; b < detail::lstm_blocks; ++b) {
      const auto which = static_cast<LstmBlock>(b);
      for_each_probe([&](Index k, Index) {
        std::copy_n(at_theta(which, 0), one_.step(), block(which, 0) + k * one_.step());
      });
    }
    for_each_probe([&](Index k, Index r) {
      const Index gate = r / one_.hidden, unit = r % one_.hidden;
      for (Index n = 0; n < one_.samples; ++n) {
        using std::tanh;
        const T before = call_.input(sums)[(t(0) * one_.samples + n) * gates * one_.hidden + r];
        const T z = before + move(k, n, 0, call_.input(h0) + n * one_.hidden);
        const Index at = (k * one_.samples + n) * one_.hidden + unit;
        const auto of = [&](LstmBlock b) -> T& { return block(b, 0)[at]; };
        of(gate_blocks[static_cast<std::size_t>(gate)]) =
            gate == 2 ? T(tanh(z)) : detail::logistic(z);
        of(LstmBlock::c) = of(LstmBlock::f) * first_c_[at] + of(LstmBlock::i) * of(LstmBlock::g);
        of(LstmBlock::h) = of(LstmBlock::o) * T(tanh(of(LstmBlock::c)));
      }
    });
  }

  /// The sums at θ, and the product of W with states of which one unit has moved.
  void add_moved_unit() {
    const Index hidden = one_.hidden;
    for_each_probe([&](Index k, Index r) {
      const Index unit = r % hidden;
      for (Index n = 0; n < one_.samples; ++n) {
        const Index at = n * hidden + unit;
        const T by = block(LstmBlock::h, 0)[k * one_.step() + at] - at_theta(LstmBlock::h, 0)[at];
        T* own = now_ + (k * one_.samples + n) * gates * hidden;
        const T* sum = sums_at_theta(1) + n * gates * hidden;
        for (Index g = 0; g < gates; ++g, own += hidden, sum += hidden) {
          const T* row = call_.input(w) + (g * hidden + unit) * hidden;
          for (Index j = 0; j < hidden; ++j) own[j] = sum[j] + by * row[j];
        }
      }
    });
  }

  void add_moved_states(Index s) {
    const T* before = at_theta(LstmBlock::h, s - 1);
    for_each_probe([&](Index k, Index) {
      const T* h = block(LstmBlock::h, s - 1) + k * one_.step();
      T* own = moved_ + k * one_.step();
      for (Index i = 0; i < one_.step(); ++i) own[i] = h[i] - before[i];
    });
    if (probes_ == 1) return add_products(moved_, sums_at_theta(s));
    // One product for all: copies cost less than many small ones.
    for_each_probe([&](Index k, Index) {
      std::copy_n(sums_at_theta(s), gates * one_.step(), now_ + gates * k * one_.step());
    });
    add_products(moved_, now_);
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
    for_each_probe([&](Index k, Index r) {
      for (Index n = 0; n < one_.samples; ++n) {
        const Index at = k * one_.samples + n;
        now_[at * gates * one_.hidden + r] +=
            move(k, n, s, block(LstmBlock::h, s - 1) + at * one_.hidden);
      }
    });
  }

  void step(Index s) {
    detail::lstm_step<T>({.samples = static_cast<std::size_t>(all_.samples),
                          .hidden = static_cast<std::size_t>(all_.hidden),
                          .gates = now_,
                          .c_before = block(LstmBlock::c, s - 1),
                          .i = block(LstmBlock::i, s),
                          .f = block(LstmBlock::f, s),
                          .g = block(LstmBlock::g, s),
                          .o = block(LstmBlock::o, s),
                          .c = block(LstmBlock::c, s),
                          .h = block(LstmBlock::h, s)});
  }

  const Call<T>& call_;
  RecurrentSizes one_, all_;
  Index probes_;
  T *now_, *moved_, *first_c_;
};

}  // namespace

Var lstm_probes(const LstmAtTheta& at_theta, const LstmMove& move) {
  return apply(LstmProbes{at_theta.reverse},
               {at_theta.kept, at_theta.sums, at_theta.w, at_theta.h0, at_theta.c0, move.row,
                move.gates, move.column, move.weight});
}

const OpRecord& lstm_probes_op() { return record_of<LstmProbes>; }

}  // namespace dtheta::gradcheck
