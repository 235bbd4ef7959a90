// Ctrl-C: the check stops, says what it knows and leaves nothing running.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <ostream>
#include <stdexcept>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

namespace data = boost::unit_test::data;
using Json = nlohmann::json;

struct Slow {
  std::string method;
  std::string mode;
  int status;  // of the stopped check
};
std::ostream& operator<<(std::ostream& out, const Slow& s) { return out << s.method << s.mode; }

/// A program so slow that its whole check would take a minute.
Words slow_check(const Folder& folder, const std::string& method, const std::string& mode) {
  return {"function",      "--method", method,         "--json",      folder / "json", "--html",
          folder / "html", "--",       FUNCTION_CHILD, mode,          "--size",        "800",
          "--sleep",       "20",       "--log",        folder / "log"};
}

/// Waits until the program under test has answered so many requests.
void wait_for_answers(const std::string& log, std::ptrdiff_t count) {
  constexpr int attempts = 30000;
  for (int k = 0; k < attempts; ++k) {
    if (std::ranges::count(read(log), 'a') >= count) return;
    usleep(2000);
  }
  throw std::runtime_error("the program under test does not answer");
}

pid_t logged_process(const std::string& log) { return std::stoi(read(log)); }

}  // namespace

BOOST_AUTO_TEST_SUITE(ctrl_c)

BOOST_DATA_TEST_CASE(a_stopped_check_tells_what_it_knows,
                     data::make(std::vector<Slow>{{"textbook", "good", 3},
                                                  {"textbook", "twice", 1},
                                                  {"adaptive", "good", 3},
                                                  {"adaptive", "twice", 1}}),
                     slow) {
  const Folder folder;
  Running running(slow_check(folder, slow.method, slow.mode));
  wait_for_answers(folder / "log", 60);
  running.interrupt();
  const Run r = running.wait();
  BOOST_TEST(r.status == slow.status);
  BOOST_TEST(has(r.err, {"stopping"}));
  BOOST_TEST(has(r.out, {"the check was stopped before it had seen every entry"}));
  // It did stop: the whole takes 1600 answers or more.
  const auto answers = std::ranges::count(read(folder / "log"), 'a');
  BOOST_TEST(answers < 400);
  const Json json = Json::parse(read(folder / "json"));
  BOOST_TEST(json.at("complete") == false);
  BOOST_TEST(has(read(folder / "html"), {"was stopped"}));
  // Something was known: one entry at least was judged.
  BOOST_TEST(json.at("blocks")[0].at("worst").at("step").get<double>() > 0);
  BOOST_TEST(kill(logged_process(folder / "log"), 0) != 0);
  BOOST_TEST(errno == ESRCH);
}

BOOST_AUTO_TEST_CASE(the_second_ends_it_at_once_and_the_program_with_it) {
  const Folder folder;
  Running running(
      {"function", "--", FUNCTION_CHILD, "hang", "--size", "800", "--log", folder / "log"});
  wait_for_answers(folder / "log", 5);
  running.interrupt();
  usleep(100000);
  running.interrupt();
  BOOST_TEST(running.wait().status == 128 + SIGINT);
  const pid_t child = logged_process(folder / "log");
  const auto dead = [&] {  // gone, or only not yet counted by whoever inherited it
    const std::string state = read("/proc/" + std::to_string(child) + "/stat");
    return kill(child, 0) != 0 || state.find(") Z ") != std::string::npos;
  };
  for (int k = 0; k < 500 && !dead(); ++k) usleep(10000);
  BOOST_TEST(dead());
}

// Ctrl-Z, and on again later than an answer may take: the program under test was in time.
BOOST_AUTO_TEST_CASE(sleep_is_not_lateness) {
  const Folder folder;
  Running running({"function", "--timeout", "0.5", "--", FUNCTION_CHILD, "good", "--size", "20",
                   "--sleep", "5", "--log", folder / "log"});
  wait_for_answers(folder / "log", 20);
  kill(running.process(), SIGSTOP);
  usleep(1000000);
  kill(running.process(), SIGCONT);
  const Run r = running.wait();
  BOOST_TEST(r.status == 0, r.err);
}

BOOST_AUTO_TEST_CASE(ops_stop_too) {
  const Folder folder;
  Running running({"ops", "--threads", "1", "--progress", "--json", folder / "json"},
                  {{}, folder / "err"});
  while (read(folder / "err").empty()) usleep(2000);  // the bar has appeared
  running.interrupt();
  const Run r = running.wait();
  BOOST_TEST(r.status == 3);
  BOOST_TEST(has(r.out, {"note: stopped before"}));
  BOOST_TEST(Json::parse(read(folder / "json")).at("failed") == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
