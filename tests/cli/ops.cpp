// `gradcheck ops` and the program as a whole: commands, help, unknown words.
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "autodiff/elementwise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/ops/op_table.hpp"
#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/cli/junit.hpp"
#include "program.hpp"

namespace dtheta::cli_test {

using Json = nlohmann::json;

namespace {

/// d x^3 = 3 x^2 dx, with a factor 2 in its place.
struct WrongCube : Unary<WrongCube> {
  static constexpr OpInfo info{.name = "wrong_cube"};
  static constexpr Domain domain{-2, 2};
  template <class T>
  static T value(T x) {
    return x * x * x;
  }
  static Var slope(Var x, Var) { return 2 * square(x); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(ops_command)

BOOST_AUTO_TEST_CASE(ops_that_are_named_are_tested_and_no_others) {
  const Run r = run({"ops", "--op", "tanh", "--op", "relu", "--json", "-"});
  BOOST_TEST(r.status == 0);
  const Json json = Json::parse(r.out);
  BOOST_TEST(json.at("passed") == 2);
  BOOST_TEST(json.at("failed") == 0);
  BOOST_REQUIRE(json.at("ops").size() == 2u);
  BOOST_TEST(json.at("ops")[0].at("op") == "tanh");
  BOOST_TEST(json.at("ops")[1].at("op") == "relu");
  for (const Json& op : json.at("ops")) {
    BOOST_TEST(op.at("cases").get<int>() >= 1);
    // The rounding of one product of a double rule.
    BOOST_TEST(op.at("difference").get<double>() <= 1e-14);
    BOOST_TEST(op.at("verdict") == "pass");
  }
}

BOOST_AUTO_TEST_CASE(the_table_names_each_op_and_adds_up) {
  const Run r = run({"ops", "--op", "matmul", "--op", "sum", "--op", "exp"});
  BOOST_TEST(r.status == 0);
  BOOST_TEST(has(r.out, {"matmul", "sum", "exp", "3 passed", "0 failed"}));
  BOOST_TEST(r.err == "");
}

BOOST_AUTO_TEST_CASE(every_registered_op_can_be_asked_for) {
  // Asked for all at once, with one that does not exist: refused before any is tested.
  Words words{"ops"};
  for (const OpRecord* op : all_ops()) words = words + Words{"--op", std::string(op->info.name)};
  const Run r = run(words + Words{"--op", "tahn"});
  BOOST_TEST(r.status == 2);
  BOOST_TEST(r.out == "");
  BOOST_TEST(has(r.err, {"'tahn'"}));
  BOOST_TEST(has(run({"ops", "--op", "tanhh"}).err, {"did you mean 'tanh'"}));
}

// Printed anew by: build/gradcheck/gradcheck ops --list > docs/ops.md
BOOST_AUTO_TEST_CASE(the_page_of_ops_is_what_the_program_prints) {
  const Run r = run({"ops", "--list"});
  BOOST_TEST(r.status == 0);
  BOOST_TEST(r.err == "");
  std::ifstream page(DTHETA_EXAMPLES "/../docs/ops.md");
  std::istringstream printed(r.out);
  std::string wanted, line;
  while (std::getline(page, wanted)) {
    BOOST_REQUIRE(std::getline(printed, line));
    BOOST_REQUIRE(line == wanted);
  }
  BOOST_TEST(!std::getline(printed, line), line);
}

BOOST_AUTO_TEST_CASE(every_op_says_its_rule) {
  const Run r = run({"ops", "--list", "--json", "-"});
  BOOST_TEST(r.status == 0);
  const Json list = Json::parse(r.out).at("ops");
  BOOST_REQUIRE(list.size() == all_ops().size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const OpInfo& info = all_ops()[i]->info;
    const Json& op = list[i];
    BOOST_TEST(op.at("op") == info.name);
    // As the ops of the page: a y of the result, and its differential or what operands receive.
    const std::string value = op.at("value");
    BOOST_TEST(value.find_first_of("|`\n") == std::string::npos, value);
    BOOST_TEST(op.at("derivative").is_null() == !info.differentiable, info.name);
    if (!info.differentiable) continue;
    const std::string derivative = op.at("derivative");
    BOOST_TEST(derivative.find_first_of("|`\n") == std::string::npos, derivative);
    BOOST_TEST((derivative.find('d') == 0 || derivative.find(" receive") != std::string::npos),
               derivative);
  }
}

BOOST_AUTO_TEST_CASE(ops_that_are_named_are_listed_and_no_others) {
  const Run r = run({"ops", "--list", "--op", "log", "--op", "argmax"});
  BOOST_TEST(r.status == 0);
  BOOST_TEST(has(r.out, {"| log ", "`y = log(x)`", "`dy = dx / x`", "`x > 0`", "## reduction",
                         "| argmax ", "none"}));
  BOOST_TEST(r.out.find("| exp ") == std::string::npos);
  const Json list = Json::parse(run({"ops", "--list", "--op", "concat", "--json", "-"}).out);
  BOOST_TEST(list.at("ops").size() == 1u);
  BOOST_TEST(list.at("ops")[0].at("operands").is_null());
  BOOST_TEST(list.at("ops")[0].at("family") == "shape");

  BOOST_TEST(has(run({"ops", "--list", "--op", "tanhh"}).err, {"did you mean 'tanh'"}));
  for (const Words& words : {Words{"--html", "page.html"}, Words{"--junit", "ops.xml"},
                             Words{"--op", "tanh", "--case", "1"}}) {
    const Run refused = run(Words{"ops", "--list"} + words);
    BOOST_TEST(refused.status == 2);
    BOOST_TEST(has(refused.err, {"list: ", "nothing is tested"}));
  }
}

BOOST_AUTO_TEST_CASE(help_is_a_success_and_nothing_is_a_question) {
  for (const std::string word : {"--help", "-h", "help"}) {
    const Run r = run({word});
    BOOST_TEST(r.status == 0);
    BOOST_TEST(has(r.out, {"ops", "network", "function", "compare", "EXIT STATUS"}));
  }
  BOOST_TEST(has(run({"ops", "--help"}).out, {"--op", "--json", "--html"}));
  BOOST_TEST(has(run({"network", "--help"}).out,
                 {"--activations", "--loss", "--l1", "--l2", "--layer", "--keep-prob", "--method",
                  "--epsilon", "--json", "--html"}));
  const Run nothing = run({});
  BOOST_TEST(nothing.status == 2);
  BOOST_TEST(nothing.out == "");
  BOOST_TEST(has(nothing.err, {"SYNOPSIS"}));
}

// A failure of one sample is seen by a test of this sample alone, and every report says how.
BOOST_AUTO_TEST_CASE(a_failing_op_is_told_with_its_replay) {
  gradcheck::OpReport report = gradcheck::self_test<WrongCube>();
  BOOST_REQUIRE(!report);
  const std::size_t sample = report.failures.front().sample;
  const gradcheck::OpReport alone = gradcheck::self_test_case(record_of<WrongCube>, sample);
  BOOST_REQUIRE(!alone);
  BOOST_TEST(alone.cases == 1u);
  BOOST_TEST(alone.failures.front().what == report.failures.front().what);
  std::ostringstream text;
  text << report;
  BOOST_TEST(has(text.str(), {"self_test_case(record_of<Op>, " + std::to_string(sample) + ")"}));

  report.failures.front().replay = "gradcheck ops --op wrong_cube & <again>";
  std::vector<gradcheck::OpReport> reports{report, {}};
  reports[1].op = "right";
  BOOST_TEST(has(gradcheck::op_table(reports),
                 {"replay: gradcheck ops --op wrong_cube & <again>", "1 passed, 1 failed"}));
  BOOST_TEST(has(gradcheck::op_table_html(reports), {"--op wrong_cube &amp; &lt;again&gt;"}));
  BOOST_TEST(has(gradcheck::cli::to_json(reports), {"--op wrong_cube & <again>"}));
  BOOST_TEST(has(gradcheck::cli::to_junit(reports),
                 {"tests=\"2\" failures=\"1\"", "name=\"wrong_cube\"><failure", "gradient in",
                  "--op wrong_cube &amp; &lt;again&gt;", "name=\"right\"/>"}));
}

BOOST_AUTO_TEST_CASE(unknown_commands_and_words_are_refused) {
  for (const Words& words :
       {Words{"network2"}, Words{"Ops"}, Words{""}, Words{"ops", "tanh"}, Words{"ops", "--ops"},
        Words{"ops", "--op"}, Words{"ops", "--threads", "0"}, Words{"ops", "--threads", "-1"},
        Words{"ops", "--threads", "many"}}) {
    const Run r = run(words);
    BOOST_TEST(r.status == 2);
    BOOST_TEST(r.out == "");
    BOOST_TEST(r.err.starts_with("gradcheck: "));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
