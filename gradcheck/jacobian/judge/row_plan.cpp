#include "gradcheck/jacobian/judge/row_plan.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "gradcheck/jacobian/judge/row_noise.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double pilot_comfort = 0.5;  // as of a gradient (block_plan.cpp)
constexpr double rung = 4.0;           // first steps are powers of it, so that outputs share them

/// A power of two by which an output is divided so that squares of it neither overflow nor vanish.
double unit_of(double value, double slope) {
  constexpr double least = 0x1p-400, most = 0x1p400;
  const double size = std::max(std::abs(value), std::min(slope, 1.0));
  const bool plain = size == 0.0 || (size > least && size < most) || !std::isfinite(size);
  return plain ? 1.0 : std::exp2(std::ilogb(size));
}

}  // namespace

RowPlans::RowPlans(const JacobianRequest& request) : request_(request) {
  const std::vector<double> zeros(request.x.size(), 0.0);
  lengths_.assign(request.x.size(), 1.0);
  for (const Block& block : request.inputs) {
    const BlockScales scales(request.x, block, zeros, request.roundoff);
    for (std::size_t j = block.offset; j < block.offset + block.size; ++j) {
      lengths_[j] = scales.length(j);
    }
    mixed_.push_back(scales.mixed());
  }
  least_lengths_ = lengths_;
  plans_.resize(request.jacobian.rows * blocks());
  units_.resize(request.jacobian.rows);
  find_units();
  for (std::size_t b = 0; b < blocks(); ++b) measure(b);
  tell_units_apart();
  guess_lengths();
  find_wholes();
}

/// Where one row's derivatives say that a block's inputs are in different units, they are.
void RowPlans::tell_units_apart() {
  const RowMatrix& a = request_.jacobian;
  const auto x = request_.x.values();
  for (std::size_t b = 0; b < blocks(); ++b) {
    const Block& inputs = request_.inputs[b];
    if (mixed_[b] || inputs.size < 2) continue;
    std::vector<double> sizes, derivatives;
    for (std::size_t i = 0; i < a.rows && !mixed_[b]; ++i) {
      if (of(i, b).entries < 2) continue;
      sizes.clear();
      derivatives.clear();
      for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
        const std::size_t j = a.column_of[e];
        if (j < inputs.offset || j >= inputs.offset + inputs.size) continue;
        sizes.push_back(x[j]);
        derivatives.push_back(analytic(i, e));
      }
      mixed_[b] = differ_in_units(sizes, derivatives);
    }
    if (!mixed_[b]) continue;
    for (std::size_t j = inputs.offset; j < inputs.offset + inputs.size; ++j) {
      if (std::abs(x[j]) > next_to_nothing) lengths_[j] = least_lengths_[j] = std::abs(x[j]);
    }
    measure(b);
  }
}

void RowPlans::find_units() {
  const RowMatrix& a = request_.jacobian;
  for (std::size_t i = 0; i < a.rows; ++i) {
    const auto row = std::span(a.values).subspan(a.starts[i], a.starts[i + 1] - a.starts[i]);
    units_[i] = unit_of(request_.table.at_x()[i], largest_finite(row));
  }
}

/// Crumbs that rounding left of zero are measured by what they are crumbs of.
void RowPlans::find_wholes() {
  for (const Block& output : request_.outputs) {
    const std::size_t end = output.offset + output.size;
    const auto of_row = [&](std::size_t i) {
      Largest largest;
      for (std::size_t b = 0; b < blocks(); ++b) {
        largest.derivative = std::max(largest.derivative, of(i, b).largest * units_[i]);
        largest.change = std::max(largest.change, of(i, b).largest_change * units_[i]);
      }
      return largest;
    };
    Largest of_block;
    for (std::size_t i = output.offset; i < end; ++i) {
      const Largest own = of_row(i);
      of_block.derivative = std::max(of_block.derivative, own.derivative);
      of_block.change = std::max(of_block.change, own.change);
    }
    for (std::size_t i = output.offset; i < end; ++i) {
      const Largest own = of_row(i);
      const double margin = rounding_margin * request_.roundoff;
      const bool crumbs = own.derivative <= margin * of_block.derivative;
      const Largest& whole = crumbs ? of_block : own;
      for (std::size_t b = 0; b < blocks(); ++b) {
        of(i, b).whole = {whole.derivative / units_[i], whole.change / units_[i]};
      }
    }
  }
}

