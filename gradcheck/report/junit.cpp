#include "gradcheck/report/junit.hpp"

#include <fmt/format.h>

#include <iterator>

#include "gradcheck/errors.hpp"
#include "gradcheck/report/html.hpp"

namespace dtheta::gradcheck {

Inconclusive parse_inconclusive(std::string_view word) {
  if (word == "pass") return Inconclusive::pass;
  if (word == "skip") return Inconclusive::skip;
  if (word == "fail") return Inconclusive::fail;
  throw OptionError(fmt::format("inconclusive: it must be pass, skip or fail, not '{}'", word));
}

namespace detail {

void JunitSuite::add(std::string_view test, Verdict verdict, std::string_view message,
                     std::string_view details) {
  const bool open = verdict == Verdict::inconclusive;
  const Inconclusive open_is = style_.inconclusive;
  ++count_;
  fmt::format_to(std::back_inserter(cases_), "<testcase classname=\"{}\" name=\"{}\"",
                 escaped(name_), escaped(test));
  if (verdict == Verdict::pass || (open && open_is == Inconclusive::pass)) {
    cases_ += "/>\n";
  } else if (open && open_is == Inconclusive::skip) {
    ++skipped_;
    fmt::format_to(std::back_inserter(cases_), "><skipped message=\"{}\"/></testcase>\n",
                   escaped(message));
  } else {
    ++failures_;
    fmt::format_to(std::back_inserter(cases_),
                   "><failure message=\"{}\" type=\"{}\">{}</failure></testcase>\n",
                   escaped(message), to_string(verdict), escaped(details));
  }
}

std::string JunitSuite::text(std::string_view output) const {
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"{}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n{}<system-out>{}</system-out>\n"
      "</testsuite>\n</testsuites>\n",
      escaped(name_), count_, failures_, skipped_, cases_, escaped(output));
}

}  // namespace detail
}  // namespace dtheta::gradcheck
