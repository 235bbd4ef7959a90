// `gradcheck function`: programs that are right, wrong, and broken in every way.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

namespace data = boost::unit_test::data;
using Json = nlohmann::json;

/// gradcheck function OPTIONS -- function_child MODE MORE
Run check(const Words& options, const Words& child) {
  return run(Words{"function"} + options + Words{"--", FUNCTION_CHILD} + child);
}

Json json_of(const Run& r) {
  Json json;
  BOOST_REQUIRE_NO_THROW(json = Json::parse(r.out));
  return json;
}

/// The processes that a child's log names.
std::vector<pid_t> logged_processes(const std::string& log) {
  std::vector<pid_t> found;
  std::ifstream in(log);
  for (std::string line; std::getline(in, line);) {
    const auto digits = line.find_first_of("0123456789");
    if (digits != std::string::npos) found.push_back(std::stoi(line.substr(digits)));
  }
  return found;
}

/// Gone, or dead and only not yet counted by whoever inherited it.
bool is_gone(pid_t process) {
  constexpr int attempts = 500;
  for (int k = 0; k < attempts; ++k) {
    const std::string state = read("/proc/" + std::to_string(process) + "/stat");
    if (kill(process, 0) != 0 || state.find(") Z ") != std::string::npos) return true;
    usleep(10000);
  }
  return false;
}

struct Broken {
  std::string mode;
  std::vector<std::string> named;
  Words options{};
};
std::ostream& operator<<(std::ostream& out, const Broken& b) { return out << b.mode; }

const Words hurry{"--timeout", "0.3"};

const std::vector<Broken> broken{
    {"hang", {"did not answer within 0.3 s", "flush"}, hurry},
    {"hang-at-start", {"was not ready within 0.3 s", "flush"}, {"--start-timeout", "0.3"}},
    {"crash", {"was killed by signal 6", "before it had answered"}},
    {"exit", {"exited with status 3", "before it had answered"}},
    {"exit-with-words", {"exited with status 5", "last words", "'out of mem'"}},
    {"exit-at-start", {"exited with status 4", "before it was ready"}},
    {"close", {"closed its standard output"}},
    {"garble", {"'Epoch' is no number", "'Epoch 1: J = 3.25 \\x1b[31m and so on", "...'"}},
    {"two-numbers", {"1 number", "has 2", "'1 2'"}},
    {"empty-line", {"1 number", "has 0", "''"}},
    {"double-minus", {"'--1' is no number"}},
    {"too-large", {"'1e999' is no number"}},
    {"short", {"8 numbers", "J and 7 of its gradient", "has 7"}},
    {"long", {"8 numbers", "has 9"}},
    {"error", {"it reports: 'the solver did not converge'"}},
    {"unasked", {"answers without being asked", "'1.5'"}},
    {"flood", {"no end", "'1234567890"}},
    {"no-greeting", {"'block W 1 0.5'", "'gradcheck-function 1'"}},
    {"other-version", {"'gradcheck-function 2'", "'gradcheck-function 1'"}},
    {"bad-word", {"'blocks W 3'", "block, layer, gradient, ready"}},
    {"bad-layer", {"'layer one'"}},
    {"bad-shape", {"'block W 2*3 1 2 3 4 5 6'", "2x3"}},
    {"bad-value", {"'half' is no number"}},
    {"talks-first", {"'Loading weights ... done'", "standard error", "sys.stderr"}},
    {"talks-between", {"'iteration' is no number", "standard error", "sys.stderr"}},
    {"utf16", {"UTF-16", "UTF-8"}},
    {"tensor", {"is no number", "x.item()"}},
    {"brackets", {"is no number", "without brackets"}},
    {"comma", {"'1,5' is no number", "point"}},
    {"large-block", {"block w", "268435456 is too large", "16777216 entries"}},
    {"large-sum", {"block w4", "2048x2048 is too large", "all blocks together"}},
    {"endless-greeting", {"more than 4096 characters", "no end of the line"}},
    {"endless-block", {"characters and no end of the line", "'block w 3 7777"}},
    {"endless-blocks", {"before it was ready it wrote more than"}},
    {"few-values", {"block W of shape 3", "3 values", "2 were given"}},
    {"huge-shape", {"4000000000x4000000000", "too large"}},
    {"twice-named", {"W"}},
    {"error-at-start", {"it reports: 'no licence'"}},
    {"no-block", {"no block"}},
    {"bad-gradient", {"'gradient perhaps'", "yes or no"}},
    {"no-values", {"--theta"}},
    {"infinite-theta", {"W[1, 0]", "-inf", "finite"}},
    {"no-gradient", {"no gradient", "--gradient"}},
    {"random-start", {"two copies", "--threads 1"}, {"--threads", "2"}},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(function_command)

BOOST_AUTO_TEST_CASE(a_right_gradient_passes) {
  for (const std::string mode :
       {"good", "hex", "slow-start", "stays", "mark", "fortran", "numpy"}) {
    const Run r = check({}, {mode});
    BOOST_TEST(r.status == 0, mode << ": " << r.err);
    BOOST_TEST(r.err == "");
    BOOST_TEST(has(r.out, {"pass", "W[1, 2]", "b", "analytic"}));
  }
  BOOST_TEST(check({}, {"talks"}).err ==
             "words for people\n");  // its standard error passes through
}

BOOST_AUTO_TEST_CASE(theta_is_what_the_program_said) {
  // J(theta) = sum (i + 1) sin(theta_i), with the values in every spelling that is allowed.
  const std::vector<double> theta{0.1, -0.2, 0.375, 0.4, 0.5, 0.6, 1};
  double cost = 0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    cost += static_cast<double>(i + 1) * std::sin(theta[i]);
  }
  const Json json = json_of(check({"--json", "-"}, {"good"}));
  BOOST_TEST(std::abs(json.at("cost").get<double>() - cost) <= 1e-15 * cost);
  BOOST_TEST(json.at("blocks")[0].at("shape") == Json({2, 3}));
  BOOST_TEST(json.at("blocks")[0].at("layer") == 1);
  BOOST_TEST(json.at("blocks")[1].at("shape") == Json::array());
  BOOST_TEST(json.at("blocks")[1].at("layer") == 2);
}

