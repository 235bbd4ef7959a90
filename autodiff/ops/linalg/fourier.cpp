#include "autodiff/ops/linalg/fourier.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/fourier.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// The transform along an axis of complex values whose parts stand side by side: axis 0 has size 2.
struct FourierPacked {
  int axis = 1;
  int sign = -1;  // of the exponent
  friend constexpr bool operator==(const FourierPacked&, const FourierPacked&) = default;

  static constexpr OpInfo info{.name = "fourier", .linear = true};
  static constexpr OpRule rule{"y[j] = the sum of x[k] e^(2 pi i s j k / n) over k, s = -1 or 1",
                               "dy = fourier(dx); the adjoint has -s"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[0].shape;
    detail::require_real(info.name, in);
    if (s.rank() <= axis || s[0] != 2 || s[axis] == 0) {
      throw ShapeError(fmt::format("fourier: {} does not hold pairs with elements along axis {}",
                                   to_string(s), axis));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const Index half = call.out_shape().size() / 2;
    std::copy_n(call.input(0), 2 * half, call.output());
    if (half == 0) return;
    detail::Fourier<T> transform(s.n, sign);
    for (Index o = 0; o < s.outer / 2; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        T* re = call.output() + o * s.n * s.inner + j;
        transform(re, re + half, s.inner);
      }
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const {
    return apply(FourierPacked{axis, -sign}, {c});
  }
  static std::vector<Sample<FourierPacked>> samples() {
    std::vector<Sample<FourierPacked>> list;
    for (const int sign : {-1, 1}) {
      for (const Index n : {1, 2, 3, 4, 5, 6, 7, 8, 12})
        list.push_back({{1, sign}, {real({2, n})}});
      list.push_back({{1, sign}, {real({2, 3, 2})}});
      list.push_back({{2, sign}, {real({2, 2, 4})}});
      list.push_back({{1, sign}, {real({2, 2, 0})}});
    }
    return list;
  }
};

double factor(FourierNorm norm, bool inverse, Index n) {
  const double size = static_cast<double>(n);
  if (norm == FourierNorm::orthogonal) return 0;
  return (norm == FourierNorm::backward) == inverse ? size : 1;
}

ComplexPair transformed(std::string_view op, const ComplexPair& x, int axis, FourierNorm norm,
                        bool inverse) {
  const Shape& s = x.real.shape();
  detail::require_real(op, x.real.type());
  detail::require_real(op, x.imaginary.type());
  if (x.imaginary.shape() != s) {
    throw ShapeError(fmt::format("{}: real parts {} and imaginary parts {} differ", op,
                                 to_string(s), to_string(x.imaginary.shape())));
  }
  const int a = normalize_axis(op, axis, s.rank());
  if (s[a] == 0) {
    throw ShapeError(fmt::format("{}: {} has no elements along axis {}", op, to_string(s), a));
  }
  const Index n = s[a];
  Var y = apply(FourierPacked{a + 1, inverse ? 1 : -1}, {stack({x.real, x.imaginary}, 0)});
  const double divisor = factor(norm, inverse, n);
  // The root is taken in the scalar of the run.
  if (divisor == 0)
    y = y / sqrt(y.tape().constant(static_cast<double>(n)));
  else if (divisor != 1)
    y = y / divisor;
  return {select(y, 0, 0), select(y, 0, 1)};
}

}  // namespace

ComplexPair fft(const ComplexPair& x, int axis, FourierNorm norm) {
  return transformed("fft", x, axis, norm, false);
}
ComplexPair ifft(const ComplexPair& x, int axis, FourierNorm norm) {
  return transformed("ifft", x, axis, norm, true);
}

ComplexPair rfft(Arg x, int axis, FourierNorm norm) {
  const Shape& s = x.var().shape();
  const int a = normalize_axis("rfft", axis, s.rank());
  const Var none = detail::zeros(x.var().tape(), s);
  const ComplexPair y = transformed("rfft", {x.var(), none}, a, norm, false);
  const Range first{0, s[a] / 2 + 1};
  return {slice(y.real, a, first), slice(y.imaginary, a, first)};
}

Var irfft(const ComplexPair& x, Index n, int axis, FourierNorm norm) {
  const Shape& s = x.real.shape();
  const int a = normalize_axis("irfft", axis, s.rank());
  if (n < 1 || s[a] != n / 2 + 1) {
    throw ShapeError(fmt::format("irfft: {} along axis {} is not the half of {} elements: {} != {}",
                                 to_string(s), a, n, s[a], n / 2 + 1));
  }
  // The elements from the second on, in reverse, are the conjugates of those that are missing.
  const Index mirrored = n - s[a];
  const auto whole = [&](Var v, double sign) {
    return concat({v, sign * flip(slice(v, a, {1, 1 + mirrored}), a)}, a);
  };
  ComplexPair full{whole(x.real, 1), Var{}};
  if (x.imaginary.shape() != s) return transformed("irfft", x, a, norm, true).real;  // throws
  full.imaginary = whole(x.imaginary, -1);
  return transformed("irfft", full, a, norm, true).real;
}

ComplexPair fft2(const ComplexPair& x, FourierNorm norm) {
  return transformed("fft2", transformed("fft2", x, -1, norm, false), -2, norm, false);
}
ComplexPair ifft2(const ComplexPair& x, FourierNorm norm) {
  return transformed("ifft2", transformed("ifft2", x, -1, norm, true), -2, norm, true);
}

std::span<const OpEntry> fourier_ops() { return OpList<FourierPacked>::entries; }

}  // namespace dtheta
