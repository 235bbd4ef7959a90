// Programs that use GoogleTest, Catch2 and doctest: right gradients pass there, wrong ones fail
// with the report, and with no more of it than a screen.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gradcheck/frameworks/screen.hpp"

namespace data = boost::unit_test::data;

namespace framework_test {

struct Program {
  std::string path;
  std::string only;  ///< the option that chooses a test
};
std::ostream& operator<<(std::ostream& out, const Program& program) { return out << program.path; }

struct Output {
  int status = -1;
  std::string text;
};

Output run(const Program& program, const std::string& test) {
  const std::string command = "'" + program.path + "' '" + program.only + test + "' 2>&1";
  Output output;
  std::FILE* pipe = popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  std::array<char, 4096> buffer{};
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    output.text.append(buffer.data(), got);
  }
  output.status = WEXITSTATUS(pclose(pipe));
  return output;
}

const std::vector<Program> programs{
#ifdef WITH_GTEST
    {WITH_GTEST, "--gtest_filter="},
#endif
#ifdef WITH_CATCH2
    {WITH_CATCH2, ""},
#endif
#ifdef WITH_DOCTEST
    {WITH_DOCTEST, "--test-case="},
#endif
};

}  // namespace framework_test
using namespace framework_test;

BOOST_AUTO_TEST_SUITE(frameworks)

BOOST_AUTO_TEST_CASE(one_at_least_is_there) {
  if (programs.size() < 3) {
    std::puts("skipped: not all of GoogleTest, Catch2 and doctest are installed");
  }
  BOOST_TEST(!programs.empty());
}

BOOST_DATA_TEST_CASE(what_is_right_passes, data::make(programs), program) {
  for (const char* test : {"Right.Gradient", "Right.Jacobian"}) {
    const Output output = run(program, test);
    BOOST_TEST(output.status == 0, output.text);
    BOOST_TEST(output.text.find("gradient check") == std::string::npos, output.text);
  }
}

BOOST_DATA_TEST_CASE(what_is_wrong_fails_and_says_why, data::make(programs), program) {
  const Output gradient = run(program, "Wrong.Gradient");
  BOOST_TEST(gradient.status != 0, gradient.text);
  BOOST_TEST(gradient.text.find("theta[1] is wrong") != std::string::npos, gradient.text);
  BOOST_TEST(gradient.text.find("replay_probe(") != std::string::npos, gradient.text);
  const Output jacobian = run(program, "Wrong.Jacobian");
  BOOST_TEST(jacobian.status != 0, jacobian.text);
  BOOST_TEST(jacobian.text.find("The Jacobian is wrong") != std::string::npos, jacobian.text);
  // The report's 40 lines, and what the framework has to say.
  BOOST_TEST(std::ranges::count(jacobian.text, '\n') <= 40 + 30, jacobian.text);
}

BOOST_DATA_TEST_CASE(the_strict_form_ends_the_test, data::make(programs), program) {
  const Output output = run(program, "Wrong.Ends");
  BOOST_TEST(output.status != 0);
  BOOST_TEST(output.text.find("went on") == std::string::npos, output.text);
}

BOOST_AUTO_TEST_CASE(a_screen_is_forty_lines) {
  std::string report;
  for (int i = 0; i < 100; ++i) report += std::string(static_cast<std::size_t>(3 * i), 'x') + "\n";
  const std::string screen = dtheta::gradcheck::one_screen(report);
  BOOST_TEST(std::ranges::count(screen, '\n') == 40);
  BOOST_TEST(screen.ends_with("(61 more lines)\n"));
  BOOST_TEST(dtheta::gradcheck::one_screen("short\n") == "short\n");
  // Twenty lines of two lines each are thirty-eight, and what is left is said.
  std::string wide;
  for (int i = 0; i < 30; ++i) wide += std::string(150, 'x') + "\n";
  const std::string broken = dtheta::gradcheck::one_screen(wide, 76);
  BOOST_TEST(std::ranges::count(broken, 'x') == 19 * 150);
  BOOST_TEST(broken.ends_with("(11 more lines)\n"));
}

BOOST_AUTO_TEST_SUITE_END()
