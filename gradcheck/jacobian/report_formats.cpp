// The result for machines and browsers: JUnit, HTML, JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "gradcheck/jacobian/report.hpp"
#include "gradcheck/report/html.hpp"
#include "gradcheck/report/junit.hpp"
#include "gradcheck/report/text.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::escaped;
using detail::readable;

std::string block_name(const JacobianBlock& block) {
  return fmt::format("{} by {}", block.output, block.input);
}

std::string told(const JacobianEntry& e) {
  return fmt::format(
      "{} (row {}, column {}): analytic {:.17g}, numeric {:.17g}, bar {:.2e}, {}{}\n", place_of(e),
      e.row, e.column, e.analytic, e.numeric, e.bar, to_string(e.verdict),
      e.replay.empty() ? "" : "; replay: " + e.replay);
}

/// A JSON string.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : readable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// A JSON number; null for what is not finite.
std::string number(double value) {
  return std::isfinite(value) ? fmt::format("{:.17g}", value) : "null";
}

template <class Items, class Text>
std::string list(const Items& items, Text text) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ", ";
    out += text(item);
  }
  return out + "]";
}

std::string json_of(const JacobianCause& cause) {
  return fmt::format("{{\"pattern\": {}, \"confidence\": {}, \"where\": {}, \"sentence\": {}}}",
                     json_string(to_string(cause.pattern)), number(cause.confidence),
                     json_string(cause.where), json_string(cause.sentence));
}

std::string json_of(const JacobianEntry& e) {
  return fmt::format(
      "{{\"row\": {}, \"column\": {}, \"output\": {}, \"input\": {}, "
      "\"analytic\": {}, \"numeric\": {}, \"bar\": {}, \"verdict\": {}}}",
      e.row, e.column, json_string(to_string(e.output)), json_string(to_string(e.input)),
      number(e.analytic), number(e.numeric), number(e.bar), json_string(to_string(e.verdict)));
}

std::string json_of(const JacobianBlock& b) {
  const auto entry = [](const JacobianEntry& e) { return json_of(e); };
  const auto cause = [](const JacobianCause& c) { return json_of(c); };
  return fmt::format(
      "{{\"output\": {}, \"input\": {}, \"difference\": {}, \"detectable\": {}, "
      "\"verdict\": {}, \"failed\": {}, \"inconclusive\": {}, \"worst\": {}, "
      "\"causes\": {}}}",
      json_string(b.output), json_string(b.input), number(b.difference.value), number(b.detectable),
      json_string(to_string(b.verdict)), b.failed, b.inconclusive, list(b.worst, entry),
      list(b.causes, cause));
}

/// The colour of an entry by its relative error: white for none, red from 1e-3 on.
std::string colour_of(double analytic, double numeric) {
  const double size = std::abs(analytic) + std::abs(numeric);
  const double error = size > 0.0 ? std::abs(analytic - numeric) / size : 0.0;
  if (!std::isfinite(error)) return "#6b1d8f";
  const double part = std::clamp((std::log10(std::max(error, 1e-10)) + 8.0) / 5.0, 0.0, 1.0);
  const int other = static_cast<int>(std::lround(235.0 * (1.0 - part))) + 10;
  return fmt::format("#f0{:02x}{:02x}", other, other);
}

/// A map of a dense Jacobian's entries; empty where it is too large to be one.
std::string map_of(const JacobianResult& result) {
  constexpr std::size_t most = 160;
  if (!result.dense || result.rows > most || result.columns > most) return {};
  const std::size_t cell =
      std::clamp<std::size_t>(480 / std::max(result.rows, result.columns), 3, 24);
  std::string svg =
      fmt::format("<h2>Relative error by entry</h2>\n<svg width=\"{}\" height=\"{}\">",
                  cell * result.columns, cell * result.rows);
  for (std::size_t i = 0; i < result.rows; ++i) {
    for (std::size_t j = 0; j < result.columns; ++j) {
      const std::size_t e = i * result.columns + j;
      fmt::format_to(
          std::back_inserter(svg),
          "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"><title>row {}, "
          "column {}: {:.9g}, {:.9g}</title></rect>",
          j * cell, i * cell, cell, cell, colour_of(result.analytic[e], result.numeric[e]), i, j,
          result.analytic[e], result.numeric[e]);
    }
  }
  return svg + "</svg>\n";
}

}  // namespace

