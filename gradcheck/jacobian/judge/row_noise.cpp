#include "gradcheck/jacobian/judge/row_noise.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t values_asked = 9;
constexpr double uniform = 0.2886751;  // standard deviation of a rounding to quanta: 1/√12

/// ECnoise along one input for one output, in rounds that many of them go through together: first
/// the spacing at which a difference table shows noise, then whether it lasts from closer.
class NoiseSearch {
 public:
  NoiseSearch(const NoisePlace& place, double x, double at_x) : place_(place), x_(x) {
    constexpr double part = 1e-11;  // so close that smooth f moves by some thousand roundings
    spacing_ =
        std::max({part * place.length, 1e-14 * std::abs(x), std::numeric_limits<double>::min()});
    values_.push_back(at_x);
    plain_ = 16.0 * unit_roundoff * std::abs(at_x);
  }

  bool done() const { return done_; }

  void ask(std::vector<Probe>& probes) {
    if (x_ + spacing_ != x_) spacing_ = (x_ + spacing_) - x_;
    for (std::size_t k = 0; k < values_asked; ++k) probes.push_back(probe(k));
  }

  void take(ProbeTable& table) {
    std::vector<double> values;
    for (std::size_t k = 0; k < values_asked; ++k) {
      values.push_back(table.at(place_.output, probe(k)));
    }
    values_.insert(values_.end(), values.begin(), values.end());
    const Noise seen = estimate_noise(values);
    if (found_ > 0.0) {
      look_closer(seen, table);
    } else {
      choose_spacing(seen);
    }
  }

  double noise() const { return std::max(found_, uniform * quantum_of(values_)); }
  const NoisePlace& place() const { return place_; }

 private:
  Probe probe(std::size_t k) const {
    return {place_.input, x_ + sign_ * static_cast<double>(k) * spacing_};
  }

  void choose_spacing(const Noise& seen) {
    constexpr int most_attempts = 7;
    constexpr double change = 100.0, narrow = 3.0;
    if (seen.status == NoiseStatus::found) {
      found_ = seen.noise;
      first_spacing_ = spacing_;
      return begin_look();
    }
    (seen.status == NoiseStatus::too_close ? close_ : far_) = spacing_;
    if (close_ == 0.0 || std::isinf(far_)) {
      spacing_ = close_ == 0.0 ? spacing_ / change : spacing_ * change;
    } else if (far_ < narrow * close_) {
      done_ = true;
    } else {
      spacing_ = std::sqrt(close_) * std::sqrt(far_);
    }
    // Further apart than this f itself, as a sine that has gone round, can look like noise.
    constexpr double widest = 0.1;
    done_ = done_ || ++attempts_ == most_attempts || !(spacing_ > 0.0) ||
            spacing_ > widest * std::max(place_.length, std::abs(x_));
  }

  /// What a corner among the values or a narrow feature makes look like noise shrinks with the
  /// spacing. Up to `plain_` nobody wonders.
  void begin_look() {
    constexpr double closer = 1.0 / 7.3;
    constexpr int most_looks = 4;
    done_ = found_ <= plain_ || looks_ == most_looks;
    spacing_ *= closer;
    sign_ = looks_++ % 2 == 0 ? -1.0 : 1.0;  // a corner has two sides
  }

  void look_closer(const Noise& seen, ProbeTable& table) {
    if (seen.status == NoiseStatus::too_close) {
      const auto along = [&](double value) {
        return table.at(place_.output, {place_.input, value});
      };
      found_ = std::min(found_, lasting_jump(along, x_, x_ + 8.0 * first_spacing_, 0.0));
      done_ = true;
    } else if (seen.status != NoiseStatus::found) {
      found_ = 0.0;
      done_ = true;
    } else {
      const bool lasts = seen.noise > 0.25 * found_;
      found_ = std::min(found_, seen.noise);
      if (lasts) {
        done_ = true;
      } else {
        begin_look();
      }
    }
  }

  NoisePlace place_;
  double x_;
  double plain_ = 0.0;
  double spacing_ = 0.0, first_spacing_ = 0.0, sign_ = 1.0;
  double close_ = 0.0, far_ = std::numeric_limits<double>::infinity();
  double found_ = 0.0;
  int attempts_ = 0, looks_ = 0;
  bool done_ = false;
  std::vector<double> values_;
};

}  // namespace

std::vector<double> measure_row_noise(ProbeTable& table, std::span<const NoisePlace> places) {
  std::vector<NoiseSearch> searches;
  for (const NoisePlace& place : places) {
    searches.emplace_back(place, table.x()[place.input], table.at_x()[place.output]);
  }
  for (;;) {
    std::vector<Probe> probes;
    for (NoiseSearch& search : searches) {
      if (!search.done()) search.ask(probes);
    }
    if (probes.empty()) break;
    table.prepare(probes);
    for (NoiseSearch& search : searches) {
      if (!search.done()) search.take(table);
    }
  }
  std::vector<double> noise;
  for (const double value : table.at_x()) noise.push_back(unit_roundoff * std::abs(value));
  for (const NoiseSearch& search : searches) {
    double& most = noise[search.place().output];
    most = std::max(most, search.noise());
  }
  return noise;
}

}  // namespace dtheta::gradcheck::detail
