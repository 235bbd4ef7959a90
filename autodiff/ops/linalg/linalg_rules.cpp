#include "autodiff/ops/linalg/linalg_rules.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

struct SafeQuotient {
  std::string_view caller = "safe_quotient";
  friend constexpr bool operator==(const SafeQuotient&, const SafeQuotient&) = default;

  static constexpr OpInfo info{.name = "safe_quotient", .arity = 3};
  static constexpr OpRule rule{"y = m / d, 0 where m = 0 and d is negligible",
                               "dy = dm / d - y dd / d", "d not negligible, or m = 0"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape &m = in[0].shape, &d = in[1].shape, &scale = in[2].shape;
    const bool fits = m == d && m.rank() >= 2 && scale.rank() == m.rank() &&
                      scale == detail::with_matrix(detail::batch_of(m), 1, 1);
    if (!fits) {
      throw ShapeError(fmt::format("safe_quotient: {} / {} at scale {} do not fit", to_string(m),
                                   to_string(d), to_string(scale)));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    using std::abs;
    const Shape& s = call.out_shape();
    const Index rows = s[s.rank() - 2], columns = s[s.rank() - 1], size = rows * columns;
    const T *m = call.input(0), *d = call.input(1);
    T* out = call.output();
    for (Index i = 0; i < s.size(); ++i) {
      const T least = call.input(2)[i / size] * std::numeric_limits<T>::epsilon();
      if (!(abs(d[i]) <= least)) {
        out[i] = m[i] / d[i];
      } else if (m[i] == T(0)) {
        out[i] = T(0);
      } else {
        throw DegenerateSpectrumError(fmt::format(
            "{}: the derivative does not exist: values {} and {} of matrix {} of {} coincide or "
            "vanish (their distance is {:.3g})",
            caller, i / columns % rows, i % columns, i / size, to_string(s),
            static_cast<double>(d[i])));
      }
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 2) return {};
    if (i == 0) return apply(*this, {c, p[1], p[2]});
    return -apply(*this, {c * p.out, p[1], p[2]});
  }
  static std::vector<Sample<SafeQuotient>> samples() {
    const auto scale = [](Shape s) {
      return fixed(s, std::vector<double>(static_cast<std::size_t>(s.size()), 1.0));
    };
    return {{{}, {real({2, 2}), real({2, 2}, {0.5, 2}), scale({1, 1})}},
            {{}, {real({1, 3}), real({1, 3}, {-2, -0.5}), scale({1, 1})}},
            {{}, {real({2, 2, 3}), real({2, 2, 3}, {0.5, 2}), scale({2, 1, 1})}},
            {{}, {real({1, 1}), given({1, 1}, {0.01}), scale({1, 1})}},
            {{}, {given({1, 1}, {1e-30}), given({1, 1}, {1e30}), scale({1, 1})}},
            {{}, {real({0, 3}), real({0, 3}), scale({1, 1})}},
            {{}, {real({0, 2, 2}), real({0, 2, 2}), scale({0, 1, 1})}},
            {{}, {fixed({1, 2}, {0, 1}), fixed({1, 2}, {0, 2}), scale({1, 1})}}};
  }
};

/// Where that is no more than the rounding of the products that M was made of, it is 0.
struct SkewPart {
  friend constexpr bool operator==(const SkewPart&, const SkewPart&) = default;

  static constexpr OpInfo info{.name = "skew_part"};
  static constexpr OpRule rule{"Y = (M - M^T) / 2", "dY = (dM - dM^T) / 2"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    detail::require_square(info.name, in[0].shape);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    using std::abs;
    const Shape& s = call.out_shape();
    const Index n = s[s.rank() - 1], size = n * n;
    for (Index start = 0; start < s.size(); start += size) {
      const T* m = call.input(0) + start;
      T* out = call.output() + start;
      T largest(0);
      for (Index i = 0; i < size; ++i) largest = abs(m[i]) > largest ? abs(m[i]) : largest;
      const T least = largest * T(4 * static_cast<double>(n)) * std::numeric_limits<T>::epsilon();
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) {
          const T twice = m[i * n + j] - m[j * n + i];
          out[i * n + j] = abs(twice) <= least ? T(0) : twice / T(2);
        }
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var c) {
    return (c - detail::transposed(c)) * 0.5;
  }
  static std::vector<Sample<SkewPart>> samples() {
    return {{{}, {real({2, 2})}}, {{}, {real({3, 3})}}, {{}, {real({2, 2, 2})}},
            {{}, {real({1, 1})}}, {{}, {real({0, 0})}}, {{}, {real({0, 2, 2})}}};
  }
};

}  // namespace

namespace detail {

Var skew_part(Var m) { return apply(SkewPart{}, {m}); }

void require_matrix(std::string_view op, const Shape& s) {
  if (s.rank() < 2) {
    throw ShapeError(
        fmt::format("{}: {} has {} axes, a matrix is needed", op, to_string(s), s.rank()));
  }
}

void require_square(std::string_view op, const Shape& s) {
  require_matrix(op, s);
  const Index rows = s[s.rank() - 2], columns = s[s.rank() - 1];
  if (rows != columns) {
    throw ShapeError(fmt::format("{}: the matrices of {} are not square: {} != {}", op,
                                 to_string(s), rows, columns));
  }
}

Var transposed(Var x) { return swap_axes(x, -2, -1); }
Var symmetric_part(Var x) { return (x + transposed(x)) * 0.5; }

Var safe_quotient(std::string_view caller, Var m, Var d, Var scale) {
  return apply(SafeQuotient{caller}, {m, broadcast_to(d, m.shape()), scale});
}

Var divided_by_gaps(std::string_view caller, Var m, Var w) {
  const Var far = w.tape().constant(std::numeric_limits<double>::infinity());
  const Var gaps = expand_dims(w, -2) - expand_dims(w, -1);
  return safe_quotient(caller, m, gaps + diag_embed(broadcast_to(far, w.shape())), scale_of(w));
}

Var scale_of(Var w) {
  const Index n = w.shape()[w.rank() - 1];
  if (n == 0) return zeros(w.tape(), with_matrix(replaced(w.shape(), w.rank() - 1, 1, {}), 1, 1));
  return expand_dims(max(abs(w), -1, true), -1) * n;
}

std::vector<double> test_matrices(const Shape& shape, int seed, bool symmetric) {
  const Index rows = shape[shape.rank() - 2], columns = shape[shape.rank() - 1];
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  auto state = static_cast<std::uint32_t>(2654435761U * static_cast<std::uint32_t>(seed + 1));
  for (Index at = 0; at < shape.size(); ++at) {
    const Index i = at / columns % rows, j = at % columns;
    state = state * 1664525U + 1013904223U;
    const double noise = static_cast<double>(state >> 26U) / 64.0 - 0.5;  // [-1/2, 1/2)
    const double diagonal =
        (symmetric || (i + seed) % 2 == 0 ? 2.0 : -2.0) * (1 + 0.5 * static_cast<double>(i));
    values[static_cast<std::size_t>(at)] = i == j ? diagonal + noise / 2 : noise;
  }
  return values;
}

}  // namespace detail

std::span<const OpEntry> linalg_rule_ops() { return OpList<SafeQuotient, SkewPart>::entries; }

}  // namespace dtheta
