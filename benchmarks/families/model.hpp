#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/families/family.hpp"

namespace families {

/// Marks the places of a cost at which the author of a gradient can make a mistake: `mark(k, v)` is
/// v, but its derivative is multiplied by `factor` where k is `at`: 0 forgets it.
template <class T>
struct Marks {
  int at = -1;
  double factor = 1.0;
  T operator()(int, T v) const { return v; }
};

template <class T>
struct Marks<Dual<T>> {
  int at = -1;
  double factor = 1.0;
  Dual<T> operator()(int k, Dual<T> v) const {
    if (k == at) v.d = v.d * T(factor);
    return v;
  }
};

/// The scalar that a cost is asked to be computed in.
template <class Span>
using Scalar = std::remove_const_t<typename Span::element_type>;

/// Any vector as another scalar.
template <class T>
std::vector<T> as(std::span<const double> from) {
  std::vector<T> to;
  to.reserve(from.size());
  for (const double x : from) to.push_back(T(x));
  return to;
}

/// The gradient of f with the mistake that the marks say, computed in T.
template <class T, class F>
void differentiate(const F& f, std::span<const double> at, std::span<double> g, int mark,
                   double factor) {
  auto theta = as<Dual<T>>(at);
  for (std::size_t i = 0; i < theta.size(); ++i) {
    theta[i].d = T(1.0);
    const Dual<T> j =
        f(std::span<const Dual<T>>(theta), Marks<Dual<T>>{.at = mark, .factor = factor});
    theta[i].d = T(0.0);
    g[i] = static_cast<double>(j.d);
  }
}

/// A cost written once, f(std::span<const T>, Marks<T>) -> T, in all that it is needed in.
struct Model {
  std::string kind;
  int marks = 0;  ///< numbered from 0
  gc::Cost cost, single;
  std::function<Quad(std::span<const double>)> exact;
  /// In double, and rounded from quad; with the mistake at a mark.
  std::function<void(std::span<const double>, std::span<double>, int mark, double factor)> gradient,
      exact_gradient;
  std::vector<double> theta;
};

/// The value alone, as a double.
inline double plain(double x) { return x; }
inline double plain(Quad x) { return static_cast<double>(x); }
template <class T>
double plain(Dual<T> x) {
  return plain(x.v);
}

template <class F>
Model model(std::string kind, std::vector<double> theta, int marks, F f) {
  Model m;
  m.kind = std::move(kind);
  m.theta = std::move(theta);
  m.marks = marks;
  m.cost = [f](std::span<const double> at) { return f(at, Marks<double>{}); };
  m.exact = [f](std::span<const double> at) {
    const auto wide = as<Quad>(at);
    return f(std::span<const Quad>(wide), Marks<Quad>{});
  };
  m.gradient = [f](std::span<const double> at, std::span<double> g, int mark, double factor) {
    differentiate<double>(f, at, g, mark, factor);
  };
  m.exact_gradient = [f](std::span<const double> at, std::span<double> g, int mark, double factor) {
    differentiate<Quad>(f, at, g, mark, factor);
  };
  return m;
}

/// The same where it can be computed in float, too.
template <class F>
Model model_also_in_float(std::string kind, std::vector<double> theta, int marks, F f) {
  Model m = model(std::move(kind), std::move(theta), marks, f);
  m.single = [f](std::span<const double> at) {
    const auto narrow = as<Single>(at);
    return static_cast<double>(f(std::span<const Single>(narrow), Marks<Single>{}).v);
  };
  return m;
}

/// A world with this model's cost and its right gradient, in one block.
World world_of(const Model& m);

/// The same with the parameters in blocks of these sizes.
World world_of(const Model& m, const std::vector<std::size_t>& blocks);

/// The gradient as code computes it in double, with all roundings: right, too, however few digits
/// are left of what is small.
Candidate as_rounded(const Model& m);

/// Plants up to `count` mistakes at the marks: terms forgotten, of the wrong sign, twice.
void plant_at_marks(World& world, const Model& m, Random& random, std::size_t count);

/// Plants spoiled copies of the right gradient: one entry's or all signs, factors, zeros.
void plant_spoiled(World& world, Random& random, std::size_t count);

/// Plants one entry that is `value` instead; `name` says how it comes about.
void plant_value(World& world, std::size_t entry, double value, std::string name);

/// Drops what was planted but does not differ from the right gradient by a millionth of its size,
/// or by four tolerances where those are more.
void drop_harmless(World& world);

/// Draws a model of one kind.
using DrawModel = Model (*)(Random&);

/// Models of many kinds, each with marks where a term can be forgotten.
std::span<const DrawModel> likelihoods();
std::span<const DrawModel> time_series();
std::span<const DrawModel> networks();
std::span<const DrawModel> equations();
std::span<const DrawModel> term_sums();

/// Smooth costs of unit scale to which something is then done.
Model draw_smooth(Random& random);

}  // namespace families
