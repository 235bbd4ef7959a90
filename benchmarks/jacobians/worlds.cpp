#include "benchmarks/jacobians/worlds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/jacobians/dual.hpp"
#include "gradcheck/jacobian/products.hpp"

namespace jacobian_worlds {
namespace {

using std::abs;
using std::atan2;
using std::exp;
using std::log;
using std::sin;
using std::sqrt;
using std::tanh;

double normal(Random& random) { return std::normal_distribution<double>()(random); }
std::size_t below(Random& random, std::size_t n) { return random() % n; }
double power(Random& random, double most) {
  return std::pow(10.0, std::uniform_real_distribution<double>(-most, most)(random));
}

/// One term of an output: a function of two linear combinations of the inputs.
struct Term {
  std::size_t kind = 0;
  double factor = 1.0;
  Vector a, b;
};

template <class T>
T term(const Term& t, const std::vector<T>& x) {
  T u(0.0), w(0.0);
  for (std::size_t j = 0; j < x.size(); ++j) {
    if (t.a[j] != 0.0) u = u + T(t.a[j]) * x[j];
    if (t.b[j] != 0.0) w = w + T(t.b[j]) * x[j];
  }
  switch (t.kind) {
    case 0:
      return T(t.factor) * tanh(u);
    case 1:
      return T(t.factor) * sin(u) * w;
    case 2:
      return T(t.factor) * exp(T(0.3) * u);
    case 3:
      return T(t.factor) * u * w;
    case 4:
      return T(t.factor) * sqrt(T(1.0) + u * u);
    case 5:
      return T(t.factor) * atan2(u, T(2.0) + w * w);
    case 6:
      return T(t.factor) * log(T(1.5) + sin(u));
    case 7:
      return T(t.factor) * u / (T(1.0) + w * w);
    case 8:
      return T(t.factor) * abs(u);
    default:
      return T(t.factor) * u;
  }
}

using Terms = std::vector<std::vector<Term>>;  // by output

template <class T>
std::vector<T> outputs_of(const Terms& terms, const std::vector<T>& x) {
  std::vector<T> y;
  for (const auto& output : terms) {
    T sum(0.0);
    for (const Term& t : output) sum = sum + term(t, x);
    y.push_back(sum);
  }
  return y;
}

Term random_term(Random& random, std::size_t n, bool corners, const Vector& lengths) {
  Term t;
  t.kind = corners && below(random, 2) == 0 ? 8 : below(random, 10) % (corners ? 10 : 8);
  t.factor = normal(random);
  for (Vector* part : {&t.a, &t.b}) {
    part->assign(n, 0.0);
    for (std::size_t j = 0; j < n; ++j) {
      if (below(random, 3) != 0) (*part)[j] = normal(random) / lengths[j];
    }
  }
  return t;
}

/// Blocks of inputs and outputs of one to four numbers.
void name_blocks(Random& random, World& world, const Vector& x) {
  for (std::size_t first = 0, b = 0; first < x.size(); ++b) {
    const std::size_t size = std::min(1 + below(random, 4), x.size() - first);
    world.x.add(fmt::format("x{}", b), 0, {size}, std::span(x).subspan(first, size));
    first += size;
  }
  for (std::size_t first = 0, b = 0; first < world.rows; ++b) {
    const std::size_t size = std::min(1 + below(random, 4), world.rows - first);
    world.options.outputs.push_back({fmt::format("r{}", b), {size}});
    first += size;
  }
}

void fill_dense(World& world) {
  for (std::size_t i = 0; i < world.rows; ++i) {
    for (std::size_t j = 0; j < world.columns; ++j) {
      world.row_of.push_back(i);
      world.column_of.push_back(j);
    }
  }
}

/// Row by row: the derivatives of outputs along the columns of `seeds` (ambient x tangent).
Vector derivatives(const std::vector<Dual>& y, std::size_t columns) {
  Vector all;
  for (const Dual& output : y)
    all.insert(all.end(), output.d.begin(),
               output.d.begin() + static_cast<std::ptrdiff_t>(columns));
  return all;
}

std::vector<Dual> seeded(const Vector& x, const Vector& seeds, std::size_t columns) {
  std::vector<Dual> duals;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Dual dual(x[i]);
    for (std::size_t k = 0; k < columns; ++k) dual.d[k] = seeds[i * columns + k];
    duals.push_back(dual);
  }
  return duals;
}

Vector identity(std::size_t n) {
  Vector seeds(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) seeds[i * n + i] = 1.0;
  return seeds;
}

gc::VectorFunction nothing() {
  return gc::VectorFunction([](std::span<const double>) { return Vector(); });
}

World dense(Family family, unsigned seed) {
  Random random(seed * 7919U + static_cast<unsigned>(family));
  World world{family, nothing(), {}, {}};
  const bool units = family == Family::units;
  world.rows = 2 + below(random, 7);
  world.columns = 2 + below(random, 7);
  if (below(random, 3) == 0) world.columns = world.rows;
  Vector x, lengths;
  for (std::size_t j = 0; j < world.columns; ++j) {
    lengths.push_back(units ? power(random, 6.0) : 1.0);
    // Not with corners: at a zero several of them can meet, where no rule's value is right.
    const bool zero = below(random, 12) == 0 && family != Family::corners;
    x.push_back(lengths.back() * (zero ? 0.0 : normal(random)));
  }
  Terms terms(world.rows);
  for (auto& output : terms) {
    const double unit = units ? power(random, 6.0) : 1.0;
    const std::size_t count = 1 + below(random, 3);
    for (std::size_t t = 0; t < count; ++t) {
      output.push_back(random_term(random, world.columns, family == Family::corners, lengths));
      output.back().factor *= unit;
    }
  }
  name_blocks(random, world, x);
  world.f = gc::VectorFunction([terms](std::span<const double> at) {
    return outputs_of(terms, Vector(at.begin(), at.end()));
  });
  fill_dense(world);
  world.values = derivatives(outputs_of(terms, seeded(x, identity(world.columns), world.columns)),
                             world.columns);
  return world;
}

/// Every row of its own few inputs.
World sparse(unsigned seed) {
  Random random(seed * 104729U);
  World world{Family::sparse, nothing(), {}, {}};
  world.rows = 10 + below(random, 50);
  world.columns = 8 + below(random, 30);
  Vector x;
  for (std::size_t j = 0; j < world.columns; ++j) x.push_back(normal(random));
  const bool banded = below(random, 2) == 0;
  struct Row {
    std::vector<std::size_t> inputs;
    std::vector<std::vector<Term>> terms;  // one output
  };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < world.rows; ++i) {
    Row row;
    const std::size_t each = 1 + below(random, 5);
    const std::size_t first = i * (world.columns - each) / world.rows;
    for (std::size_t k = 0; k < each; ++k) {
      const std::size_t j = banded ? first + k : below(random, world.columns);
      if (std::ranges::find(row.inputs, j) == row.inputs.end()) row.inputs.push_back(j);
    }
    std::ranges::sort(row.inputs);
    const Vector lengths(row.inputs.size(), 1.0);
    row.terms.resize(1);
    for (int t = 0; t < 2; ++t) {
      row.terms[0].push_back(random_term(random, row.inputs.size(), false, lengths));
    }
    Vector own;
    for (const std::size_t j : row.inputs) own.push_back(x[j]);
    const std::size_t n = own.size();
    const auto y = outputs_of(row.terms, seeded(own, identity(n), n));
    for (std::size_t k = 0; k < n; ++k) {
      world.row_of.push_back(i);
      world.column_of.push_back(row.inputs[k]);
      world.values.push_back(y[0].d[k]);
    }
    rows.push_back(std::move(row));
  }
  world.x.add("x", 0, {x.size()}, x);
  world.f = gc::VectorFunction([rows](std::span<const double> at) {
    Vector y, own;
    for (const Row& row : rows) {
      own.clear();
      for (const std::size_t j : row.inputs) own.push_back(at[j]);
      y.push_back(outputs_of(row.terms, own)[0]);
    }
    return y;
  });
  return world;
}

