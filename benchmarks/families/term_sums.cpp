// Sums of a few terms of very different shape, any of which can be forgotten: what is left may
// follow J over large steps and not over small ones.
#include <array>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

enum class Shape {
  wave,
  bell,
  step,
  ramp,
  bowl,
  quartic,
  heavy_tail,
  growth,
  bend,
  product,
  count
};

struct Term {
  Shape shape = Shape::wave;
  double weight = 1.0, rate = 1.0, shift = 0.0;
  std::size_t first = 0, second = 0;  // the entries that it is of
};

Term draw_term(Random& random, std::size_t n) {
  Term t;
  t.shape = static_cast<Shape>(random.below(static_cast<std::size_t>(Shape::count)));
  t.weight = random.sign() * random.decade(-1.5, 0.5);
  t.rate = random.decade(-0.5, 0.8);
  // A whole phase now and then: 1 - cos(5 a).
  t.shift = random.chance(0.3) ? 0.0 : random.normal();
  t.first = random.below(n);
  t.second = random.below(n);
  return t;
}

template <class T>
T value_of(const Term& term, std::span<const T> p) {
  const T x = term.rate * (p[term.first] - term.shift);
  switch (term.shape) {
    case Shape::wave:
      return 1.0 - cos(x);
    case Shape::bell:
      return exp(-square(x));
    case Shape::step:
      return tanh(x);
    case Shape::ramp:
      return softplus(x);
    case Shape::bowl:
      return square(x);
    case Shape::quartic:
      return square(square(x));
    case Shape::heavy_tail:
      return log1p(square(x));
    case Shape::growth:
      return exp(0.5 * x);
    case Shape::bend:
      return sqrt(1.0 + square(x));
    case Shape::product:
      return sin(x) * p[term.second];
    case Shape::count:
      break;
  }
  return T(0.0);
}

Model sum_of_terms(Random& random) {
  const std::size_t n = 1 + random.below(4), count = 2 + random.below(4);
  std::vector<Term> terms;
  for (std::size_t k = 0; k < count; ++k) terms.push_back(draw_term(random, n));
  const auto theta = random.normals(n);
  return model("sum of terms", theta, static_cast<int>(count), [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < terms.size(); ++k) {
      sum += mark(static_cast<int>(k), terms[k].weight * value_of<T>(terms[k], p));
    }
    for (const T& v : p) sum += 0.01 * square(v);
    return sum;
  });
}

/// A term of its own for each entry: forgotten, nothing is left of that entry's derivative.
Model separate_terms(Random& random) {
  const std::size_t n = 2 + random.below(3);
  std::vector<Term> terms;
  for (std::size_t i = 0; i < n; ++i) {
    terms.push_back(draw_term(random, n));
    terms[i].first = terms[i].second = i;
  }
  return model("separate terms", random.normals(n), static_cast<int>(n), [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += mark(static_cast<int>(i), terms[i].weight * value_of<T>(terms[i], p));
    }
    return sum;
  });
}

/// A penalty beside a bounded loss, whose whole derivative is forgotten.
Model bounded_and_penalty(Random& random) {
  const std::size_t n = 1 + random.below(3);
  const auto theta = random.normals(n), shifts = random.normals(n);
  const double rate = random.decade(-0.3, 0.8), penalty = random.decade(-3, 0);
  return model("bounded loss and penalty", theta, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T loss = 0.0, size = 0.0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const T z = rate * (p[i] - shifts[i]);
      loss += square(z) / (1.0 + square(z));
      size += square(p[i]);
    }
    return mark(0, loss) + mark(1, penalty * size);
  });
}

}  // namespace

std::span<const DrawModel> term_sums() {
  static constexpr std::array<DrawModel, 3> all = {sum_of_terms, separate_terms,
                                                   bounded_and_penalty};
  return all;
}

}  // namespace families
