#include "benchmarks/jacobians/bugs.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

namespace jacobian_worlds {
namespace {

using P = gc::JacobianPattern;

/// Scales the entries that `chosen(row, column)` picks.
template <class Chosen>
void scale(const World& w, Vector& values, double factor, Chosen chosen) {
  for (std::size_t e = 0; e < values.size(); ++e) {
    if (chosen(w.row_of[e], w.column_of[e])) values[e] *= factor;
  }
}

Bug scaled_row(std::string name, P pattern, double factor) {
  return {std::move(name), {pattern}, [factor](World& w, Vector& values, Random& random) {
            const std::size_t row = random() % w.rows;
            scale(w, values, factor, [&](std::size_t i, std::size_t) { return i == row; });
            return true;
          }};
}

Bug scaled_column(std::string name, std::vector<P> patterns, double factor) {
  return {std::move(name), std::move(patterns), [factor](World& w, Vector& values, Random& random) {
            const std::size_t column = random() % w.columns;
            scale(w, values, factor, [&](std::size_t, std::size_t j) { return j == column; });
            return true;
          }};
}

Bug one_entry(std::string name, std::function<double(double)> spoiled) {
  return {std::move(name), {P::one_entry}, [spoiled](World&, Vector& values, Random& random) {
            double& entry = values[random() % values.size()];
            entry = spoiled(entry);
            return true;
          }};
}

constexpr double degrees = 180 / std::numbers::pi;

std::vector<Bug> bugs_of_lines() {
  return {
      scaled_row("sign of a row", P::sign, -1),
      scaled_row("a row twice", P::factor, 2),
      scaled_row("a row of zeros", P::zero, 0),
      scaled_column("sign of a column", {P::sign}, -1),
      scaled_column("degrees", {P::degrees}, degrees),
      scaled_column("radians", {P::degrees}, 1 / degrees),
      scaled_column("feet", {P::chain_factor}, 0.3048),
      scaled_column("a column of zeros", {P::zero}, 0),
      {"log of an input",
       {P::chain_factor},
       [](World& w, Vector& values, Random& random) {
         if (!w.options.manifolds.empty()) return false;
         const std::size_t column = random() % w.columns;
         const double x = w.x.values()[column];
         if (std::abs(x) < 1e-9) return false;
         scale(w, values, 1 / x, [&](std::size_t, std::size_t j) { return j == column; });
         return true;
       }},
      {"weights",
       {P::weights},
       [](World& w, Vector& values, Random& random) {
         Vector weights;
         for (std::size_t i = 0; i < w.rows; ++i) {
           weights.push_back(0.3 + 2.0 * static_cast<double>(random() % 1000) / 1000);
         }
         for (std::size_t e = 0; e < values.size(); ++e) values[e] /= weights[w.row_of[e]];
         return w.rows > 2;
       }},
      {"all twice",
       {P::factor},
       [](World&, Vector& values, Random&) {
         for (double& v : values) v *= 2;
         return true;
       }},
      {"all negated",
       {P::sign},
       [](World&, Vector& values, Random&) {
         for (double& v : values) v = -v;
         return true;
       }},
      one_entry("sign of an entry", [](double v) { return -v; }),
      one_entry("an entry forgotten", [](double) { return 0.0; }),
      one_entry("an entry off by 1e-3", [](double v) { return v * 1.001; }),
      one_entry("an entry off by 1e-5", [](double v) { return v * 1.00001; }),
      {"NaN",
       {P::not_finite},
       [](World&, Vector& values, Random& random) {
         values[random() % values.size()] = std::nan("");
         return true;
       }},
  };
}

Bug swapped(std::string name, bool rows) {
  return {std::move(name),
          {rows ? P::rows_swapped : P::columns_swapped},
          [rows](World& w, Vector& values, Random& random) {
            const std::size_t count = rows ? w.rows : w.columns;
            const std::size_t a = random() % count, b = (a + 1 + random() % (count - 1)) % count;
            for (std::size_t k = 0; k < (rows ? w.columns : w.rows); ++k) {
              const auto at = [&](std::size_t l) {
                return rows ? l * w.columns + k : k * w.columns + l;
              };
              std::swap(values[at(a)], values[at(b)]);
            }
            return true;
          }};
}

std::vector<Bug> bugs_of_dense() {
  return {
      swapped("two rows swapped", true),
      swapped("two columns swapped", false),
      {"transposed",
       {P::transposed},
       [](World& w, Vector& values, Random&) {
         if (w.rows != w.columns || w.family == Family::hessian) return false;
         const Vector right = values;
         for (std::size_t i = 0; i < w.rows; ++i) {
           for (std::size_t j = 0; j < w.rows; ++j) values[i * w.rows + j] = right[j * w.rows + i];
         }
         return true;
       }},
      {"by columns",
       {P::storage_order},
       [](World& w, Vector& values, Random&) {
         if (w.rows == w.columns) return false;
         const Vector right = values;
         for (std::size_t i = 0; i < w.rows; ++i) {
           for (std::size_t j = 0; j < w.columns; ++j) {
             values[j * w.rows + i] = right[i * w.columns + j];
           }
         }
         return true;
       }},
      {"without the identity",
       {P::identity},
       [](World& w, Vector& values, Random&) {
         if (w.rows != w.columns) return false;
         for (std::size_t i = 0; i < w.rows; ++i) values[i * w.rows + i] -= 1;
         return true;
       }},
      {"a row of another formula",
       {P::row_wrong},
       [](World& w, Vector& values, Random& random) {
         const std::size_t row = random() % w.rows;
         for (std::size_t j = 0; j < w.columns; ++j) {
           double& v = values[row * w.columns + j];
           v *= 1.3 + 0.7 * std::sin(static_cast<double>(j + 1));
         }
         return w.columns > 2 && w.rows > 1;
       }},
  };
}

std::vector<Bug> bugs_of_poses() {
  return {
      {"the other frame",
       {P::other_side},
       [](World& w, Vector& values, Random&) {
         values = w.other_side;
         return true;
       }},
      {"twice the angle",
       {P::half, P::factor},
       [](World& w, Vector& values, Random&) {
         if (w.by_numbers.empty()) return false;
         scale(w, values, 2.0, [](std::size_t, std::size_t j) { return j < 3; });
         return true;
       }},
      {"half the angle",
       {P::half, P::factor},
       [](World& w, Vector& values, Random&) {
         if (w.by_numbers.empty()) return false;
         scale(w, values, 0.5, [](std::size_t, std::size_t j) { return j < 3; });
         return true;
       }},
      {"by the quaternion's numbers",
       {P::ambient},
       [](World& w, Vector& values, Random&) {
         values = w.by_numbers;
         return !w.by_numbers.empty();
       }},
      {"twist in the other order",
       {P::stored_order},
       [](World& w, Vector& values, Random&) {
         if (!w.by_numbers.empty()) return false;
         for (std::size_t i = 0; i < w.rows; ++i) {
           std::swap_ranges(values.begin() + static_cast<std::ptrdiff_t>(6 * i),
                            values.begin() + static_cast<std::ptrdiff_t>(6 * i + 3),
                            values.begin() + static_cast<std::ptrdiff_t>(6 * i + 3));
         }
         return true;
       }},
      {"sign of the rotation",
       {P::sign},
       [](World& w, Vector& values, Random&) {
         scale(w, values, -1.0, [](std::size_t, std::size_t j) { return j < 3; });
         return true;
       }},
  };
}

std::vector<Bug> bugs_of_sparse() {
  return {
      {"outside of the pattern",
       {P::outside},
       [](World& w, Vector& values, Random& random) {
         // The pattern forgets one entry that is not zero.
         const std::size_t e = random() % values.size();
         if (std::abs(values[e]) < 1e-3) return false;
         const auto at = static_cast<std::ptrdiff_t>(e);
         values.erase(values.begin() + at);
         w.row_of.erase(w.row_of.begin() + at);
         w.column_of.erase(w.column_of.begin() + at);
         return true;
       }},
  };
}

std::vector<Bug> bugs_of_hessians() {
  return {
      {"one triangle",
       {P::triangle, P::asymmetric},
       [](World& w, Vector& values, Random& random) {
         const bool lower = random() % 2 == 0;
         scale(w, values, 0.0, [&](std::size_t i, std::size_t j) { return lower ? i > j : i < j; });
         return true;
       }},
      {"half of the diagonal",
       {P::unexplained, P::column_wrong, P::row_wrong, P::one_entry},
       [](World& w, Vector& values, Random&) {
         scale(w, values, 0.5, [](std::size_t i, std::size_t j) { return i == j; });
         return true;
       }},
  };
}

/// Whether each entry is off by more than 1e-5 of its row's largest.
std::set<std::pair<std::size_t, std::size_t>> spoiled(const World& w, const Vector& values,
                                                      double part) {
  Vector largest(w.rows, 0.0);
  for (std::size_t e = 0; e < w.size(); ++e) {
    largest[w.row_of[e]] = std::max(largest[w.row_of[e]], std::abs(w.values[e]));
  }
  std::set<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t e = 0; e < w.size(); ++e) {
    const double apart = std::abs(values[e] - w.values[e]);
    if (!(apart <= part * largest[w.row_of[e]])) places.emplace(w.row_of[e], w.column_of[e]);
  }
  return places;
}

}  // namespace

