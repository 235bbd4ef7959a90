#include "nn/train/training_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "nn/data/files/replacement_file.hpp"

namespace dtheta::nn {
namespace {

/// As CSV wants it: in quotes where it has to be.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted;
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return fmt::format("\"{}\"", quoted);
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

struct Curve {
  std::string name;
  std::vector<double> values;  // one for each epoch; NaN leaves a gap
};

constexpr double width = 640, height = 260, left = 64, right = 16, top = 12, bottom = 32;
constexpr const char* colours[] = {"#1f6fb4", "#d1495b", "#2e8b57", "#8d6a9f"};

/// A linear scale from values to places.
struct Scale {
  double low, high, from, to;
  [[nodiscard]] double operator()(double v) const {
    return high > low ? from + (v - low) / (high - low) * (to - from) : (from + to) / 2;
  }
};

/// 1, 2 or 5 times a power of ten, so that about `count` steps of it make the length.
double nice_step(double length, int count) {
  const double raw = length / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0}) {
    if (m * power >= raw) return m * power;
  }
  return 10 * power;
}

void add_axis(std::string& svg, const Scale& y) {
  if (!(y.high > y.low)) {
    svg += fmt::format("<text x='{:.1f}' y='{:.1f}' class='y'>{:.4g}</text>\n", left - 8, y(y.low),
                       y.low);
    return;
  }
  const double step = nice_step(y.high - y.low, 5);
  for (double v = std::ceil(y.low / step) * step; v <= y.high + step / 1e6; v += step) {
    svg += fmt::format(
        "<line x1='{}' x2='{}' y1='{:.1f}' y2='{:.1f}' class='grid'/>"
        "<text x='{}' y='{:.1f}' class='y'>{:.4g}</text>\n",
        left, width - right, y(v), y(v), left - 8, y(v) + 4, std::abs(v) < step / 1e6 ? 0 : v);
  }
}

void add_curve(std::string& svg, const Curve& curve, const Scale& x, const Scale& y,
               const char* colour) {
  std::string path;
  bool pen_down = false;
  for (std::size_t e = 0; e < curve.values.size(); ++e) {
    const double v = curve.values[e];
    if (std::isfinite(v)) {
      path += fmt::format("{}{:.1f} {:.1f} ", pen_down ? 'L' : 'M', x(static_cast<double>(e + 1)),
                          y(v));
    }
    pen_down = std::isfinite(v);
  }
  svg += fmt::format("<path d='{}' stroke='{}' class='curve'/>\n", path, colour);
  if (curve.values.size() > 60) return;
  for (std::size_t e = 0; e < curve.values.size(); ++e) {
    if (!std::isfinite(curve.values[e])) continue;
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='2.5' fill='{}'><title>{}, epoch {}: {:.6g}"
        "</title></circle>\n",
        x(static_cast<double>(e + 1)), y(curve.values[e]), colour, escaped(curve.name), e + 1,
        curve.values[e]);
  }
}

std::string figure(std::span<const Curve> curves) {
  double low = INFINITY, high = -INFINITY;
  for (const Curve& c : curves) {
    for (const double v : c.values) {
      if (!std::isfinite(v)) continue;
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (low > high) low = high = 0;
  const auto epochs = static_cast<double>(curves.front().values.size());
  const Scale x{1, epochs, left, width - right}, y{low, high, height - bottom, top};
  std::string svg = fmt::format("<svg viewBox='0 0 {} {}' role='img'>\n", width, height);
  add_axis(svg, y);
  svg += fmt::format(
      "<text x='{}' y='{}' class='x'>1</text><text x='{}' y='{}' class='x'>{}</text>\n", x(1),
      height - 10, x(epochs), height - 10, epochs > 1 ? fmt::format("epoch {}", epochs) : "");
  std::string legend;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const char* colour = colours[i % std::size(colours)];
    add_curve(svg, curves[i], x, y, colour);
    legend +=
        fmt::format("<span style='color:{}'>&#9632; {}</span> ", colour, escaped(curves[i].name));
  }
  return fmt::format("<figure><figcaption>{}</figcaption>\n{}</svg></figure>\n", legend, svg);
}

Curve curve_of(std::span<const EpochReport> history, const std::string& name, auto&& value) {
  Curve curve{name, {}};
  for (const EpochReport& e : history) curve.values.push_back(value(e));
  return curve;
}

double metric_of(const EpochReport& e, const std::string& name) {
  const auto at = std::ranges::find(e.metrics, name, &NamedValue::name);
  return at == e.metrics.end() ? NAN : at->value;
}

void write(const std::string& name, const std::string& text) {
  detail::ReplacementFile file(name);
  file.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  file.commit();
}

}  // namespace

std::string history_csv(std::span<const EpochReport> history) {
  std::string text = "epoch,steps,cost,seconds,learning_rate";
  if (history.empty()) return fmt::format("{}\n", text);
  const std::vector<NamedValue>& metrics = history.back().metrics;
  for (const NamedValue& m : metrics) text += fmt::format(",{}", field(m.name));
  text += "\n";
  for (const EpochReport& e : history) {
    text += fmt::format("{},{},{},{:.3f},{}", e.epoch, e.steps, e.cost, e.seconds, e.learning_rate);
    for (const NamedValue& m : metrics) text += fmt::format(",{}", metric_of(e, m.name));
    text += "\n";
  }
  return text;
}

std::string learning_curves(std::span<const EpochReport> history, const std::string& title) {
  std::string figures;
  if (!history.empty()) {
    std::vector<Curve> costs{curve_of(history, "cost", [](const auto& e) { return e.cost; })};
    std::vector<Curve> others;
    for (const NamedValue& m : history.back().metrics) {
      Curve curve = curve_of(history, m.name, [&](const auto& e) { return metric_of(e, m.name); });
      (m.name == "validation cost" ? costs : others).push_back(std::move(curve));
    }
    others.push_back(
        curve_of(history, "learning rate", [](const auto& e) { return e.learning_rate; }));
    figures = figure(costs);
    for (const Curve& c : others) figures += figure({&c, 1});
  }
  return fmt::format(
      "<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{0}</title><style>\n"
      "body{{font:14px system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;"
      "color:#222;background:#fff}}\nfigure{{margin:0 0 1.5rem}}svg{{width:100%;height:auto}}\n"
      ".curve{{fill:none;stroke-width:1.8}}.grid{{stroke:#e4e4e4}}"
      "text{{font-size:11px;fill:#666}}.y{{text-anchor:end}}.x{{text-anchor:middle}}\n"
      "</style></head><body><h1>{0}</h1>\n{1}</body></html>\n",
      escaped(title), figures);
}

void detail::write_logs(std::span<const EpochReport> history, const std::string& csv,
                        const std::string& curves) {
  if (!csv.empty()) write(csv, history_csv(history));
  if (!curves.empty()) write(curves, learning_curves(history));
}

}  // namespace dtheta::nn
