#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dtheta::gradcheck::detail {

/// Points joined by a line, or alone.
struct Series {
  std::string name;
  std::string_view colour;
  std::vector<double> x;
  std::vector<double> y;
  bool joined = true;
};

/// How a plot looks.
struct PlotStyle {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool logarithmic = true;  ///< both axes; points that are not positive are left out
  bool diagonal = false;    ///< the line y = x
};

/// One plot as an inline SVG figure with axes, ticks and a legend.
std::string plot(const PlotStyle& style, const std::vector<Series>& series);

}  // namespace dtheta::gradcheck::detail
