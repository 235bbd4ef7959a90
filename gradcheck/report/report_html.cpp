#include "gradcheck/report/report_html.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/headline.hpp"
#include "gradcheck/report/html.hpp"
#include "gradcheck/report/plot.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::escaped;

/// Colour of a relative error: white up to 1e-12, then deeper by decade.
struct Shade {
  double up_to;
  std::string_view colour;
  std::string_view ink;
  std::string_view meaning;
};
constexpr std::array<Shade, 6> shades{{{1e-11, "#eef6ee", "#1d2733", "≤ 1e-11"},
                                       {1e-9, "#cfe8cf", "#1d2733", "≤ 1e-9"},
                                       {1e-7, "#a3d3a6", "#1d2733", "≤ 1e-7"},
                                       {1e-5, "#ffe08a", "#1d2733", "≤ 1e-5"},
                                       {1e-3, "#f49d5c", "#1d2733", "≤ 1e-3"},
                                       {2.0, "#c5332b", "#ffffff", "above"}}};
constexpr std::string_view unmeasured = "#9aa5b1";

std::string_view colour_of(double error) {
  if (std::isnan(error)) return unmeasured;
  for (const Shade& shade : shades) {
    if (error <= shade.up_to) return shade.colour;
  }
  return shades.back().colour;
}

/// Rows and columns in which a block is drawn: its last dimension runs to the right.
struct Grid {
  std::size_t rows = 1;
  std::size_t columns = 1;
};

Grid grid_of(const BlockResult& block) {
  const std::size_t columns =
      block.shape.empty() ? 1 : std::max<std::size_t>(1, block.shape.back());
  return {std::max<std::size_t>(1, block.size / columns), columns};
}

class Page {
 public:
  Page(const Result& result, std::string_view title, const Exhibits& exhibits)
      : result_(result), title_(title), exhibits_(exhibits) {}

  std::string write() {
    page_ = detail::page_start(title_);
    head();
    causes();
    maps();
    plots();
    blocks();
    components();
    replays();
    notes();
    page_ += detail::page_end();
    return std::move(page_);
  }