BOOST_DATA_TEST_CASE(a_wrong_gradient_fails_where_it_is_wrong, data::make({"adaptive", "textbook"}),
                     method) {
  const Json json = json_of(check({"--method", method, "--json", "-"}, {"wrong"}));
  const Json& w = json.at("blocks")[0];
  BOOST_TEST(w.at("worst").at("index") == Json({1, 2}));
  BOOST_TEST(w.at("worst").at("position") == 5);
  BOOST_TEST(json.at("blocks")[1].at("worst").at("replay").is_null());
  BOOST_TEST(check({"--method", method}, {"wrong"}).status == 1);
  BOOST_TEST(check({"--method", method, "--blocks", "b"}, {"wrong"}).status == 0);
  BOOST_TEST(check({"--method", method}, {"nan-gradient"}).status == 1);
  BOOST_TEST(check({"--method", method}, {"nan-cost"}).status == 1);
  const Json twice = json_of(check({"--method", method, "--json", "-"}, {"twice"}));
  BOOST_TEST(std::abs(twice.at("cause").at("amount").get<double>() - 2) <= 1e-6);
}

// Fortran's and NumPy's ways to write a number mean the number.
BOOST_AUTO_TEST_CASE(numbers_of_other_languages) {
  const double cost = json_of(check({"--json", "-"}, {"good"})).at("cost");
  for (const char* mode : {"fortran", "numpy"}) {
    const double same = json_of(check({"--json", "-"}, {mode})).at("cost");
    BOOST_TEST(std::abs(same - cost) <= 4 * 0x1p-53 * std::abs(cost), mode);  // J / 10 is rounded
  }
}

// Names that no report may break at, and that a replay must find again.
BOOST_AUTO_TEST_CASE(names_that_are_no_text) {
  const Folder folder;
  const std::string page = folder / "r.html", junit = folder / "r.xml";
  const Run r = check({"--json", "-", "--html", page, "--junit", junit}, {"odd-names"});
  BOOST_TEST(r.status == 0, r.err);
  BOOST_TEST(json_of(r).at("blocks").size() == 2u);
  for (const std::string& text : {r.out, read(page), read(junit), check({}, {"odd-names"}).out}) {
    BOOST_TEST(text.find('\xff') == std::string::npos);
    BOOST_TEST(text.find('\x1b') == std::string::npos);
  }
  BOOST_TEST(has(read(junit), {"W\\xff\\x1b[31m&lt;&amp;&gt;"}));
  for (const char* entry : {"V[0]['w'][0]", "#6"}) {
    BOOST_TEST(has(check({"--entry", entry}, {"odd-names"}).out, {"V[0]['w'][0]: entry 0 of"}));
  }
}

