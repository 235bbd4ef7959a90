#include "gradcheck/numeric/smooth_piece.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "gradcheck/numeric/polynomial_fit.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr int most_rounds = 8;
constexpr double growth = 4.0;
constexpr double close_enough = 1.3;  // the corner is known to within this factor
constexpr std::size_t highest_degree = 4;
constexpr std::size_t spare_points = 2;  // beyond those that the witness needs
// A value of a smooth piece stays within this many standard deviations, 1e-5 of them do not; the
// spread of a few values is below twice its expectation.
constexpr double widest_residual = 4.5;
constexpr double widest_spread = 2.0;
constexpr double noise_margin = 6.0;

// Where a side is sampled, as parts of its reach: dense at both ends, like Chebyshev's points.
constexpr std::array<double, 5> places{0.1, 0.35, 0.65, 0.9, 1.0};

constexpr std::size_t fewest_points = spare_points + 3;

/// The degree that this many points allow, one more being kept for a witness.
std::size_t degree_for(std::size_t points) {
  return std::min(highest_degree, points - spare_points - 2);
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

SmoothPiece::SmoothPiece(double reach, double noise) : noise_(noise) {
  for (Side& side : sides_) {
    side.next = reach;
    side.bent = infinity;
  }
  samples_.push_back({0.0, 0.0});
}

void SmoothPiece::add(double t, double rise) {
  if (std::isfinite(rise)) {
    samples_.push_back({t, rise});
    return;
  }
  Side& side = sides_[t > 0.0 ? 1 : 0];
  side.bent = std::min(side.bent, std::abs(t));
}

std::vector<double> SmoothPiece::wanted() const {
  std::vector<double> moves;
  if (closer_ > 0.0) {
    for (const double place : places) {
      moves.push_back(-place * closer_ * sides_[0].smooth);
      moves.push_back(place * closer_ * sides_[1].smooth);
    }
    return moves;
  }
  if (rounds_ >= most_rounds) return moves;
  for (int s = 0; s < 2; ++s) {
    if (sides_[s].done) continue;
    for (const double place : places)
      moves.push_back((s == 0 ? -1.0 : 1.0) * place * sides_[s].next);
  }
  return moves;
}

void SmoothPiece::conclude() {
  if (closer_ > 0.0) {
    closer_ = 0.0;
    return;
  }
  ++rounds_;
  if (!sides_[0].done) conclude(sides_[0], -1.0);
  if (!sides_[1].done) conclude(sides_[1], 1.0);
}

void SmoothPiece::conclude(Side& side, double sign) {
  const double low = std::min(0.0, sign * side.next);
  const double high = std::max(0.0, sign * side.next);
  if (side.next < side.bent && is_smooth(low, high)) {
    side.smooth = std::max(side.smooth, side.next);
  } else {
    side.bent = std::min(side.bent, side.next);
  }
  if (side.smooth == 0.0) {
    side.next = side.bent / growth;
  } else if (std::isinf(side.bent)) {
    side.next = side.smooth * growth;
  } else {
    side.done = side.bent < close_enough * side.smooth;
    side.next = std::sqrt(side.smooth) * std::sqrt(side.bent);
  }
}

void SmoothPiece::samples_within(double low, double high, std::vector<double>& t,
                                 std::vector<double>& rise) const {
  // Values at a place by themselves far inside the piece add nothing but rounding of t.
  for (const Sample& sample : samples_) {
    if (sample.t < low * (1.0 + 1e-9) || sample.t > high * (1.0 + 1e-9)) continue;
    t.push_back(sample.t);
    rise.push_back(sample.rise);
  }
}

bool SmoothPiece::is_smooth(double low, double high) const {
  std::vector<double> t, rise;
  samples_within(low, high, t, rise);
  if (t.size() < fewest_points) return false;
  const PolynomialFit fit = fit_polynomial(t, rise, degree_for(t.size()));
  return fit.worst_residual <= widest_residual * noise_ && fit.deviation <= widest_spread * noise_;
}

double SmoothPiece::least_bar() const {
  // A line through n values evenly spread over a length L has a slope uncertain by √(12/n)/L.
  constexpr double gain = 0.6;  // at n = 33
  return noise_margin * gain * noise_ / (sides_[0].bent + sides_[1].bent);
}

bool SmoothPiece::holds_x() const {
  constexpr double well = 0.25;  // of the longer side
  const auto [shorter, longer] = std::minmax(sides_[0].smooth, sides_[1].smooth);
  return shorter >= well * longer && longer > 0.0;
}

std::optional<PieceSlope> SmoothPiece::slope(double of) const {
  const double low = -of * sides_[0].smooth;
  const double high = of * sides_[1].smooth;
  if (low == high) return std::nullopt;
  // Each side alone allowed its polynomial; one for both may have to stay closer to x. Where there
  // is a corner at x none will do.
  for (const double part : {1.0, 0.5, 0.25}) {
    if (is_smooth(part * low, part * high)) return slope_within(part * low, part * high);
  }
  return std::nullopt;
}

std::optional<PieceSlope> SmoothPiece::slope_within(double low, double high) const {
  std::vector<double> t, rise;
  samples_within(low, high, t, rise);
  if (low == high || t.size() < fewest_points) return std::nullopt;
  const std::size_t highest = degree_for(t.size());
  std::vector<PolynomialFit> fits;  // of degrees 1, 2, ...; the last one is a witness only
  for (std::size_t degree = 1; degree <= highest + 1; ++degree) {
    fits.push_back(fit_polynomial(t, rise, degree));
  }
  const double noise = std::max(noise_, fits.back().deviation);
  // Polynomials of degree 4 come as close to |t| on [-1, 1] as 0.067: a corner that adds ±s to the
  // slope leaves residuals of 0.067 s (high − low)/2, of which noise may hide as much again.
  constexpr double bent_by_four = 0.067;
  const double bent = 4.0 * widest_residual * noise_ / (bent_by_four * (high - low));
  PieceSlope best{0.0, infinity, high - low, bent};
  for (std::size_t k = 0; k < highest; ++k) {
    if (fits[k].deviation > widest_spread * noise) continue;
    // What the next two degrees change is the truncation; on a symmetric piece one of them changes
    // nothing, whatever the truncation is.
    double bar = noise_margin * fits[k].noise_gain * noise;
    for (std::size_t next = k + 1; next < std::min(k + 3, fits.size()); ++next) {
      bar += std::abs(fits[k].slope - fits[next].slope);
    }
    if (bar < best.bar) best = {fits[k].slope, bar, high - low, bent};
  }
  return std::isfinite(best.bar) ? std::optional(best) : std::nullopt;
}

}  // namespace dtheta::gradcheck::detail
