#include "gradcheck/bridge/ops/case_differences.hpp"

#include "gradcheck/bridge/ops/wide_difference.hpp"

namespace dtheta::gradcheck {
namespace {

using Values = std::vector<std::vector<Quad>>;

/// Runs at the given values of the operands, moved by t along the directions.
void run_at(const OpCase& c, Workspace<Quad>& ws, const Values& at, Quad t) {
  for (std::size_t k = 0; k < c.differentiated.size(); ++k) {
    if (!ws.plan().has_leaf(c.differentiated[k])) continue;
    const auto x = ws.leaf(c.differentiated[k]);
    const auto v = c.directions[k].data<double>();
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = at[k][i] + t * Quad(v[i]);
  }
  ws.run();
}

Values values_of(const OpCase& c) {
  Values at;
  for (Var x : c.differentiated) {
    const auto values = x.data<double>();
    at.emplace_back(values.begin(), values.end());
  }
  return at;
}

/// By the cotangent: the cost is c . y, so what multiplies c_i in its directional derivative is the
/// directional derivative of y_i.
std::vector<Quad> differences_of_result(const OpCase& c, Workspace<Quad>& both, const Values& at) {
  const auto value = [&](Quad t) {
    run_at(c, both, at, t);
    const auto y = both[c.y];
    return std::vector<Quad>(y.begin(), y.end());
  };
  return central_differences8(value, Quad(0), Quad(wide_step));
}

}  // namespace

std::vector<Quad> first_differences(const OpCase& c, Workspace<Quad>& cost, std::size_t k) {
  const Var x = c.differentiated[k];
  std::vector<Quad> numeric(static_cast<std::size_t>(x.size()));
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    const Quad at = cost.leaf(x)[i];
    const auto value = [&](Quad moved) {
      cost.leaf(x)[i] = moved;
      cost.rerun(x);
      return cost[c.cost][0];
    };
    numeric[i] = central_difference8(value, at, step_for(at));
    cost.leaf(x)[i] = at;
  }
  cost.rerun(x);
  return numeric;
}

std::vector<Quad> second_differences(const OpCase& c, Workspace<Quad>& both, std::size_t k) {
  Values at = values_of(c);
  if (k == c.differentiated.size()) return differences_of_result(c, both, at);
  std::vector<Quad> numeric(at[k].size());
  for (std::size_t i = 0; i < numeric.size(); ++i) {
    const Quad before = at[k][i];
    const auto value = [&](Quad moved, Quad t) {
      at[k][i] = before + moved;
      run_at(c, both, at, t);
      return both[c.cost][0];
    };
    numeric[i] = mixed_difference8(value, step_for(before), Quad(wide_step));
    at[k][i] = before;
  }
  return numeric;
}

}  // namespace dtheta::gradcheck