BOOST_AUTO_TEST_CASE(junit_calls_an_inconclusive_check_what_one_wants) {
  const Folder folder;
  const std::string junit = folder / "r.xml";
  const auto written = [&](const Words& options) {
    // A tolerance below the rounding of J leaves everything open.
    const Run r = check(Words{"--tolerance", "1e-18", "--junit", junit} + options, {"good"});
    BOOST_TEST(r.status == 3, r.out);
    return read(junit);
  };
  BOOST_TEST(has(written({}), {"<failure message=\"inconclusive", "failures=\"2\""}));
  BOOST_TEST(has(written({"--inconclusive", "skip"}), {"<skipped", "failures=\"0\""}));
  BOOST_TEST(has(written({"--inconclusive", "pass"}), {"failures=\"0\"", "skipped=\"0\""}));
  const Run bad = check({"--inconclusive", "green"}, {"good"});
  BOOST_TEST(bad.status == 2);
  BOOST_TEST(has(bad.err, {"pass, skip or fail"}));
}

BOOST_AUTO_TEST_CASE(the_number_of_copies_changes_nothing) {
  const Words child{"wrong", "--size", "200"};
  const Json one = json_of(check({"--json", "-"}, child));
  Json three = json_of(check({"--json", "-", "--threads", "3"}, child));
  BOOST_TEST(one == three);
  const Folder folder;
  check({"--threads", "3"}, {"good", "--log", folder / "log"});
  BOOST_TEST(logged_processes(folder / "log").size() == 3u);
}

// A request of 4000 numbers is larger than a pipe, and so is an answer: both sides would wait for
// ever if we wrote without reading.
BOOST_AUTO_TEST_CASE(full_pipes_stop_nobody) {
  const Run r = check({"--sample", "60"}, {"good", "--size", "4000"});
  BOOST_TEST(r.status == 0, r.err);
  BOOST_TEST(has(r.out, {"60 of 4000 entries"}));
}

BOOST_AUTO_TEST_CASE(samples_and_directions) {
  const Words child{"twice", "--size", "500"};
  const Run sample = check({"--sample", "20"}, child);
  BOOST_TEST(sample.status == 1);
  BOOST_TEST(has(sample.out, {"20 of 500 entries", "--entry 'theta["}));
  const Run directions = check({"--directions", "8"}, child);
  BOOST_TEST(directions.status == 1);
  BOOST_TEST(has(directions.out, {"direction[0]", "contradicts the gradient"}));
  const Run right = check({"--directions", "8"}, {"good", "--size", "500"});
  BOOST_TEST(right.status == 0);
  BOOST_TEST(has(right.out, {"would have been missed with probability"}));
}

BOOST_AUTO_TEST_CASE(theta_and_gradient_from_files) {
  const Folder folder;
  const std::vector<double> w{0.3, 0.1, 0.2, 0.5, -0.4, 0.7};
  std::vector<double> dw;
  for (std::size_t i = 0; i < w.size(); ++i)
    dw.push_back(static_cast<double>(i + 1) * std::cos(w[i]));
  const std::vector<nn::NamedTensor> theta{{"W", Tensor(Shape{2, 3}, std::span<const double>(w))},
                                           {"b", Tensor(0.25)}};
  std::vector<nn::NamedTensor> gradient{{"dW", Tensor(Shape{2, 3}, std::span<const double>(dw))},
                                        {"b", Tensor(7 * std::cos(0.25))}};
  nn::write_npz(folder / "t.npz", theta);
  nn::write_npz(folder / "g.npz", gradient);
  const Words files{"--theta", folder / "t.npz", "--gradient", folder / "g.npz"};
  for (const std::string mode : {"good", "wrong", "no-gradient", "no-values"}) {
    const Run r = check(files, {mode});
    BOOST_TEST(r.status == 0, mode << ": " << r.err << r.out);
  }
  gradient[0].value.data<double>()[3] = 0;
  nn::write_npz(folder / "g.npz", gradient);
  BOOST_TEST(has(check(files, {"good"}).out, {"W[1, 0] is wrong"}));

  nn::write_npz(folder / "g.npz", std::vector<nn::NamedTensor>{gradient[0]});
  const Run missing = check(files, {"good"});
  BOOST_TEST(missing.status == 2);
  BOOST_TEST(has(missing.err, {"g.npz", "b", "dW"}));
  nn::write_npz(folder / "t.npz", std::vector<nn::NamedTensor>{{"W", Tensor(Shape{3, 2})}});
  const Run shape = check(files, {"good"});
  BOOST_TEST(shape.status == 2);
  BOOST_TEST(has(shape.err, {"t.npz", "W has shape (3, 2)", "(2, 3)"}));
}