/// Points seen by a camera at a pose: a rotation, as quaternion or matrix, and a translation.
template <class T>
std::vector<T> seen(const std::vector<T>& x, std::size_t kind, const std::vector<Vector>& points) {
  std::vector<T> y;
  for (const Vector& p : points) {
    std::array<T, 3> c;
    if (kind < 2) {
      const T &w = x[kind == 0 ? 0 : 3], &a = x[kind == 0 ? 1 : 0], &b = x[kind == 0 ? 2 : 1],
              &e = x[kind == 0 ? 3 : 2];
      const T once[3] = {b * T(p[2]) - e * T(p[1]), e * T(p[0]) - a * T(p[2]),
                         a * T(p[1]) - b * T(p[0])};
      const T twice[3] = {b * once[2] - e * once[1], e * once[0] - a * once[2],
                          a * once[1] - b * once[0]};
      for (std::size_t i = 0; i < 3; ++i) {
        c[i] = T(p[i]) + T(2.0) * w * once[i] + T(2.0) * twice[i] + x[4 + i];
      }
    } else {
      for (std::size_t i = 0; i < 3; ++i) {
        c[i] = x[4 * i] * T(p[0]) + x[4 * i + 1] * T(p[1]) + x[4 * i + 2] * T(p[2]) + x[4 * i + 3];
      }
    }
    y.push_back(T(500.0) * c[0] / c[2]);
    y.push_back(T(500.0) * c[1] / c[2]);
    y.push_back(sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]));
  }
  return y;
}