std::vector<Bug> bugs_of(Family family) {
  std::vector<Bug> bugs = bugs_of_lines();
  const auto add = [&](std::vector<Bug> more) {
    bugs.insert(bugs.end(), more.begin(), more.end());
  };
  if (family == Family::sparse) {
    add(bugs_of_sparse());
  } else {
    add(bugs_of_dense());
  }
  if (family == Family::pose) add(bugs_of_poses());
  if (family == Family::hessian) add(bugs_of_hessians());
  return bugs;
}

Planted plant(const Bug& bug, Family family, unsigned seed) {
  Planted planted;
  World world = make_world(family, seed);
  Random random(seed * 31U + 7U);
  Vector values = world.values;
  if (!bug.plant(world, values, random)) return planted;
  const bool outside = values.size() != world.values.size();
  const auto wrong =
      outside ? std::set<std::pair<std::size_t, std::size_t>>() : spoiled(world, values, 1e-5);
  const auto touched = outside ? wrong : spoiled(world, values, 0.0);
  planted.effective = outside || !wrong.empty();
  if (!planted.effective) return planted;
  const gc::JacobianResult result = check(world, values);
  planted.caught = result.verdict == gc::Verdict::fail;
  planted.open = result.verdict == gc::Verdict::inconclusive;
  if (!planted.caught) return planted;
  std::size_t failed = 0, innocent = 0;
  for (const auto& block : result.blocks) failed += block.failed;
  for (const auto& entry : result.worst()) {
    if (entry.verdict == gc::Verdict::fail && !touched.contains({entry.row, entry.column})) {
      ++innocent;
    }
  }
  planted.placed = innocent == 0 && failed <= touched.size() &&
                   (outside ? result.outside.size() == 1 : failed > 0);
  if (!result.causes.empty()) {
    const P first = result.causes.front().pattern;
    planted.named = std::ranges::find(bug.names, first) != bug.names.end();
    planted.taken_for = to_string(first);
  }
  return planted;
}

}  // namespace jacobian_worlds
