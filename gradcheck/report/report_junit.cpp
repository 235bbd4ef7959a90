#include "gradcheck/report/report_junit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gradcheck/report/html.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::escaped;

std::string details(const Result& result, const BlockResult& block) {
  std::string text;
  for (const Cause& cause : block.causes) {
    text +=
        fmt::format("{} ({}): {}\n", to_string(cause.pattern), cause.sureness(), cause.sentence);
  }
  for (const Component& c : block.worst) {
    if (c.verdict == Verdict::pass && result.method != Method::textbook) continue;
    text += fmt::format("{}: analytic {:.15e} numeric {:.15e} bar {:.2e} step {:.2e}\n",
                        to_string(c.key), c.analytic, c.numeric, c.bar, c.step);
    if (!c.replay.empty()) text += fmt::format("  replay: {}\n", c.replay);
  }
  return text;
}

}  // namespace

std::string report_junit(const Result& result, std::string_view suite) {
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(result.blocks, verdict, &BlockResult::verdict);
  };
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  const auto put = [&]<class... T>(fmt::format_string<T...> format, T&&... arguments) {
    fmt::format_to(std::back_inserter(xml), format, std::forward<T>(arguments)...);
  };
  put("<testsuites>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" "
      "skipped=\"{}\">\n",
      escaped(suite), result.blocks.size(), count(Verdict::fail), count(Verdict::inconclusive));
  for (const BlockResult& block : result.blocks) {
    put("<testcase classname=\"{}\" name=\"{}\"", escaped(suite), escaped(block.name));
    if (block.verdict == Verdict::pass) {
      put("/>\n");
    } else if (block.verdict == Verdict::fail) {
      put("><failure message=\"difference {:.3e}, {} entries wrong\">{}</failure></testcase>\n",
          block.difference.value, block.failed, escaped(details(result, block)));
    } else {
      put("><skipped message=\"inconclusive: {} entries open\"/></testcase>\n", block.inconclusive);
    }
  }
  put("<system-out>");
  for (const std::string& note : result.notes) put("{}\n", escaped(note));
  put("</system-out>\n</testsuite>\n</testsuites>\n");
  return xml;
}

}  // namespace dtheta::gradcheck
