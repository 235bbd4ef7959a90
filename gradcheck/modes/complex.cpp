#include "gradcheck/complex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

using Complex = std::complex<double>;
using Values = std::vector<double>;

/// x and y one behind the other.
Values parts_of(ComplexSpan z) {
  Values parts(2 * z.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    parts[i] = z[i].real();
    parts[z.size() + i] = z[i].imag();
  }
  return parts;
}

std::vector<Complex> joined(std::span<const double> parts) {
  const std::size_t n = parts.size() / 2;
  std::vector<Complex> z(n);
  for (std::size_t i = 0; i < n; ++i) z[i] = {parts[i], parts[n + i]};
  return z;
}

ParameterVector real_layout(ComplexSpan z) {
  const Values parts = parts_of(z);
  ParameterVector theta;
  const std::vector<std::size_t> shape{z.size()};
  theta.add("z.re", 1, shape, std::span(parts).first(z.size()));
  theta.add("z.im", 1, shape, std::span(parts).subspan(z.size()));
  return theta;
}

/// (dJ/dx, dJ/dy) where g is meant so.
Values real_gradient(ComplexSpan g, ComplexConvention convention) {
  Values parts = parts_of(g);
  if (convention == ComplexConvention::gradient) return parts;
  const double y = convention == ComplexConvention::d_dz ? -2.0 : 2.0;
  for (std::size_t i = 0; i < g.size(); ++i) {
    parts[i] *= 2.0;
    parts[g.size() + i] *= y;
  }
  return parts;
}

/// What the numbers could be in place of what they were said to be.
struct Reading {
  std::string_view words;
  double re, im;  // times which the parts of g are (dJ/dx, dJ/dy)
};
constexpr std::array readings{Reading{"the gradient dJ/dx + i dJ/dy", 1, 1},
                              Reading{"dJ/dz, (dJ/dx - i dJ/dy) / 2", 2, -2},
                              Reading{"dJ/dz*, (dJ/dx + i dJ/dy) / 2", 2, 2},
                              Reading{"the conjugate dJ/dx - i dJ/dy", 1, -1}};

/// Whether the parts of g, read so, are the measured derivatives in every entry.
bool fits(const Result& result, ComplexSpan g, const Reading& reading) {
  const std::size_t n = g.size();
  double largest = 0.0;
  for (const double d : result.numeric) largest = std::max(largest, std::abs(d));
  if (largest == 0.0) return false;
  for (std::size_t i = 0; i < n; ++i) {
    const std::array read{reading.re * g[i].real(), reading.im * g[i].imag()};
    for (std::size_t part = 0; part < 2; ++part) {
      const std::size_t at = part * n + i;
      const double allowed = result.bar[at] + result.tolerance * largest;
      if (!(std::abs(read[part] - result.numeric[at]) <= allowed)) return false;
    }
  }
  return true;
}

void name_convention(Result& result, ComplexSpan g, ComplexConvention said) {
  for (const Reading& reading : readings) {
    if (!fits(result, g, reading)) continue;
    result.causes.insert(result.causes.begin(),
                         {Pattern::suspect, 0.0, 1.0,
                          fmt::format("the numbers were said to be {}; they are {}",
                                      to_string(said), reading.words)});
    return;
  }
}

/// (Re J, -Im J; Im J, Re J): the real Jacobian of a holomorphic function.
Values real_jacobian(ComplexSpan j, std::size_t m, std::size_t n) {
  Values all(4 * m * n);
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      const Complex d = j[r * n + c];
      all[r * 2 * n + c] = d.real();
      all[r * 2 * n + n + c] = -d.imag();
      all[(m + r) * 2 * n + c] = d.imag();
      all[(m + r) * 2 * n + n + c] = d.real();
    }
  }
  return all;
}