void RowPlans::measure(std::size_t block) {
  const RowMatrix& a = request_.jacobian;
  const Block& inputs = request_.inputs[block];
  for (std::size_t i = 0; i < a.rows; ++i) {
    RowBlock& plan = of(i, block);
    plan.entries = 0;
    plan.largest = plan.largest_change = plan.rounding_noise = 0.0;
    const auto first = a.column_of.begin() + static_cast<std::ptrdiff_t>(a.starts[i]);
    const auto last = a.column_of.begin() + static_cast<std::ptrdiff_t>(a.starts[i + 1]);
    auto at = std::lower_bound(first, last, inputs.offset);
    plan.largest_entry = static_cast<std::size_t>(at - a.column_of.begin());
    for (; at != last && *at < inputs.offset + inputs.size; ++at, ++plan.entries) {
      const auto e = static_cast<std::size_t>(at - a.column_of.begin());
      const double size = std::abs(analytic(i, e));
      const double change = size * length(*at);
      const double effect = std::abs(size * request_.x.values()[*at]);
      if (!std::isfinite(change)) continue;
      plan.largest = std::max(plan.largest, size);
      plan.rounding_noise = std::max(plan.rounding_noise, unit_roundoff * effect);
      if (change > plan.largest_change) {
        plan.largest_change = change;
        plan.largest_entry = e;
      }
    }
  }
}

/// A zero says nothing of its size, in a block of zeros or among quantities in different units; not
/// even where its block is of one unit, if its derivatives are out of all proportion. It is taken
/// to be such that it moves the outputs as much as those inputs do that are not zero.
void RowPlans::guess_lengths() {
  const RowMatrix& a = request_.jacobian;
  const auto x = request_.x.values();
  constexpr double next_to_zero = 1e-4;
  std::vector<bool> unknown(a.columns, false);
  for (std::size_t j = 0; j < a.columns; ++j) {
    unknown[j] = std::abs(x[j]) <= next_to_zero * lengths_[j];
  }
  if (std::ranges::find(unknown, true) == unknown.end()) return;
  std::vector<std::vector<double>> guesses(a.columns);
  for (std::size_t i = 0; i < a.rows; ++i) {
    double change = 0.0, largest = 0.0;
    for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
      if (std::isfinite(analytic(i, e))) largest = std::max(largest, std::abs(analytic(i, e)));
      const double own = std::abs(analytic(i, e) * x[a.column_of[e]]);
      if (std::isfinite(own) && !unknown[a.column_of[e]]) change = std::max(change, own);
    }
    for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
      const double guess = change / std::abs(analytic(i, e));
      // What rounding has left of a zero, as cos(pi / 2) is, says nothing of a size.
      const bool crumb = std::abs(analytic(i, e)) <= rounding_margin * request_.roundoff * largest;
      const bool wanted = unknown[a.column_of[e]] && !crumb && guess > 0.0 && std::isfinite(guess);
      if (wanted) guesses[a.column_of[e]].push_back(guess);
    }
  }
  for (std::size_t b = 0; b < blocks(); ++b) {
    const Block& inputs = request_.inputs[b];
    const bool zeros = largest_finite(x.subspan(inputs.offset, inputs.size)) == 0.0;
    const double far = zeros || mixed_[b] ? 100.0 : 1e4;  // from what was taken for it
    for (std::size_t j = inputs.offset; j < inputs.offset + inputs.size; ++j) {
      if (guesses[j].empty()) continue;
      const auto middle = guesses[j].begin() + static_cast<std::ptrdiff_t>(guesses[j].size() / 2);
      std::ranges::nth_element(guesses[j], middle);
      const double ratio = *middle / lengths_[j];
      if (ratio < far && ratio > 1.0 / far) continue;
      // The guess is one of the Jacobian under test: it may not widen what may accuse.
      lengths_[j] = *middle;
      least_lengths_[j] = std::min(least_lengths_[j], *middle);
      mixed_[b] = mixed_[b] || !zeros;
    }
    measure(b);
  }
}

void RowPlans::begin() {
  plan_noise();
  for (std::size_t b = 0; b < blocks(); ++b) {
    for (std::size_t i = 0; i < request_.jacobian.rows; ++i) {
      of(i, b).noise = noise_[i] / units_[i];
      of(i, b).part = first_part(i, b);
    }
    share_parts(b);
  }
}

/// Along the inputs that move an output most: one in each of two blocks, and where it can be such
/// as many outputs share.
void RowPlans::plan_noise() {
  constexpr double enough = 0.1;  // of the output's largest change
  constexpr std::size_t most_places = 2;
  const RowMatrix& a = request_.jacobian;
  std::vector<std::vector<std::size_t>> votes(blocks());
  for (auto& of_block : votes) of_block.assign(request_.table.colouring().columns.size(), 0);
  const auto colour = [&](std::size_t e) {
    return request_.table.colouring().colour_of[a.column_of[e]];
  };
  for (std::size_t i = 0; i < a.rows; ++i) {
    for (std::size_t b = 0; b < blocks(); ++b) {
      if (of(i, b).entries > 0) ++votes[b][colour(of(i, b).largest_entry)];
    }
  }
  std::vector<NoisePlace> places;
  for (std::size_t i = 0; i < a.rows; ++i) {
    std::vector<std::size_t> order;
    for (std::size_t b = 0; b < blocks(); ++b) {
      if (of(i, b).entries > 0) order.push_back(b);
    }
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t b) { return of(i, b).largest_change; });
    if (order.size() > most_places) order.resize(most_places);
    for (const std::size_t b : order) {
      std::size_t best = of(i, b).largest_entry;
      const Block& block = request_.inputs[b];
      for (std::size_t e = a.starts[i]; e < a.starts[i + 1]; ++e) {
        const std::size_t j = a.column_of[e];
        if (j < block.offset || j >= block.offset + block.size) continue;
        const double change = std::abs(analytic(i, e)) * length(j);
        const bool popular = votes[b][colour(e)] > votes[b][colour(best)];
        if (change >= enough * of(i, b).largest_change && popular) best = e;
      }
      places.push_back({i, a.column_of[best], length(a.column_of[best])});
    }
  }
  noise_ = measure_row_noise(request_.table, places);
  for (std::size_t i = 0; i < noise_.size(); ++i) {
    noise_[i] = std::max(noise_[i], request_.noise[i]);
  }
}

