#include "gradcheck/report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "gradcheck/report/html.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr double width = 440.0;
constexpr double height = 300.0;
constexpr double left = 64.0;
constexpr double right = 14.0;
constexpr double top = 14.0;
constexpr double bottom = 46.0;

/// One axis: data to pixels.
struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool logarithmic = true;

  /// What lies farther out would overflow the arithmetic of an axis; it is drawn at its edge.
  static constexpr double farthest = 1e300;

  bool shows(double v) const { return std::isfinite(v) && (!logarithmic || v > 0.0); }
  double measure(double v) const {
    return logarithmic ? std::log10(v) : std::clamp(v, -farthest, farthest);
  }

  void include(double v) {
    low = std::min(low, measure(v));
    high = std::max(high, measure(v));
  }
  void widen() {
    if (!(low <= high)) low = high = 0.0;
    // Fewer decades would leave an axis without ticks; labels of three digits tell apart what
    // differs by a fiftieth.
    const double size = std::max(std::abs(low), std::abs(high));
    const double least = logarithmic ? 3.0 : size > 1e-300 ? 0.02 * size : 2e-3;
    if (high - low < least) {
      const double middle = low + 0.5 * (high - low);
      low = middle - 0.5 * least;
      high = middle + 0.5 * least;
    }
    const double margin = 0.04 * (high - low);
    low -= margin;
    high += margin;
  }
  double part(double v) const { return (measure(v) - low) / (high - low); }

  /// Round numbers, about six of them.
  std::vector<double> ticks() const {
    const double raw = (high - low) / 6.0;
    double step = std::pow(10.0, std::floor(std::log10(raw)));
    for (const double multiple : {2.0, 2.5, 2.0}) {
      if (step < raw) step *= multiple;
    }
    if (logarithmic) step = std::max(1.0, std::ceil(raw));
    // Counted, not summed: beside a large tick a step may be lost.
    constexpr int most = 16;
    const double first = std::ceil(low / step);
    std::vector<double> at;
    for (int k = 0; k < most; ++k) {
      const double tick = (first + k) * step;
      if (!(tick <= high)) break;
      at.push_back(tick == 0.0 ? 0.0 : tick);  // not -0
    }
    return at;
  }
  std::string label(double tick) const {
    return logarithmic ? fmt::format("1e{:.0f}", tick) : fmt::format("{:.3g}", tick);
  }
};

class Plot {
 public:
  Plot(const PlotStyle& style, const std::vector<Series>& series) : style_(style), series_(series) {
    x_.logarithmic = y_.logarithmic = style.logarithmic;
    for (const Series& s : series) {
      for (std::size_t i = 0; i < s.x.size(); ++i) {
        if (!x_.shows(s.x[i]) || !y_.shows(s.y[i])) continue;
        x_.include(s.x[i]);
        y_.include(s.y[i]);
      }
    }
    if (style.diagonal) {
      x_.low = y_.low = std::min(x_.low, y_.low);
      x_.high = y_.high = std::max(x_.high, y_.high);
    }
    x_.widen();
    y_.widen();
  }

  std::string draw() {
    put("<figure class=\"plot\"><svg viewBox=\"0 0 {} {}\" width=\"{}\" height=\"{}\" role=\"img\" "
        "aria-label=\"{}\">",
        width, height, width, height, escaped(style_.title));
    grid();
    if (style_.diagonal) {
      put("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"ideal\"/>", left,
          height - bottom, width - right, top);
    }
    for (const Series& s : series_) curve(s);
    put("</svg><figcaption>{}", escaped(style_.title));
    for (const Series& s : series_) {
      if (s.name.empty()) continue;
      put("<span class=\"legend\"><i style=\"background:{}\"></i>{}</span>", s.colour,
          escaped(s.name));
    }
    put("</figcaption></figure>\n");
    return std::move(svg_);
  }

 private:
  template <class... T>
  void put(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(svg_), format, std::forward<T>(arguments)...);
  }
  double px(double part) const { return left + part * (width - left - right); }
  double py(double part) const { return height - bottom - part * (height - top - bottom); }

  void grid() {
    for (const double tick : x_.ticks()) {
      const double x = px((tick - x_.low) / (x_.high - x_.low));
      put("<line x1=\"{0:.1f}\" y1=\"{1:.1f}\" x2=\"{0:.1f}\" y2=\"{2:.1f}\" class=\"grid\"/>"
          "<text x=\"{0:.1f}\" y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>",
          x, top, height - bottom, height - bottom + 15.0, x_.label(tick));
    }
    for (const double tick : y_.ticks()) {
      const double y = py((tick - y_.low) / (y_.high - y_.low));
      put("<line x1=\"{1:.1f}\" y1=\"{0:.1f}\" x2=\"{2:.1f}\" y2=\"{0:.1f}\" class=\"grid\"/>"
          "<text x=\"{3:.1f}\" y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
          y, left, width - right, left - 6.0, y + 4.0, y_.label(tick));
    }
    put("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" class=\"axis\">{}</text>", px(0.5),
        height - 8.0, escaped(style_.x_label));
    put("<text transform=\"translate(13 {:.1f}) rotate(-90)\" text-anchor=\"middle\" "
        "class=\"axis\">{}</text>",
        py(0.5), escaped(style_.y_label));
  }

  void curve(const Series& s) {
    std::string line;
    for (std::size_t i = 0; i < s.x.size(); ++i) {
      if (!x_.shows(s.x[i]) || !y_.shows(s.y[i])) continue;
      const double x = px(x_.part(s.x[i]));
      const double y = py(y_.part(s.y[i]));
      fmt::format_to(std::back_inserter(line), "{:.1f},{:.1f} ", x, y);
      put("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\" fill=\"{}\" fill-opacity=\"0.75\"/>", x, y,
          s.joined ? 2.2 : 2.8, s.colour);
    }
    if (s.joined) {
      put("<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.4\"/>", line,
          s.colour);
    }
  }

  const PlotStyle& style_;
  const std::vector<Series>& series_;
  Axis x_, y_;
  std::string svg_;
};

}  // namespace

std::string plot(const PlotStyle& style, const std::vector<Series>& series) {
  return Plot(style, series).draw();
}

}  // namespace dtheta::gradcheck::detail