BOOST_DATA_TEST_CASE(broken_programs_are_named_and_leave_nothing_behind, data::make(broken), b) {
  const Folder folder;
  const Run r = check(b.options, {b.mode, "--log", folder / "log"});
  BOOST_TEST(r.status == 2);
  BOOST_TEST(r.out == "");
  BOOST_TEST(r.err.starts_with("gradcheck: "));
  BOOST_TEST(has(r.err, b.named));
  BOOST_TEST(std::ranges::count(r.err, '\n') == 1);
  const auto processes = logged_processes(folder / "log");
  BOOST_TEST(!processes.empty());
  for (const pid_t process : processes) BOOST_TEST(is_gone(process));
}

BOOST_AUTO_TEST_CASE(what_the_program_started_ends_with_it) {
  const Folder folder;
  BOOST_TEST(check({}, {"parent", "--log", folder / "log"}).status == 0);
  const auto processes = logged_processes(folder / "log");
  BOOST_REQUIRE(processes.size() == 2u);
  for (const pid_t process : processes) BOOST_TEST(is_gone(process));
}

BOOST_AUTO_TEST_CASE(programs_that_cannot_be_started) {
  const Folder folder;
  write(folder / "text", "no program\n");
  for (const std::string& program : {folder / "absent", folder / "text", folder / ".",
                                     std::string("no-such-program-anywhere")}) {
    const Run r = run({"function", "--", program});
    BOOST_TEST(r.status == 2);
    BOOST_TEST(r.out == "");
    BOOST_TEST(has(r.err, {"'" + program + "' cannot be started"}));
  }
}

BOOST_AUTO_TEST_CASE(requests_that_cannot_be_met) {
  struct Bad {
    Words options;
    std::vector<std::string> named;
  };
  for (const Bad& bad : std::vector<Bad>{
           {{"--timeout", "0"}, {"timeout"}},
           {{"--timeout", "-1"}, {"timeout"}},
           {{"--start-timeout", "nan"}, {"start-timeout"}},
           {{"--sample", "3", "--directions", "3"}, {"--sample", "--directions"}},
           {{"--sample", "3", "--blocks", "W"}, {"--blocks"}},
           {{"--directions", "3", "--method", "textbook"}, {"--directions"}},
           {{"--method", "exact"}, {"exact"}},
           {{"--blocks", "W,c"}, {"c", "W", "b"}},
           {{"--tolerance", "0"}, {"tolerance"}},
           {{"--threads", "0"}, {"threads"}},
           {{"--theta", "absent.npz"}, {"absent.npz"}},
           {{"--gradient", "absent.npz"}, {"absent.npz"}},
           {{"--entry", "W[2, 0]"}, {"W", "(2, 3)", "[2, 0]"}},
           {{"--entry", "W[0]"}, {"W", "(2, 3)"}},
           {{"--entry", "V[0]"}, {"V", "W", "b"}},
           {{"--entry", "W[0, 1"}, {"'W[0, 1'", "NAME[ROW, COLUMN]"}},
           {{"--entry", "W[0, x]"}, {"'x'"}},
           {{"--entry", "b", "--step", "-1"}, {"step"}},
           {{"--entry", "b", "--step", "1e-30"}, {"step", "1e-30", "lost"}},
           {{"--entry", "b", "--html", "x.html"}, {"--html"}},
           {{"stray"}, {"positional"}},
       }) {
    const Run r = check(bad.options, {"good"});
    BOOST_TEST(r.status == 2, bad.options.front());
    BOOST_TEST(r.out == "");
    BOOST_TEST(has(r.err, bad.named));
  }
  BOOST_TEST(has(run({"function"}).err, {"no program", "--"}));
  BOOST_TEST(has(run({"function", "--"}).err, {"no program"}));
}

BOOST_AUTO_TEST_CASE(the_example_in_python) {
  if (std::system("python3 -c 'import sys' >/dev/null 2>&1") != 0) return;
  const Words child{"--", "python3", DTHETA_EXAMPLES "/function_protocol.py"};
  const Run right = run(Words{"function", "--threads", "2"} + child);
  BOOST_TEST(right.status == 0, right.err);
  const Run wrong = run(Words{"function"} + child + Words{"--bug"});
  BOOST_TEST(wrong.status == 1);
  BOOST_TEST(has(wrong.out, {"L2 term", "lambda about 0.1 is missing"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
