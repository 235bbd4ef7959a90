// Where reports go: files that are complete or not there, and places that cannot be written.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <ostream>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

namespace data = boost::unit_test::data;
using Json = nlohmann::json;

struct Command {
  std::string name;
  Words words;
  Words program{};  // of `function`

  [[nodiscard]] Words with(const Words& options) const { return words + options + program; }
};
std::ostream& operator<<(std::ostream& out, const Command& c) { return out << c.name; }

const std::vector<Command> commands{{"network", seed_request()},
                                    {"ops", {"ops", "--op", "tanh"}},
                                    {"compare", {"compare", seed_file(), seed_file()}},
                                    {"function", {"function"}, {"--", FUNCTION_CHILD, "good"}}};

/// A page that needs nothing from anywhere: no address, nothing linked, no script.
bool stands_alone(const std::string& page) {
  for (const char* outside : {"http", "src=", "href=", "@import", "url(", "<script", "<link"}) {
    if (page.find(outside) == std::string::npos) continue;
    BOOST_TEST_MESSAGE("the page has " << outside);
    return false;
  }
  return true;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outputs)

BOOST_DATA_TEST_CASE(files_hold_the_whole_report, data::make(commands), command) {
  const Folder folder;
  const std::string json = folder / "r.json", html = folder / "r.html", junit = folder / "r.xml";
  const Run r = run(command.with({"--json", json, "--html", html, "--junit", junit}));
  BOOST_TEST(r.status == 0);
  BOOST_TEST(r.out != "");  // the table is printed beside the files
  BOOST_TEST(Json::parse(read(json)) == Json::parse(run(command.with({"--json", "-"})).out));
  const std::string page = read(html);
  BOOST_TEST(page.starts_with("<!DOCTYPE html>"));
  BOOST_TEST(has(page, {"<head>", "</head>", "<body>", "</body>", "</html>"}));
  BOOST_TEST(page.substr(page.find_last_not_of('\n') - 6, 7) == "</html>");
  BOOST_TEST(stands_alone(page));
  BOOST_TEST(
      has(read(junit), {"<?xml", "<testsuite ", "failures=\"0\"", "<testcase", "</testsuites>\n"}));
  BOOST_TEST(folder.count() == 3u);  // no temporary file stays
}

BOOST_DATA_TEST_CASE(a_report_replaces_the_one_before, data::make(commands), command) {
  const Folder folder;
  const std::string json = folder / "r.json";
  write(json, std::string(100000, 'x'));
  BOOST_TEST(run(command.with({"--json", json})).status == 0);
  BOOST_TEST(Json::accept(read(json)));
}

BOOST_DATA_TEST_CASE(one_place_that_cannot_be_written_loses_nothing_else, data::make(commands),
                     command) {
  const Folder folder;
  const std::string bad = folder / "no/such/place", good = folder / "good";
  for (const std::string broken : {"--json", "--html", "--junit"}) {
    std::filesystem::remove(good);
    const Run r = run(command.with({broken, bad, broken == "--html" ? "--json" : "--html", good}));
    BOOST_TEST(r.status == 2);
    BOOST_TEST(has(r.err, {bad}));
    BOOST_TEST(has(r.out, {"pass"}));  // the table
    BOOST_TEST(read(good).size() > 100u);
  }
  const Run piped = run(command.with({"--html", bad, "--json", "-"}));
  BOOST_TEST(piped.status == 2);
  BOOST_TEST(Json::accept(piped.out));
}

BOOST_DATA_TEST_CASE(what_stands_in_the_way_stays, data::make(commands), command) {
  // A folder where the file should go: it is neither emptied nor replaced.
  const Folder folder;
  std::filesystem::create_directory(folder / "r.json");
  write(folder / "r.json/kept", "kept");
  BOOST_TEST(run(command.with({"--json", folder / "r.json"})).status == 2);
  BOOST_TEST(read(folder / "r.json/kept") == "kept");
  BOOST_TEST(folder.count() == 1u);
}

BOOST_DATA_TEST_CASE(a_full_standard_output_is_not_a_pass, data::make(commands), command) {
  if (!std::filesystem::exists("/dev/full")) return;
  for (const Words& where : {Words{}, Words{"--json", "-"}}) {
    const Run r = run(command.with(where), "/dev/full");
    BOOST_TEST(r.status == 2);
    BOOST_TEST(has(r.err, {"standard output"}));
  }
}

BOOST_AUTO_TEST_CASE(a_failure_is_in_the_page_too) {
  const Folder folder;
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  for (nn::NamedTensor& g : seed_gradient_arrays()) arrays.push_back(std::move(g));
  find(arrays, "dW2").data<double>()[10] = 7;  // row 1, column 4
  nn::write_npz(folder / "<b>&.npz", arrays);
  const Run r = run(seed_request({"--html", folder / "r.html"}, folder / "<b>&.npz"));
  BOOST_TEST(r.status == 1);
  const std::string page = read(folder / "r.html");
  BOOST_TEST(has(page, {"fail", "W2[1, 4]", "&lt;b&gt;&amp;.npz"}));
  BOOST_TEST(page.find("<b>&") == std::string::npos);
  BOOST_TEST(stands_alone(page));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
