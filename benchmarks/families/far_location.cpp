// Places far from 0 with features that are narrow beside them: peaks, dates, time stamps, splines.
#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// Where a feature lies and how wide it is.
struct Place {
  std::string kind;
  double at, width;
};

Place draw_place(Random& random) {
  switch (random.below(6)) {
    case 0:
      return {"near 500", 500.0 + random.normal(), random.decade(-1, 0.5)};
    case 1:
      return {"Julian date", 2458849.5 + random.uniform(0.0, 365.0), random.decade(-1, 1)};
    case 2:
      return {"time stamp", 1.6e9 + random.uniform(0.0, 1e8), random.decade(0, 4)};
    case 3:
      return {"near 1e9", 1e9 + random.uniform(0.0, 1e6), random.decade(-1, 3)};
    case 4:
      return {"wavelength", random.uniform(3000.0, 10000.0), random.decade(-1, 1)};
    default:
      return {"year", random.uniform(1900.0, 2030.0), random.decade(-2, 1)};
  }
}

/// One peak whose location, width and height are fitted to samples around it.
Model peak_fit(Random& random, const Place& place) {
  constexpr std::size_t samples = 12;
  std::vector<double> at(samples), y(samples);
  const double height = random.uniform(0.5, 3.0);
  for (std::size_t k = 0; k < samples; ++k) {
    at[k] = place.at + place.width * random.uniform(-3.0, 3.0);
    const double z = (at[k] - place.at) / place.width;
    y[k] = height * std::exp(-z * z) + 0.05 * random.normal();
  }
  const double mu = place.at + place.width * random.uniform(-1.0, 1.0);
  return model("peak", {mu, place.width * random.uniform(0.7, 1.4), height}, 3,
               [=](auto p, auto mark) {
                 using T = std::remove_cvref_t<decltype(p[0])>;
                 T sum = T(0.0);
                 for (std::size_t k = 0; k < samples; ++k) {
                   const T z = (T(at[k]) - mark(0, p[0])) / mark(1, p[1]);
                   sum += square(mark(2, p[2]) * exp(-square(z)) - T(y[k]));
                 }
                 return sum;
               });
}

/// 1 - exp(-((t - t0) / w)²), and the same beside other parameters at 1.
Model single_well(Random& random, const Place& place) {
  std::vector<double> theta = {place.at + place.width * random.uniform(-1.5, 1.5)};
  if (random.chance(0.5)) theta.push_back(random.normal());
  return model("well", theta, 1, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    const T z = (p[0] - T(place.at)) / T(place.width);
    T sum = mark(0, T(1.0) - exp(-square(z)));
    if (p.size() > 1) sum += T(0.5) * square(p[1] - T(0.25));
    return sum;
  });
}

/// A curve of cubic pieces through heights that are the parameters, at a shift that is one too.
Model spline(Random& random, const Place& place) {
  constexpr std::size_t knots = 6, samples = 8;
  std::vector<double> theta = random.normals(knots), at(samples), y = random.normals(samples);
  theta.push_back(place.at);
  for (double& t : at) t = place.at + place.width * random.uniform(1.2, 3.8);
  return model("spline", theta, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t k = 0; k < samples; ++k) {
      // Uniform cubic B-spline.
      const T u = (T(at[k]) - mark(0, p[knots])) / T(place.width);
      std::size_t j = 1;
      for (; j + 3 < knots && T(static_cast<double>(j + 1)) < u; ++j) {
      }
      const T t = u - T(static_cast<double>(j)), s = T(1.0) - t;
      const T w0 = s * s * s, w3 = t * t * t;
      const T w1 = T(3.0) * w3 - T(6.0) * t * t + T(4.0);
      const T w2 = T(3.0) * w0 - T(6.0) * s * s + T(4.0);
      const T curve = (w0 * p[j - 1] + w1 * mark(1, p[j]) + w2 * p[j + 1] + w3 * p[j + 2]) / T(6.0);
      sum += square(curve - T(y[k]));
    }
    return sum;
  });
}

/// A wave whose phase counts from a date.
Model period(Random& random, const Place& place) {
  constexpr std::size_t samples = 10;
  std::vector<double> at(samples), y = random.normals(samples);
  for (double& t : at) t = place.at + place.width * random.uniform(-10.0, 10.0);
  const double width = place.width * random.uniform(0.7, 1.4);
  return model("period", {place.at, width}, 2, [=](auto p, auto mark) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    T sum = T(0.0);
    for (std::size_t k = 0; k < samples; ++k) {
      sum += square(sin((T(at[k]) - mark(0, p[0])) / mark(1, p[1])) - T(y[k]));
    }
    return sum;
  });
}

}  // namespace

World draw_far_location(Random& random) {
  const Place place = draw_place(random);
  const std::size_t kind = random.below(4);
  const Model m = kind == 0   ? peak_fit(random, place)
                  : kind == 1 ? single_well(random, place)
                  : kind == 2 ? spline(random, place)
                              : period(random, place);
  World world = random.chance(0.3) && m.theta.size() == 2 ? world_of(m, {1, 1}) : world_of(m);
  world.kind += ", " + place.kind;
  world.lengths.assign(m.theta.size(), 1.0);
  const double length = kind == 3 ? 0.1 * place.width : place.width;
  if (kind == 2) {
    world.lengths.back() = length;
  } else {
    world.lengths.front() = length;
    if (kind == 0 || kind == 3) world.lengths[1] = length;
  }
  plant_spoiled(world, random, 2);
  plant_at_marks(world, m, random, 1);
  // The location alone, which may be small in its block.
  const std::size_t location = kind == 2 ? m.theta.size() - 1 : 0;
  const double g = world.right.front().values[location];
  plant_value(world, location, random.chance(0.5) ? 0.0 : -g, "location wrong");
  return world;
}

}  // namespace families
