#include "gradcheck/bridge/ops/op_table.hpp"

#include <fmt/color.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <mutex>
#include <thread>

#include "gradcheck/report/html.hpp"

namespace dtheta::gradcheck {
namespace {

struct Totals {
  std::size_t passed = 0, failed = 0, cases = 0;
};

Totals totals_of(std::span<const OpReport> reports) {
  Totals t;
  for (const OpReport& r : reports) {
    ++(r ? t.passed : t.failed);
    t.cases += r.cases;
  }
  return t;
}

std::size_t draws_of(const OpReport& report) {
  std::size_t draws = 0;
  for (const EdgeCell& cell : report.edges) draws += cell.draws;
  return draws;
}

/// The worst error over the whole range, in units of the last place.
double range_ulps(const OpReport& report) {
  return report.edges[static_cast<std::size_t>(Edge::range)].worst;
}

std::vector<const OpReport*> failures_first(std::span<const OpReport> reports) {
  std::vector<const OpReport*> order;
  order.reserve(reports.size());
  for (const OpReport& r : reports) order.push_back(&r);
  std::stable_partition(order.begin(), order.end(), [](const OpReport* r) { return !*r; });
  return order;
}

}  // namespace

std::vector<OpReport> self_test_all(std::span<const OpRecord* const> ops, unsigned threads,
                                    const std::function<void(const OpReport&)>& done,
                                    const std::function<bool()>& proceed) {
  std::vector<OpReport> reports(ops.size());
  std::atomic<std::size_t> next{0};
  std::mutex one_at_a_time;
  const auto work = [&] {
    for (std::size_t i = next++; i < ops.size() && (!proceed || proceed()); i = next++) {
      reports[i] = self_test(*ops[i]);
      const std::scoped_lock lock(one_at_a_time);
      if (done) done(reports[i]);
    }
  };
  std::vector<std::jthread> others;
  for (unsigned t = 1; t < threads; ++t) others.emplace_back(work);
  work();
  others.clear();
  std::erase_if(reports, [](const OpReport& r) { return r.op.empty(); });
  return reports;
}

std::string op_table(std::span<const OpReport> reports, bool colour) {
  std::string text =
      fmt::format("{:<34} {:>5} {:>6}  {:>10} {:>10} {:>10} {:>10} {:>10}  {}\n", "op", "cases",
                  "draws", "double", "quad", "second", "float ulp", "range ulp", "verdict");
  for (const OpReport* r : failures_first(reports)) {
    std::string verdict = *r ? "pass" : "FAIL";
    if (colour) {
      const auto style = fmt::fg(*r ? fmt::terminal_color::green : fmt::terminal_color::red);
      verdict = fmt::format(style, "{}", verdict);
    }
    fmt::format_to(std::back_inserter(text),
                   "{:<34} {:>5} {:>6}  {:>10.1e} {:>10.1e} {:>10.1e} {:>10.2f} {:>10.2f}  {}\n",
                   r->op, r->cases, draws_of(*r), r->difference, r->quad_difference,
                   r->second_difference, r->float_ulps, range_ulps(*r), verdict);
    for (const OpFailure& f : r->failures) {
      fmt::format_to(std::back_inserter(text), "    sample {} {}: {}\n", f.sample, f.shapes,
                     f.what);
      if (f.replay.empty()) continue;
      fmt::format_to(std::back_inserter(text), "      replay: {}\n", f.replay);
    }
  }
  const Totals t = totals_of(reports);
  fmt::format_to(std::back_inserter(text), "{} ops with {} cases: {} passed, {} failed\n",
                 reports.size(), t.cases, t.passed, t.failed);
  return text;
}

std::string op_table_html(std::span<const OpReport> reports) {
  using detail::escaped;
  const Totals t = totals_of(reports);
  std::string page = detail::page_start("Self-test of every op");
  const auto put = [&]<class... A>(fmt::format_string<A...> format, A&&... arguments) {
    fmt::format_to(std::back_inserter(page), format, std::forward<A>(arguments)...);
  };
  put("<h1>Self-test of every op: <span class=\"{0}\">{0}</span></h1>\n",
      t.failed == 0 ? "pass" : "fail");
  put("<p>{} ops with {} cases: {} passed, {} failed. Each gradient was held against differences "
      "computed in quad precision.</p>\n",
      reports.size(), t.cases, t.passed, t.failed);
  put("<div class=\"scroll\"><table><tr><th class=\"l\">op<th>cases<th>draws<th>double "
      "gradient<th>quad gradient<th>second derivative<th>float value, ulp<th>whole range, ulp<th "
      "class=\"l\">verdict</tr>\n");
  for (const OpReport* r : failures_first(reports)) {
    put("<tr><td class=\"l\">{}<td>{}<td>{}<td>{:.1e}<td>{:.1e}<td>{:.1e}<td>{:.2f}<td>{:.2f}<td "
        "class=\"l verdict "
        "{}\">{}</tr>\n",
        escaped(r->op), r->cases, draws_of(*r), r->difference, r->quad_difference,
        r->second_difference, r->float_ulps, range_ulps(*r), *r ? "pass" : "fail",
        *r ? "pass" : "fail");
    for (const OpFailure& f : r->failures) {
      put("<tr><td class=\"l\" colspan=\"9\">sample {} {}: {}", f.sample, escaped(f.shapes),
          escaped(f.what));
      if (!f.replay.empty()) put("<br><code>{}</code>", escaped(f.replay));
      put("</tr>\n");
    }
  }
  put("</table></div>\n");
  return page + detail::page_end();
}

}  // namespace dtheta::gradcheck
