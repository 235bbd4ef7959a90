// The progress bar: seen by people, and by nothing else.
#include "gradcheck/cli/progress_bar.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

/// A check that takes about a second.
Words slow_check(const Words& options = {}) {
  return Words{"function"} + options +
         Words{"--", FUNCTION_CHILD, "good", "--size", "40", "--sleep", "5"};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(a_terminal_shows_it_and_is_left_clean) {
  const Terminal terminal;
  BOOST_TEST(Running(slow_check(), {{}, terminal.file()}).wait().status == 0);
  const std::string seen = terminal.read();
  BOOST_TEST(has(seen, {"/40 entries", "evaluations/s", "left", "[#"}));
  BOOST_TEST(seen.ends_with("\r\x1b[K"));
}

BOOST_AUTO_TEST_CASE(nothing_else_does_unless_asked) {
  BOOST_TEST(run(slow_check()).err == "");
  BOOST_TEST(has(run(slow_check({"--progress"})).err, {"/40 entries"}));
  for (const Words& options : {Words{"--json", "-"}, Words{"--no-progress"}}) {
    const Terminal terminal;
    BOOST_TEST(Running(slow_check(options), {{}, terminal.file()}).wait().status == 0);
    BOOST_TEST(terminal.read() == "");
  }
}

BOOST_AUTO_TEST_CASE(short_checks_show_none) {
  BOOST_TEST(run({"ops", "--op", "tanh", "--progress"}).err == "");
}

BOOST_AUTO_TEST_CASE(colour_is_for_terminals_that_want_it) {
  const Words words = seed_request();
  const auto colours = [&] {
    const Terminal terminal;
    BOOST_TEST(Running(words, {terminal.file(), {}}).wait().status == 0);
    return terminal.read().find("\x1b[32m") != std::string::npos;
  };
  unsetenv("NO_COLOR");
  BOOST_TEST(colours());
  setenv("NO_COLOR", "1", 1);
  BOOST_TEST(!colours());
  unsetenv("NO_COLOR");
}

BOOST_AUTO_TEST_CASE(the_line_says_how_far_and_how_long) {
  const gradcheck::cli::ProgressBar bar(true, "entries", 5.0);
  const gradcheck::Progress half{50, 100, 250, 10.0};
  BOOST_TEST(bar.line(half, 90) ==
             "[###############...............] 50 %  50/100 entries  25 evaluations/s  0:10 left");
  BOOST_TEST(bar.line(half, 40).size() < 40u);
  // Nothing judged yet: evaluations tell.
  BOOST_TEST(has(bar.line({0, 100, 125, 10.0}, 90), {"[#######....", "25 %", "0:30 left"}));
  // Three entries that take more evaluations than guessed, for a minute: about as long again, and
  // never "99 %, 0:01 left".
  const gradcheck::Progress slow{0, 3, 600, 60.0};
  BOOST_TEST(has(bar.line(slow, 90), {"50 %", "0/3 entries", "1:00 left"}), bar.line(slow, 90));
  BOOST_TEST(has(bar.line({2, 3, 600, 59.0}, 90), {"83 %", "2/3 entries", "0:12 left"}));
  BOOST_TEST(has(bar.line({3, 3, 600, 60.0}, 90), {"100 %", "0:00 left"}));
  BOOST_TEST(has(bar.line({0, 100, 0, 0.0}, 80), {"0/100 entries"}));
  BOOST_TEST(has(bar.line({1, 1000000, 5, 10.0}, 90), {"--:-- left"}));
  BOOST_TEST(has(bar.line({1, 1000, 5, 10.0}, 90), {"2:46:30 left"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