/// p q for quaternions (w, x, y, z).
std::array<double, 4> product(const std::array<double, 4>& p, const std::array<double, 4>& q) {
  return {p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3],
          p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
          p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
          p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0]};
}

/// dx by the tangent: columns 0 to 2 turn, 3 to 5 shift.
Vector pose_seeds(const Vector& x, std::size_t kind, bool body) {
  Vector seeds(x.size() * 6, 0.0);
  for (std::size_t k = 0; k < 3; ++k) {
    if (kind < 2) {
      std::array<double, 4> e{};
      e[k + 1] = 0.5;
      const std::array<double, 4> q = kind == 0 ? std::array<double, 4>{x[0], x[1], x[2], x[3]}
                                                : std::array<double, 4>{x[3], x[0], x[1], x[2]};
      const auto turn = body ? product(q, e) : product(e, q);
      for (std::size_t i = 0; i < 4; ++i) seeds[(kind == 0 ? i : (i + 3) % 4) * 6 + k] = turn[i];
      seeds[(4 + k) * 6 + 3 + k] = 1.0;
      continue;
    }
    // [e_k]x has -1 at (k + 1, k + 2) and 1 at (k + 2, k + 1).
    const std::size_t a = (k + 1) % 3, b = (k + 2) % 3;
    for (std::size_t i = 0; i < 3; ++i) {
      if (body) {  // R [e]x, and R e for the shift
        seeds[(4 * i + b) * 6 + k] = -x[4 * i + a];
        seeds[(4 * i + a) * 6 + k] = x[4 * i + b];
        seeds[(4 * i + 3) * 6 + 3 + k] = x[4 * i + k];
      }
    }
    if (!body) {  // [e]x [R t]
      for (std::size_t j = 0; j < 4; ++j) {
        seeds[(4 * a + j) * 6 + k] = -x[4 * b + j];
        seeds[(4 * b + j) * 6 + k] = x[4 * a + j];
      }
      seeds[(4 * k + 3) * 6 + 3 + k] = 1.0;
    }
  }
  return seeds;
}