 private:
  template <class... T>
  void put(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(page_), format, std::forward<T>(arguments)...);
  }

  bool compared() const { return result_.method == Method::comparison; }

  void head() {
    put("<h1>{}: <span class=\"{}\">{}</span></h1>\n", escaped(title_), to_string(result_.verdict),
        to_string(result_.verdict));
    put("<p class=\"headline\">{}</p>\n", escaped(headline(result_)));
    put("<p>Method: {}. Difference <b>{:.3e}</b> ({}).", to_string(result_.method),
        result_.difference.value, escaped(band_words(result_)));
    if (compared()) {
      put(" Tolerance {:.3g}.</p>\n", result_.tolerance);
    } else {
      put(" Cost {:.17g}. {} evaluations of the cost, noise of one <span "
          "class=\"number\">{:.2e}</span>.</p>\n",
          result_.cost, result_.evaluations, result_.noise);
    }
  }

  void causes() {
    if (result_.causes.empty()) return;
    put("<h2>What it looks like</h2>\n<ul class=\"causes\">\n");
    for (const Cause& cause : result_.causes) {
      put("<li><b>{}</b><span class=\"sure\">{}, {:.0f} %</span>{}</li>\n",
          to_string(cause.pattern), cause.sureness(), 100.0 * cause.confidence,
          escaped(cause.sentence));
    }
    put("</ul>\n");
  }

  void plots() {
    put("<h2>Plots</h2>\n<div class=\"plots\">\n");
    page_ += scatter();
    if (!exhibits_.curves.empty()) page_ += step_curves();
    if (!exhibits_.taylor.empty()) page_ += taylor();
    put("</div>\n");
  }

  /// At most a thousand points; wrong ones are all kept.
  std::string scatter() const {
    constexpr std::size_t most = 1000;
    detail::Series good{"agrees", "#13733f", {}, {}, false};
    detail::Series bad{"outside its bar", "#b3261e", {}, {}, false};
    const std::size_t stride = std::max<std::size_t>(1, result_.analytic.size() / most);
    for (std::size_t i = 0; i < result_.analytic.size(); ++i) {
      const bool wrong = detail::contradicts(result_, i);
      if (!wrong && i % stride != 0) continue;
      detail::Series& series = wrong ? bad : good;
      series.x.push_back(result_.numeric[i]);
      series.y.push_back(result_.analytic[i]);
    }
    if (compared()) {
      return detail::plot({"Gradient against reference; right entries lie on the line", "reference",
                           "gradient", false, true},
                          {good, bad});
    }
    return detail::plot({"Analytic against numeric; right entries lie on the line", "numeric",
                         "analytic", false, true},
                        {good, bad});
  }

  std::string step_curves() const {
    std::vector<detail::Series> series;
    for (const StepCurve& curve : exhibits_.curves) {
      series.push_back(
          {to_string(curve.component.key), colour(series.size()), curve.steps, curve.errors, true});
    }
    return detail::plot({"Error of the two-sided difference over the step: a V if the gradient is "
                         "right, a floor if it is wrong",
                         "step", "relative error", true, false},
                        series);
  }

  std::string taylor() const {
    std::vector<detail::Series> series;
    for (const TaylorResult& result : exhibits_.taylor) {
      detail::Series line{
          std::isfinite(result.slope)
              ? fmt::format("direction {}, slope {:.2f}", series.size() + 1, result.slope)
              : fmt::format("direction {}, all of it rounding", series.size() + 1),
          colour(series.size()),
          {},
          {},
          true};
      for (const TaylorPoint& point : result.points) {
        line.x.push_back(point.step);
        line.y.push_back(point.first);
      }
      series.push_back(std::move(line));
    }
    return detail::plot({"Taylor remainder: slope 2 if the gradient is right, 1 if it is wrong",
                         "step", "remainder", true, false},
                        series);
  }

  static std::string_view colour(std::size_t k) {
    constexpr std::array<std::string_view, 5> colours{"#1f5fbf", "#c2571a", "#13733f", "#8b3fa8",
                                                      "#51606f"};
    return colours[k % colours.size()];
  }

  void maps() {
    put("<h2>Relative error of every entry</h2>\n<p class=\"key\">");
    for (const Shade& shade : shades) {
      put("<span style=\"background:{};color:{}\">{}</span>", shade.colour, shade.ink,
          shade.meaning);
    }
    put("<span style=\"background:{}\">not measured</span></p>\n", unmeasured);
    put("<p>Error over the larger of the two derivatives and a thousandth of its block's "
        "largest.</p>\n<div class=\"maps\">\n");
    for (const BlockResult& block : result_.blocks) map(block);
    put("</div>\n");
  }

  double largest_of(const BlockResult& block) const {
    double largest = 0.0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      for (const double v : {result_.analytic[i], result_.numeric[i]}) {
        if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
      }
    }
    return largest;
  }

  double error_at(std::size_t i, double floor) const {
    const double a = result_.analytic[i];
    const double n = result_.numeric[i];
    if (std::isnan(n) && !std::isnan(a)) return n;
    if (!std::isfinite(a) || !std::isfinite(n)) return std::numeric_limits<double>::infinity();
    const double size = std::max({std::abs(a), std::abs(n), floor});
    return size > 0.0 ? std::abs(a - n) / size : 0.0;
  }

  /// At most 64 cells each way; a cell shows the worst entry that it covers.
  void map(const BlockResult& block) {
    constexpr std::size_t most = 64;
    const Grid grid = grid_of(block);
    const std::size_t rows = std::min(grid.rows, most);
    const std::size_t columns = std::min(grid.columns, most);
    const std::size_t cell = std::clamp<std::size_t>(256 / std::max(rows, columns), 4, 22);
    std::vector<double> worst(rows * columns, 0.0);
    const double floor = 1e-3 * largest_of(block);
    for (std::size_t i = 0; i < block.size; ++i) {
      const std::size_t r = (i / grid.columns) * rows / grid.rows;
      const std::size_t c = (i % grid.columns) * columns / grid.columns;
      double& here = worst[r * columns + c];
      const double error = error_at(block.offset + i, floor);
      if (!(error <= here)) here = error;
    }
    put("<figure><svg width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\" "
        "aria-label=\"relative error of {2}\">",
        columns * cell, rows * cell, escaped(block.name));
    for (std::size_t i = 0; i < worst.size(); ++i) {
      put("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>{:.2e}"
          "</title></rect>",
          (i % columns) * cell, (i / columns) * cell, cell, cell, colour_of(worst[i]), worst[i]);
    }
    put("</svg><figcaption>{} ({}) <b class=\"{}\">{}</b></figcaption></figure>\n",
        escaped(block.name), fmt::join(block.shape, "×"), to_string(block.verdict),
        to_string(block.verdict));
  }

  void blocks() {
    const bool sights = detail::has_sights(result_);
    put("<h2>Blocks</h2>\n<div class=\"scroll\"><table><tr><th class=\"l\">block<th>layer"
        "<th>shape<th>difference<th>band<th>detectable<th>wrong<th>open<th>corners<th>excused{}"
        "<th class=\"l\">verdict</tr>\n",
        sights ? "<th>measured<th>an error is seen from" : "");
    for (const BlockResult& b : result_.blocks) {
      put("<tr><td class=\"l\">{}<td>{}<td>({})<td>{:.3e}<td>{}<td>{:.1e}<td>{}<td>{}<td>{}"
          "<td>{}{}<td class=\"l verdict {}\">{}</tr>\n",
          escaped(b.name), b.layer, fmt::join(b.shape, ", "), b.difference.value, to_string(b.band),
          b.detectable, detail::wrong_entries(result_, b), b.inconclusive, b.corners, b.excused,
          sights ? fmt::format("<td>{}<td>{}", b.sight ? b.sight->measured : b.size,
                               detail::sight_text(b))
                 : "",
          to_string(b.verdict), to_string(b.verdict));
    }
    put("</table></div>\n");
  }

  void components() {
    put("<h2>Worst entries</h2>\n<div class=\"scroll\"><table><tr><th class=\"l\">entry<th>layer"
        "<th>{}<th>{}<th>error<th>bar{}<th class=\"l\">verdict</tr>\n",
        compared() ? "gradient" : "analytic", compared() ? "reference" : "numeric",
        compared() ? "" : "<th>step");
    for (const Component& c : result_.worst()) {
      put("<tr><td class=\"l\">{}<td>{}<td>{:.12e}<td>{:.12e}<td>{:.2e}<td>{:.2e}",
          escaped(to_string(c.key)), c.key.layer, c.analytic, c.numeric, c.error(), c.bar);
      if (!compared()) put("<td>{:.2e}", c.step);
      const detail::EntryWord word = detail::word_of(result_, c);
      put("<td class=\"l verdict {}\">{}</tr>\n", to_string(word.verdict), word.word);
    }
    put("</table></div>\n");
  }

  void replays() {
    bool any = false;
    for (const Component& c : result_.worst()) {
      if (c.replay.empty()) continue;
      if (!any) put("<h2>See a probe again</h2>\n<dl class=\"replays\">\n");
      any = true;
      put("<dt>{}<dd><code>{}</code>\n", escaped(to_string(c.key)), escaped(c.replay));
    }
    if (any) put("</dl>\n");
  }

  void notes() {
    if (result_.notes.empty()) return;
    put("<h2>What this check could not see</h2>\n<ul>\n");
    for (const std::string& note : result_.notes) put("<li>{}</li>\n", escaped(note));
    put("</ul>\n");
  }

  const Result& result_;
  std::string_view title_;
  const Exhibits& exhibits_;
  std::string page_;
};

}  // namespace

std::string report_html(const Result& result, std::string_view title, const Exhibits& exhibits) {
  return Page(result, title, exhibits).write();
}

}  // namespace dtheta::gradcheck