/// The measured df_r/dz_c by x and by y, which are equal where f is holomorphic.
struct ByParts {
  Complex by_x, by_y;
  double bar;
};
ByParts measured(const JacobianResult& result, std::size_t r, std::size_t c) {
  const std::size_t m = result.rows / 2, n = result.columns / 2;
  const auto at = [&](std::size_t row, std::size_t column) { return row * 2 * n + column; };
  const std::array places{at(r, c), at(m + r, c), at(m + r, n + c), at(r, n + c)};
  double bar = 0.0;
  for (const std::size_t p : places) bar += result.bar[p];
  return {{result.numeric[places[0]], result.numeric[places[1]]},
          {result.numeric[places[2]], -result.numeric[places[3]]},
          bar};
}

void name_habits(JacobianResult& result, ComplexSpan jacobian) {
  const std::size_t m = result.rows / 2, n = result.columns / 2;
  double largest = 0.0;
  for (const double d : result.numeric) {
    if (std::isfinite(d)) largest = std::max(largest, std::abs(d));
  }
  bool conjugate = largest > 0.0;
  for (std::size_t r = 0; r < m; ++r) {
    for (std::size_t c = 0; c < n; ++c) {
      const ByParts d = measured(result, r, c);
      const double allowed = d.bar + result.tolerance * largest;
      if (std::abs(d.by_x - d.by_y) > 2 * allowed) {
        result.causes.insert(
            result.causes.begin(),
            {JacobianPattern::unexplained, 0.0, 1.0, fmt::format("f[{}] by z[{}]", r, c),
             fmt::format("f is not holomorphic, so that there is no df/dz: f[{}] changes by {:.6g} "
                         "{:+.6g}i along x of z[{}], but by {:.6g} {:+.6g}i along y, divided by i",
                         r, d.by_x.real(), d.by_x.imag(), c, d.by_y.real(), d.by_y.imag())});
        return;
      }
      conjugate = conjugate && std::abs(std::conj(jacobian[r * n + c]) - d.by_x) <= allowed;
    }
  }
  if (!conjugate) return;
  result.causes.insert(result.causes.begin(), {JacobianPattern::sign, 0.0, 1.0, "f by z",
                                               "the numbers are the conjugate of df/dz"});
}

}  // namespace

std::string_view to_string(ComplexConvention convention) {
  if (convention == ComplexConvention::gradient) return "the gradient dJ/dx + i dJ/dy";
  return convention == ComplexConvention::d_dz ? "dJ/dz" : "dJ/dz*";
}

Result check_complex(const ComplexCost& cost, ComplexSpan derivative, ComplexSpan z,
                     ComplexConvention convention, const Options& options) {
  if (derivative.size() != z.size()) {
    throw ShapeError(
        fmt::format("complex: {} derivatives for {} numbers z", derivative.size(), z.size()));
  }
  const Cost real_cost = [&](std::span<const double> parts) { return cost(joined(parts)); };
  Result result = check(real_cost, real_gradient(derivative, convention), real_layout(z), options);
  if (result.verdict == Verdict::fail) name_convention(result, derivative, convention);
  return result;
}

JacobianResult check_holomorphic(const ComplexFunction& f, ComplexSpan jacobian, ComplexSpan z,
                                 const JacobianOptions& options) {
  const std::size_t m = f(z).size(), n = z.size();
  if (jacobian.size() != m * n) {
    throw ShapeError(
        fmt::format("complex: the Jacobian has {} entries, {} values of f by {} z are {}",
                    jacobian.size(), m, n, m * n));
  }
  JacobianOptions real_options = options;
  real_options.outputs = {{"f.re", {m}}, {"f.im", {m}}};
  const Values real = real_jacobian(jacobian, m, n);
  JacobianResult result = check_jacobian(
      VectorFunction([&](std::span<const double> parts) { return parts_of(f(joined(parts))); }),
      RowMajor(real), real_layout(z), real_options);
  if (result.verdict == Verdict::fail) name_habits(result, jacobian);
  return result;
}

}  // namespace dtheta::gradcheck
