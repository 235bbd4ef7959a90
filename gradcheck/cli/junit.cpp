#include "gradcheck/cli/junit.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gradcheck/report/html.hpp"

namespace dtheta::gradcheck::cli {

std::string to_junit(std::span<const OpReport> reports) {
  using detail::escaped;
  const auto failed = std::ranges::count_if(reports, [](const OpReport& r) { return !r; });
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"gradcheck ops\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
      reports.size(), failed);
  for (const OpReport& r : reports) {
    xml += fmt::format("<testcase classname=\"gradcheck ops\" name=\"{}\"", escaped(r.op));
    if (r) {
      xml += "/>\n";
      continue;
    }
    xml += fmt::format("><failure message=\"{} of {} cases\">", r.failures.size(), r.cases);
    for (const OpFailure& f : r.failures) {
      xml += fmt::format("sample {} {}: {}\n", f.sample, escaped(f.shapes), escaped(f.what));
      if (!f.replay.empty()) xml += fmt::format("  replay: {}\n", escaped(f.replay));
    }
    xml += "</failure></testcase>\n";
  }
  return xml + "</testsuite>\n</testsuites>\n";
}

}  // namespace dtheta::gradcheck::cli
