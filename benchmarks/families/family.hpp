#pragma once

#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/families/number.hpp"
#include "gradcheck/check.hpp"

/// Families of costs of which everything is known: by them the verdict of the checker is measured.
namespace families {

namespace gc = dtheta::gradcheck;

/// Writes a gradient at θ.
using GradientFunction = std::function<void(std::span<const double>, std::span<double>)>;

/// A gradient that is held against a world's cost.
struct Candidate {
  std::string name;            ///< the planted bug, or how it is right
  std::vector<double> values;  ///< at θ
  GradientFunction function;   ///< null: there are values alone
  bool open_is_fair = false;   ///< no complaint if it is left open, at a corner for instance
};

/// A cost, its θ, and the gradients that are held against it.
struct World {
  std::string kind;
  gc::Cost cost;
  /// J in quad, without the roundings that `cost` was given on purpose.
  std::function<Quad(std::span<const double>)> exact;
  gc::ParameterVector theta;
  std::vector<double> lengths;  ///< over which J bends, per entry; empty: max(|x|, 1)
  /// The slopes to the left and to the right; the same where J is smooth.
  std::vector<double> below, above;
  bool rough = false;  ///< the curvature jumps at θ: a difference errs by its step
  std::vector<Candidate> right;
  std::vector<Candidate> wrong;
  gc::Options options;
};

/// Draws that are the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  double uniform(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11U) * 0x1p-53);
  }
  double normal();
  /// 10 to the power of something between the two.
  double decade(double low, double high);
  /// 0 ... count - 1.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(engine_() % count); }
  bool chance(double p) { return uniform(0.0, 1.0) < p; }
  double sign() { return chance(0.5) ? 1.0 : -1.0; }
  std::vector<double> normals(std::size_t count, double scale = 1.0);
  template <class T>
  const T& among(const std::vector<T>& all) {
    return all[below(all.size())];
  }

 private:
  std::mt19937_64 engine_;
};

struct Family {
  int number = 0;
  std::string_view name;
  World (*draw)(Random&) = nullptr;
  /// J is smooth where it is asked and has all digits of double: what differences show plainly may
  /// not be left open.
  bool smooth = false;
};

/// All of them, by number.
std::span<const Family> all_families();

/// The world that this seed draws.
World draw(const Family& family, std::uint64_t seed);

World draw_oscillation(Random& random);
World draw_far_location(Random& random);
World draw_forgotten_term(Random& random);
World draw_coarse_cost(Random& random);
World draw_mixed_units(Random& random);
World draw_corner(Random& random);
World draw_saturated(Random& random);
World draw_edge(Random& random);
World draw_no_effect(Random& random);
World draw_unforeseen(Random& random);

}  // namespace families