std::string report_junit(const JacobianResult& result, std::string_view suite,
                         const JunitStyle& style) {
  detail::JunitSuite cases(suite, style);
  Verdict of_blocks = Verdict::pass;
  for (const JacobianBlock& block : result.blocks) {
    std::string details;
    for (const JacobianCause& cause : block.causes) details += cause.sentence + "\n";
    for (const JacobianEntry& e : block.worst) details += told(e);
    const std::string message =
        fmt::format("{} of {} entries wrong, {} open, difference {:.3e}", block.failed,
                    block.entries, block.inconclusive, block.difference.value);
    cases.add(block_name(block), block.verdict, message, details);
    if (block.verdict == Verdict::fail || of_blocks == Verdict::pass) of_blocks = block.verdict;
  }
  if (of_blocks != result.verdict && result.verdict != Verdict::pass) {
    cases.add("whole check", result.verdict, headline(result), report(result));
  }
  std::string notes;
  for (const std::string& note : result.notes) notes += note + "\n";
  return cases.text(notes);
}

std::string report_json(const JacobianResult& result) {
  const auto block = [](const JacobianBlock& b) { return json_of(b); };
  const auto cause = [](const JacobianCause& c) { return json_of(c); };
  const auto note = [](const std::string& n) { return json_string(n); };
  return fmt::format(
      "{{\"subject\": {}, \"verdict\": {}, \"rows\": {}, \"columns\": {}, "
      "\"difference\": {}, \"tolerance\": {}, \"evaluations\": {}, \"blocks\": {}, "
      "\"causes\": {}, \"notes\": {}}}\n",
      json_string(result.subject), json_string(to_string(result.verdict)), result.rows,
      result.columns, number(result.difference.value), number(result.tolerance), result.evaluations,
      list(result.blocks, block), list(result.causes, cause), list(result.notes, note));
}

std::string report_html(const JacobianResult& result, std::string_view title) {
  std::string page = detail::page_start(title);
  const auto add = [&]<class... T>(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(page), format, std::forward<T>(arguments)...);
  };
  add("<h1>{}</h1>\n<p class=\"headline\"><span class=\"verdict {}\">{}</span> {}</p>\n",
      escaped(title), to_string(result.verdict), to_string(result.verdict),
      escaped(headline(result)));
  if (!result.causes.empty()) {
    add("<h2>What it looks like</h2>\n<ul class=\"causes\">\n");
    for (const JacobianCause& c : result.causes) {
      add("<li><b>{}</b><span class=\"sure\">{}</span>{}</li>\n", to_string(c.pattern),
          c.sureness(), escaped(c.sentence));
    }
    add("</ul>\n");
  }
  page += map_of(result);
  add("<h2>Blocks</h2>\n<div class=\"scroll\"><table><tr><th class=\"l\">outputs</th><th "
      "class=\"l\">by</th><th>size</th><th>difference</th><th>detectable</th><th>failed</th><th "
      "class=\"l\">verdict</th></tr>\n");
  for (const JacobianBlock& b : result.blocks) {
    add("<tr><td class=\"l\">{}</td><td class=\"l\">{}</td><td>{} x {}</td><td>{:.3e}</td><td>"
        "{:.1e}</td><td>{}</td><td class=\"l {}\">{}</td></tr>\n",
        escaped(b.output), escaped(b.input), b.rows, b.columns, b.difference.value, b.detectable,
        b.failed, to_string(b.verdict), to_string(b.verdict));
  }
  add("</table></div>\n<h2>Worst entries</h2>\n<div class=\"scroll\"><table><tr><th "
      "class=\"l\">entry</th><th>analytic</th><th>numeric</th><th>error</th><th>bar</th><th "
      "class=\"l\">verdict</th><th class=\"l\">replay</th></tr>\n");
  for (const JacobianEntry& e : result.worst()) {
    add("<tr><td class=\"l\">{}</td><td>{:.12e}</td><td>{:.12e}</td><td>{:.2e}</td><td>{:.2e}</td>"
        "<td class=\"l {}\">{}</td><td class=\"l\"><code>{}</code></td></tr>\n",
        escaped(place_of(e)), e.analytic, e.numeric, e.error(), e.bar, to_string(e.verdict),
        to_string(e.verdict), escaped(e.replay));
  }
  add("</table></div>\n");
  if (!result.notes.empty()) add("<h2>Notes</h2>\n");
  for (const std::string& note : result.notes) add("<p>{}</p>\n", escaped(note));
  return page + detail::page_end();
}

}  // namespace dtheta::gradcheck
