#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace dtheta::gradcheck::detail {

/// A slope with the error that its noise and its truncation leave likely.
struct PieceSlope {
  double value = 0.0;
  double bar = 0.0;
  double reach = 0.0;  ///< width of the piece it was taken from
  double bent = 0.0;   ///< by as much as this a corner at x may move the slope to either side,
                       ///< without the fit's residuals showing it
};

/// The slope of J at x where corners are so close that a stencil between them drowns in noise.
///
/// Below and above x it finds by doubling and bisection how far J is one smooth piece: a polynomial
/// of low degree must fit every value to within the noise, which no polynomial does across a
/// visible corner. The slope is then the least-squares fit's over the whole piece. That uses all of
/// the distance to the corners, one side alone if it must, and averages the noise over all values:
/// Richardson's extrapolation in least squares. Values are of J(x + t) − J(x).
class SmoothPiece {
 public:
  /// `reach`: where to begin. `noise`: standard deviation of a value.
  SmoothPiece(double reach, double noise);

  /// Adds a value that is known already; one that is not finite ends the piece there.
  void add(double t, double rise);

  /// The moves at which values are wanted next; none when nothing more can be learnt.
  std::vector<double> wanted() const;

  /// Draws the conclusions of what was added since wanted().
  void conclude();

  /// No slope to come can have a smaller bar, as far as the corners are known; 0 while they are
  /// not.
  double least_bar() const;

  /// The slope at x from a part of the smooth pieces of both sides together; none if they do not
  /// fit.
  std::optional<PieceSlope> slope(double part = 1.0) const;

  /// Whether x lies well inside of what was found smooth, and not at its end.
  bool holds_x() const;

  /// The slopes of each side alone, from a part of its smooth piece; none without one, or where too
  /// few values lie within that part.
  std::optional<PieceSlope> below(double part = 1.0) const {
    return slope_within(-part * sides_[0].smooth, 0.0);
  }
  std::optional<PieceSlope> above(double part = 1.0) const {
    return slope_within(0.0, part * sides_[1].smooth);
  }

  /// Asks next for values within this part of both smooth pieces, and nothing else.
  void look_closer(double part) { closer_ = part; }

 private:
  struct Sample {
    double t = 0.0;
    double rise = 0.0;
  };
  struct Side {
    double next = 0.0;    // reach to be tried
    double smooth = 0.0;  // largest reach that was found smooth
    double bent;          // smallest reach that was not
    bool done = false;
  };

  void conclude(Side& side, double sign);
  std::optional<PieceSlope> slope_within(double low, double high) const;
  bool is_smooth(double low, double high) const;
  void samples_within(double low, double high, std::vector<double>& t,
                      std::vector<double>& rise) const;

  double noise_;
  int rounds_ = 0;
  double closer_ = 0.0;  // part of the smooth pieces that is asked for next; 0: the search goes on
  Side sides_[2];
  std::vector<Sample> samples_;
};

}  // namespace dtheta::gradcheck::detail
