// `gradcheck ops` and the program as a whole: commands, help, unknown words.
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "autodiff/ops/registry.hpp"
#include "program.hpp"

namespace dtheta::cli_test {

using Json = nlohmann::json;

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