World pose(unsigned seed) {
  Random random(seed * 15485863U);
  World world{Family::pose, nothing(), {}, {}};
  const std::size_t kind = below(random, 3);  // wxyz, xyzw, matrix
  const bool body = below(random, 2) == 0;
  const gc::Frame frame = body ? gc::Frame::body : gc::Frame::space;
  std::array<double, 4> q;
  double squares = 0.0;
  for (double& c : q) {
    c = normal(random);
    squares += c * c;
  }
  for (double& c : q) c /= std::sqrt(squares);
  std::vector<Vector> points;
  for (int k = 0; k < 3; ++k) points.push_back({normal(random), normal(random), normal(random)});
  const Vector t{normal(random), normal(random), 8.0 + normal(random)};
  Vector x;
  if (kind < 2) {
    for (std::size_t i = 0; i < 4; ++i) x.push_back(q[kind == 0 ? i : (i + 1) % 4]);
    for (const double c : t) x.push_back(c);
    world.x.add("q", 0, {4}, std::span(x).first(4));
    world.x.add("t", 0, {3}, t);
    world.options.manifolds = {
        {"q", gc::unit_quaternion(kind == 0 ? gc::QuaternionOrder::wxyz : gc::QuaternionOrder::xyzw,
                                  frame)}};
  } else {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        std::array<double, 4> e{};
        e[j + 1] = 1.0;
        const auto turned = product(product(q, e), {q[0], -q[1], -q[2], -q[3]});
        x.push_back(turned[i + 1]);
      }
      x.push_back(t[i]);
    }
    world.x.add("T", 0, {3, 4}, x);
    world.options.manifolds = {{"T", gc::rigid_motion(3, frame)}};
  }
  world.rows = 9;
  world.columns = 6;
  world.f = gc::VectorFunction([kind, points](std::span<const double> at) {
    return seen(Vector(at.begin(), at.end()), kind, points);
  });
  fill_dense(world);
  const auto along = [&](const Vector& seeds) {
    return derivatives(seen(seeded(x, seeds, 6), kind, points), 6);
  };
  world.values = along(pose_seeds(x, kind, body));
  world.other_side = along(pose_seeds(x, kind, !body));
  if (kind < 2) {
    Vector numbers = pose_seeds(x, kind, body);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t k = 0; k < 3; ++k) numbers[i * 6 + k] = i == k + (kind == 0 ? 1 : 0) ? 1 : 0;
    }
    world.by_numbers = along(numbers);
  }
  return world;
}

/// J = sum log(1 + exp(a x)) + sum c sin(b x): its gradient and Hessian.
World hessian(unsigned seed) {
  Random random(seed * 32452843U);
  World world{Family::hessian, nothing(), {}, {}};
  const std::size_t n = 2 + below(random, 7);
  world.rows = world.columns = n;
  Vector x;
  for (std::size_t j = 0; j < n; ++j) x.push_back(normal(random));
  std::vector<Vector> a(3, Vector(n));
  for (Vector& direction : a) {
    for (double& c : direction) c = normal(random);
  }
  const auto inner = [](const Vector& direction, std::span<const double> at) {
    double sum = 0.0;
    for (std::size_t j = 0; j < at.size(); ++j) sum += direction[j] * at[j];
    return sum;
  };
  world.f = gc::VectorFunction([a, inner](std::span<const double> at) {
    Vector g(at.size(), 0.0);
    for (const Vector& d : a) {
      const double u = inner(d, at), slope = 1 / (1 + std::exp(-u)) + std::cos(u);
      for (std::size_t j = 0; j < at.size(); ++j) g[j] += slope * d[j];
    }
    return g;
  });
  fill_dense(world);
  world.values.assign(n * n, 0.0);
  for (const Vector& d : a) {
    const double u = inner(d, x), s = 1 / (1 + std::exp(-u)), bend = s * (1 - s) - std::sin(u);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) world.values[i * n + j] += bend * (d[i] * d[j]);
    }
  }
  world.x.add("x", 0, {n}, x);
  return world;
}

}  // namespace

const char* name_of(Family family) {
  switch (family) {
    case Family::dense:
      return "dense";
    case Family::units:
      return "dense, units from 1e-6 to 1e6";
    case Family::corners:
      return "dense, with abs";
    case Family::pose:
      return "poses (quaternions, SE(3))";
    case Family::sparse:
      return "sparse";
    case Family::hessian:
      break;
  }
  return "Hessians";
}

World make_world(Family family, unsigned seed) {
  if (family == Family::sparse) return sparse(seed);
  if (family == Family::pose) return pose(seed);
  if (family == Family::hessian) return hessian(seed);
  return dense(family, seed);
}

gc::JacobianResult check(const World& world, const Vector& values) {
  if (world.family == Family::hessian) {
    return gc::check_hessian(world.f, gc::RowMajor(values), world.x, world.options);
  }
  if (world.dense()) {
    return gc::check_jacobian(world.f, gc::RowMajor(values), world.x, world.options);
  }
  return gc::check_jacobian(world.f, gc::Triplets(world.row_of, world.column_of, values), world.x,
                            world.options);
}

}  // namespace jacobian_worlds
