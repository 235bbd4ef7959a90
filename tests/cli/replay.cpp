// The command line that a failing report gives: it runs as printed and shows the same numbers.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

using Json = nlohmann::json;

/// What a shell makes of a line.
struct ShellRun {
  int status;
  std::string out;
};
ShellRun shell(const std::string& line) {
  const Folder folder;
  const int status = std::system((line + " >" + folder / "out").c_str());
  return {WEXITSTATUS(status), read(folder / "out")};
}

/// The worst entry of the first failing block.
Json worst_of(const Json& json) {
  for (const Json& block : json.at("blocks")) {
    if (block.at("verdict") != "pass" && block.at("verdict") != "excellent")
      return block.at("worst");
  }
  return {};
}

/// Runs a failing check, then its replay, and compares.
void replay_agrees(const Words& request, bool textbook) {
  const auto separator = std::ranges::find(request, "--");
  Words with_json(request.begin(), separator);
  with_json = with_json + Words{"--json", "-"} + Words(separator, request.end());
  const Run check = run(with_json);
  BOOST_REQUIRE(check.status == 1);
  const Json worst = worst_of(Json::parse(check.out));
  const std::string line = worst.at("replay");
  BOOST_TEST(has(run(request).out, {"is wrong: entry", "replay     " + line}));

  const ShellRun shown = shell(line);
  BOOST_TEST(shown.status == 1, line);
  BOOST_TEST(has(shown.out, {"J(theta + h)", "J(theta - h)", "two-sided", "analytic", "fail"}));
  const auto end = std::min(line.find(" -- "), line.size());
  const std::string as_json = std::string(line).insert(end, " --json -");
  const Json again = Json::parse(shell(as_json).out);
  BOOST_TEST(again.at("analytic") == worst.at("analytic"));
  BOOST_TEST(again.at("position") == worst.at("position"));
  BOOST_TEST(again.at("step") == worst.at("step"));
  // The same probe, and so the same bits.
  BOOST_TEST(again.at(textbook ? "two_sided" : "fourth_order") == worst.at("numeric"));
  BOOST_TEST(again.at("verdict") == "fail");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay)

BOOST_AUTO_TEST_CASE(of_a_function) {
  for (const std::string method : {"adaptive", "textbook"}) {
    replay_agrees({"function", "--method", method, "--", FUNCTION_CHILD, "wrong"},
                  method == "textbook");
  }
  replay_agrees({"function", "--sample", "10", "--", FUNCTION_CHILD, "twice", "--size", "300"},
                false);
}

BOOST_AUTO_TEST_CASE(of_a_network) {
  const Folder folder;
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  for (nn::NamedTensor& g : seed_gradient_arrays()) arrays.push_back(std::move(g));
  find(arrays, "dW2").data<double>()[10] = 7;
  const std::string file = folder / "it's a $file.npz";  // a shell must be kept from reading it
  nn::write_npz(file, arrays);
  for (const std::string method : {"adaptive", "textbook"}) {
    replay_agrees(seed_request({"--method", method, "--l2", "0.1", "--layer", "2"}, file),
                  method == "textbook");
  }
}

BOOST_AUTO_TEST_CASE(a_right_entry_agrees) {
  const Run r = run(seed_request({"--entry", "W1[2,3]"}));
  BOOST_TEST(r.status == 0, r.out);
  BOOST_TEST(has(r.out, {"W1[2, 3]: entry 13 of W1 (6, 5), entry 13 of theta, layer 1", "pass"}));
  BOOST_TEST(run(seed_request({"--entry", " W1 [ 2 , 3 ]", "--step", "1e-3"})).status != 2);
}

BOOST_AUTO_TEST_CASE(of_an_op) {
  const Run r = run({"ops", "--op", "tanh", "--case", "0", "--case", "1", "--json", "-"});
  BOOST_TEST(r.status == 0);
  BOOST_TEST(Json::parse(r.out).at("ops")[0].at("cases") == 2);
  const Run absent = run({"ops", "--op", "tanh", "--case", "1000"});
  BOOST_TEST(absent.status == 2);
  BOOST_TEST(has(absent.err, {"tanh", "no case 1000"}));
  BOOST_TEST(has(run({"ops", "--case", "1"}).err, {"case", "--op"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
