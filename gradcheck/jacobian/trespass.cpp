#include "gradcheck/jacobian/trespass.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "gradcheck/judge/scales.hpp"
#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/same_bits.hpp"
#include "gradcheck/numeric/slope.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t most_named = 32;  // dependences outside of the pattern

}  // namespace

OneEntry::OneEntry(const JacobianRequest& request, std::size_t row, std::size_t entry, double unit)
    : value_(request.table.at_x()[row] / unit) {
  const std::size_t column = request.jacobian.column_of[entry];
  theta_ = unnamed(request.x.values().subspan(column, 1));
  analytic_ = {request.jacobian.values[entry] / unit};
  options_.tolerance = request.tolerance;
  options_.gradient_roundoff = request.roundoff;
  evaluate_ = [&table = request.table, row, column, unit](std::span<const Probe> probes,
                                                          std::span<double> answers) {
    for (std::size_t k = 0; k < probes.size(); ++k) {
      answers[k] = table.alone(row, {column, probes[k].value}) / unit;
    }
  };
}

Request OneEntry::request(double noise) const {
  return {evaluate_, theta_, analytic_, theta_.blocks(),
          options_,  value_, noise,     [](std::size_t) { return true; }};
}

double PatternWatch::step_of(std::size_t column) const {
  constexpr double part = 1e-3;
  const Key key = request_.x.key(column);
  return part * std::max(scale_of(request_.x, request_.x.blocks()[key.block]),
                         std::abs(request_.x.values()[column]));
}

bool PatternWatch::moved_by(std::size_t row, double value) const {
  const double at_x = request_.table.at_x()[row];
  if (same_bits(value, at_x)) return false;
  constexpr double clear = 8.0;  // of what it changes by where nothing moves
  return !(std::abs(value - at_x) <= clear * request_.noise[row]);
}

std::vector<double> PatternWatch::values_with(std::span<const std::size_t> columns) {
  std::vector<Probe> moved;
  for (const std::size_t j : columns) moved.push_back({j, request_.x.values()[j] + step_of(j)});
  return request_.table.moved(moved);
}

void PatternWatch::look(std::vector<Trespass>& found) {
  for (const auto& colour : request_.table.colouring().columns) {
    std::size_t bits = 1;
    while ((std::size_t{1} << bits) < colour.size()) ++bits;
    for (std::size_t b = 0; b < bits; ++b) {
      for (const std::size_t side : {0U, 1U}) {
        std::vector<std::size_t> part;
        for (std::size_t rank = 0; rank < colour.size(); ++rank) {
          if (((rank >> b) & 1U) == side) part.push_back(colour[rank]);
        }
        if (!part.empty()) look_at(part, found);
      }
    }
  }
}

void PatternWatch::look_at(std::span<const std::size_t> columns, std::vector<Trespass>& found) {
  const RowMatrix& a = request_.jacobian;
  std::vector<bool> moves(a.columns, false);
  for (const std::size_t j : columns) moves[j] = true;
  const std::vector<double> values = values_with(columns);
  for (std::size_t i = 0; i < a.rows && found.size() < most_named; ++i) {
    if (!moved_by(i, values[i])) continue;
    bool allowed = false;
    for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
      allowed = allowed || moves[a.column_of[e]];
    }
    if (!allowed) search(i, columns, found);
  }
}

/// By halves, until single inputs are left.
void PatternWatch::search(std::size_t row, std::span<const std::size_t> columns,
                          std::vector<Trespass>& found) {
  if (columns.empty() || found.size() >= most_named) return;
  const bool known = columns.size() == 1 && std::ranges::any_of(found, [&](const Trespass& t) {
                       return t.row == row && t.column == columns.front();
                     });
  if (known || !moved_by(row, values_with(columns)[row])) return;
  if (columns.size() == 1) {
    found.push_back(measure(row, columns.front()));
    return;
  }
  const std::size_t half = columns.size() / 2;
  search(row, columns.first(half), found);
  search(row, columns.subspan(half), found);
}

Trespass PatternWatch::measure(std::size_t row, std::size_t column) {
  const double x = request_.x.values()[column];
  const double step = step_of(column);
  std::array<double, 4> values{};
  const auto at = points(Side::both, x, step);
  for (std::size_t k = 0; k < at.size(); ++k)
    values[k] = request_.table.alone(row, {column, at[k]});
  const double centre = request_.table.at_x()[row];
  const Slope slope = gradcheck::detail::measure(Side::both, x, step, centre, values);
  const double noise = std::max(request_.noise[row], unit_roundoff * slope.magnitude);
  return {row, column, slope.value,
          slope.cautious_truncation() + noise_margin * slope.noise_gain * noise / step};
}

}  // namespace dtheta::gradcheck::detail