/// Where truncation and noise of a fourth-order stencil would balance for an f that varies with x
/// as x itself does; further, if that is where noise allows the tolerance.
double RowPlans::first_part(std::size_t row, std::size_t block) const {
  constexpr double furthest = 1e3, room = 1.25, noise_of_slope = 8.0;
  const RowBlock& plan = of(row, block);
  const double value = std::abs(request_.table.at_x()[row]) / units_[row];
  const double size = std::max({value, plan.largest_change, std::numeric_limits<double>::min()});
  const double relative = std::clamp(std::pow(plan.noise / size, 0.2), 5e-4, 5e-2);
  if (plan.entries == 0) return relative;
  const std::size_t column = request_.jacobian.column_of[plan.largest_entry];
  const double asked = request_.tolerance * scales(row, column, block).reference;
  const double least = room * noise_of_slope * plan.noise / asked / length(column);
  const double needed = least / pilot_comfort;
  return needed > relative && needed <= furthest * relative ? needed : relative;
}

void RowPlans::share_parts(std::size_t block) {
  std::map<int, std::size_t> popularity;
  const auto rung_of = [](double part) {
    return static_cast<int>(std::lround(std::log(part) / std::log(rung)));
  };
  for (std::size_t i = 0; i < request_.jacobian.rows; ++i) {
    if (of(i, block).entries > 0) ++popularity[rung_of(of(i, block).part)];
  }
  int common = 0;
  std::size_t most = 0;
  for (const auto& [step, count] : popularity) {
    if (count <= most) continue;
    most = count;
    common = step;
  }
  for (std::size_t i = 0; i < request_.jacobian.rows; ++i) {
    int own = rung_of(of(i, block).part);
    if (std::abs(own - common) <= 1) own = common;
    of(i, block).part = std::pow(rung, own);
  }
}

Scales RowPlans::scales(std::size_t row, std::size_t column, std::size_t block) const {
  const RowBlock& plan = of(row, block);
  const bool mixed = mixed_[block];
  Scales scales;
  scales.scale =
      mixed ? std::min(plan.largest, plan.largest_change / length(column)) : plan.largest;
  const double whole = plan.whole.beside(length(column));
  const double crumbs = mixed ? 0.0 : rounding_margin * request_.roundoff * whole;
  const bool zero = scales.scale <= crumbs;
  scales.reference = zero ? whole : scales.scale;
  if (zero && scales.scale > 0.0) scales.rounded_with = whole;
  return scales;
}

double RowPlans::reference(std::size_t row, std::size_t entry, std::size_t block) const {
  return scales(row, request_.jacobian.column_of[entry], block).reference * units_[row];
}

Search RowPlans::search(std::size_t row, std::size_t entry, std::size_t block) const {
  return search_from(row, entry, of(row, block).part * length(request_.jacobian.column_of[entry]));
}

Search RowPlans::search_from(std::size_t row, std::size_t entry, double step) const {
  const std::size_t column = request_.jacobian.column_of[entry];
  return {column, request_.x.values()[column], analytic(row, entry), Start{step, size_of(column)}};
}

double RowPlans::widest(std::size_t column) const { return Start::widest_part * size_of(column); }

double RowPlans::size_of(std::size_t column) const {
  return std::max(std::abs(request_.x.values()[column]), least_lengths_[column]);
}

Standard RowPlans::standard(std::size_t row, std::size_t entry, std::size_t block,
                            bool pilot) const {
  constexpr std::size_t thorough_entries = 16;
  const RowBlock& plan = of(row, block);
  Standard standard;
  standard.scales = scales(row, request_.jacobian.column_of[entry], block);
  standard.tolerance = request_.tolerance;
  standard.roundoff = request_.roundoff;
  standard.noise = plan.noise;
  standard.cost_size = std::max(std::abs(request_.table.at_x()[row]) / units_[row],
                                plan.rounding_noise / unit_roundoff);
  standard.rounding_noise = plan.rounding_noise;
  standard.brief = plan.open;
  const std::size_t stride = std::max<std::size_t>(1, plan.entries / thorough_entries);
  standard.thorough = plan.largest == 0.0 && entry % stride == 0;
  standard.pilot = pilot;
  standard.comfort = pilot ? pilot_comfort : 1.0;
  return standard;
}

}  // namespace dtheta::gradcheck::detail
