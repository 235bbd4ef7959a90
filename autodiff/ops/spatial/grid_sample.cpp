#include "autodiff/ops/spatial/grid_sample.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/rule_ops.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using Mode = GridSampleOptions::Mode;
using Padding = GridSampleOptions::Padding;

/// Row-major indices in a plane of the elements at whole positions (..., axes), each moved into the
/// plane.
struct PlaneIndex {
  std::array<Index, 3> size{};
  int axes = 2;
  friend constexpr bool operator==(const PlaneIndex&, const PlaneIndex&) = default;

  static constexpr OpInfo info{.name = "plane_index", .differentiable = false};
  static constexpr OpRule rule{"y = the index in a plane of each position"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[0].shape;
    detail::require_real(info.name, in);
    if (s.rank() == 0 || s[s.rank() - 1] != axes) {
      throw ShapeError(fmt::format("plane_index: {} does not hold {} positions along its last axis",
                                   to_string(s), axes));
    }
    return {detail::replaced(s, s.rank() - 1, 1, {}), Kind::index};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const T* at = call.input(0);
    for (Index i = 0; i < call.out_shape().size(); ++i) {
      Index place = 0;
      for (int a = 0; a < axes; ++a, ++at) {
        const Index n = size[static_cast<std::size_t>(a)];
        const T last = T(static_cast<double>(n - 1));
        const T inside = *at > T(0) ? (*at < last ? *at : last) : T(0);  // NaN is at 0
        place = place * n + static_cast<Index>(static_cast<double>(inside));
      }
      call.index_output()[i] = place;
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<PlaneIndex>> samples() {
    return {{{{3, 4, 0}, 2}, {given({2, 2}, {1, 2, -1, 7})}},
            {{{2, 2, 2}, 3}, {given({1, 2, 3}, {1, 1, 1, 0, 5, -3})}},
            {{{3, 4, 0}, 2}, {real({0, 2})}}};
  }
};

/// The position mirrored at low and high, 2 low and 2 high being integers.
Var reflected(Var at, double low, double high) {
  const double span = high - low;
  if (span == 0) return at * 0;
  const Var away = abs(at - low), turns = floor(away / span), extra = away - turns * span;
  const Var odd = remainder(turns, 2);
  return where(odd, span - extra, extra) + low;
}

/// Positions among n elements of coordinates in [-1, 1].
Var position(Var g, Index n, const GridSampleOptions& o) {
  const double size = static_cast<double>(n);
  const Var at = o.align_corners ? (g + 1) * (0.5 * (size - 1)) : ((g + 1) * size - 1) * 0.5;
  if (o.padding == Padding::zeros) return at;
  const bool mirrored = o.padding == Padding::reflection;
  const Var inside = !mirrored         ? at
                     : o.align_corners ? reflected(at, 0, size - 1)
                                       : reflected(at, -0.5, size - 0.5);
  return n > 1 ? hardtanh(inside, 0, size - 1) : inside * 0;
}

/// What the elements at whole positions (..., axes) are, as (samples, channels, ...). Outside of x
/// that is 0, though the position be infinite.
Var elements(Var x, Var at, const PlaneIndex& plane) {
  const Shape& s = at.shape();
  const Var index = expand_dims(apply(plane, {at}), 1);  // one for all channels
  std::vector<Index> dims(s.begin(), s.end() - 1);
  dims.insert(dims.begin() + 1, x.shape()[1]);
  return take_in_planes(x, broadcast_to(index, Shape(dims)), plane.axes);
}

/// 1 where all whole positions lie in x, as (samples, 1, ...).
Var inside(Var at, const PlaneIndex& plane) {
  Var all;
  for (int a = 0; a < plane.axes; ++a) {
    const Var v = select(at, -1, a);
    const Index n = plane.size[static_cast<std::size_t>(a)];
    const Var in = greater_equal(v, 0) * less_equal(v, static_cast<double>(n - 1));
    all = a == 0 ? in : all * in;
  }
  return expand_dims(all, 1);
}

void require_operands(const Shape& x, const Shape& grid) {
  const int axes = x.rank() - 2;
  bool fits = (axes == 2 || axes == 3) && grid.rank() == x.rank() && grid[0] == x[0] &&
              grid[grid.rank() - 1] == axes;
  for (int a = 0; fits && a < axes; ++a) fits = x[2 + a] > 0;
  if (!fits) {
    throw ShapeError(fmt::format(
        "grid_sample: x {} and grid {} do not fit: (samples, channels, h, w) and (samples, out h, "
        "out w, 2), or the same with three axes, are needed",
        to_string(x), to_string(grid)));
  }
}

}  // namespace

Var grid_sample(Arg x, Arg grid, const GridSampleOptions& o) {
  const Shape &s = x.var().shape(), &points = grid.var().shape();
  detail::require_real("grid_sample", x.var().type());
  detail::require_real("grid_sample", grid.var().type());
  require_operands(s, points);
  PlaneIndex plane;
  plane.axes = s.rank() - 2;
  std::vector<Var> places;
  for (int a = 0; a < plane.axes; ++a) {
    plane.size[static_cast<std::size_t>(a)] = s[2 + a];
    places.push_back(position(select(grid, -1, plane.axes - 1 - a), s[2 + a], o));
  }
  const Var at = stack(places, -1);  // in the order of the axes of x
  const Var unknown = expand_dims(sum(is_nan(at), -1), 1);
  if (o.mode == Mode::nearest) {
    const Var whole = round(at);
    const Var value = detail::weighted(inside(whole, plane), elements(x.var(), whole, plane));
    return where(unknown, std::nan(""), value);
  }
  const Var low = floor(at), part = at - low;
  Var total;
  for (int corner = 0; corner < 1 << plane.axes; ++corner) {
    Tensor steps(Shape{plane.axes});
    Var weight;
    for (int a = 0; a < plane.axes; ++a) {
      const bool behind = (corner >> a & 1) != 0;
      steps.data<double>()[static_cast<std::size_t>(a)] = behind ? 1 : 0;
      const Var t = select(part, -1, a), w = behind ? t : 1 - t;
      weight = a == 0 ? w : weight * w;
    }
    const Var whole = low + low.tape().constant(steps);
    const Var share = where(inside(whole, plane), expand_dims(weight, 1), 0);
    const Var term = detail::weighted(share, elements(x.var(), whole, plane));
    total = total.exists() ? total + term : term;
  }
  return where(unknown, std::nan(""), total);
}

Var affine_grid(Arg theta, Index height, Index width, bool align_corners) {
  const Shape& s = theta.var().shape();
  detail::require_real("affine_grid", theta.var().type());
  if (s.rank() != 3 || s[1] != 2 || s[2] != 3 || height < 1 || width < 1) {
    throw ShapeError(
        fmt::format("affine_grid: theta {} for {} x {} points: (samples, 2, 3) and at "
                    "least one point are needed",
                    to_string(s), height, width));
  }
  const auto coordinate = [&](Index i, Index n) {
    const double size = static_cast<double>(n), place = static_cast<double>(i);
    if (align_corners) return n > 1 ? 2 * place / (size - 1) - 1 : 0.0;
    return (2 * place + 1) / size - 1;
  };
  Tensor base(Shape{height * width, 3});
  for (Index i = 0; i < height * width; ++i) {
    const auto row = base.data<double>().subspan(static_cast<std::size_t>(3 * i), 3);
    row[0] = coordinate(i % width, width);
    row[1] = coordinate(i / width, height);
    row[2] = 1;
  }
  const Var moved = matmul(theta.var().tape().constant(base), theta, false, true);
  return reshape(moved, Shape{s[0], height, width, 2});
}

std::span<const OpEntry> grid_sample_ops() { return OpList<PlaneIndex>::entries; }

}  // namespace dtheta
