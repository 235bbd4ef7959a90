#include "gradcheck/cli/junit.hpp"

#include <fmt/format.h>

#include "gradcheck/report/junit.hpp"

namespace dtheta::gradcheck::cli {

std::string to_junit(std::span<const OpReport> reports, std::span<const std::string> untested,
                     const JunitStyle& style) {
  detail::JunitSuite suite("gradcheck ops", style);
  for (const OpReport& r : reports) {
    std::string details;
    for (const OpFailure& f : r.failures) {
      details += fmt::format("sample {} {}: {}\n", f.sample, f.shapes, f.what);
      if (!f.replay.empty()) details += fmt::format("  replay: {}\n", f.replay);
    }
    suite.add(r.op, r ? Verdict::pass : Verdict::fail,
              fmt::format("{} of {} cases", r.failures.size(), r.cases), details);
  }
  for (const std::string& op : untested) {
    suite.add(op, Verdict::inconclusive, "the test was stopped before this op");
  }
  return suite.text();
}

}  // namespace dtheta::gradcheck::cli
