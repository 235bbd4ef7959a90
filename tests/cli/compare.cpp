// `gradcheck compare`: two files of gradients.
#include <zip.h>

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

using Json = nlohmann::json;
using Arrays = std::vector<nn::NamedTensor>;

/// The right gradient of the reference network against one that was changed.
struct Pair {
  Folder folder;
  std::string wrong = folder / "wrong.npz", right = folder / "right.npz";

  explicit Pair(const std::function<void(Arrays&)>& change = {}) {
    nn::write_npz(right, seed_gradient_arrays());
    Arrays changed = seed_gradient_arrays();
    if (change) change(changed);
    nn::write_npz(wrong, changed);
  }
  Run compare(const Words& options = {}) const {
    return run(Words{"compare", wrong, right} + options);
  }
  Json json(const Words& options = {}) const {
    Json json;
    BOOST_REQUIRE_NO_THROW(json = Json::parse(compare(options + Words{"--json", "-"}).out));
    return json;
  }
};

std::function<void(double&)> times(double factor) {
  return [=](double& v) { v *= factor; };
}

std::function<void(Arrays&)> each(const std::string& name, const std::function<void(double&)>& f) {
  return [=](Arrays& arrays) {
    for (double& v : find(arrays, name).data<double>()) f(v);
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(compare_command)

BOOST_AUTO_TEST_CASE(equal_gradients_pass) {
  const Pair pair;
  const Run r = pair.compare();
  BOOST_TEST(r.status == 0);
  BOOST_TEST(has(r.out, {"gradient check (comparison): pass", "dW1", "db3", "reference"}));
  BOOST_TEST(pair.json().at("difference") == 0.0);
  BOOST_TEST(pair.json().at("cost").is_null());
}

BOOST_AUTO_TEST_CASE(differences_are_those_of_the_formula) {
  // b = c a: |a - b| / (|a| + |b|) = |1 - c| / (1 + c).
  const Pair pair(each("dW2", times(1.5)));
  const Run r = pair.compare();
  BOOST_TEST(r.status == 1);
  BOOST_TEST(has(r.out, {"dW2", "fail", "is wrong", "1.5 times the right one"}));
  const Json json = pair.json();
  for (const Json& block : json.at("blocks")) {
    const bool changed = block.at("name") == "dW2";
    BOOST_TEST(std::abs(block.at("difference").get<double>() - (changed ? 0.2 : 0.0)) <= 1e-15);
    BOOST_TEST(block.at("verdict") == (changed ? "fail" : "pass"));
  }
  BOOST_TEST(json.at("cause").at("pattern") == "factor");
}

BOOST_AUTO_TEST_CASE(causes_are_named_without_a_cost) {
  BOOST_TEST(Pair(each("dW1", times(-1))).json().at("cause").at("pattern") == "sign");
  BOOST_TEST(Pair(each("dW1", times(0))).json().at("cause").at("pattern") == "zero");
  const Pair transposed([](Arrays& a) {
    Tensor& w = find(a, "dW2");  // (3, 6): the other's numbers in the order of (6, 3)
    const std::vector<double> v(w.data<double>().begin(), w.data<double>().end());
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 6; ++c) w.data<double>()[c * 3 + r] = v[r * 6 + c];
    }
  });
  BOOST_TEST(transposed.json().at("cause").at("pattern") == "transposed");
  const Pair one([](Arrays& a) { find(a, "dW2").data<double>()[10] = 7; });
  BOOST_TEST(one.json().at("cause").at("pattern") == "one entry");
  BOOST_TEST(has(one.compare().out, {"dW2[1, 4] is wrong: entry 10 of dW2 (3, 6)"}));
  const Pair m(each("dW1", times(4)));
  BOOST_TEST(has(m.compare({"--examples", "4"}).out, {"dW1"}));
}

BOOST_AUTO_TEST_CASE(a_missing_penalty_is_named_where_theta_is_known) {
  const Pair pair([](Arrays& a) {
    const Arrays theta = seed_arrays();
    auto g = find(a, "dW1").data<double>();
    Arrays own = theta;
    const auto w = find(own, "W1").data<double>();
    for (std::size_t i = 0; i < g.size(); ++i) g[i] -= 0.3 * w[i];
  });
  BOOST_TEST(pair.json({"--theta", seed_file()}).at("cause").at("pattern") == "L2 term");
  BOOST_TEST(pair.json().at("cause").at("pattern") != "L2 term");
  // In the words of whoever knows lambda; what is no lambda is refused.
  const auto told = [&](const std::string& lambda) {
    return pair.compare({"--theta", seed_file(), "--l2", lambda});
  };
  BOOST_TEST(has(told("0.3").out, {"the L2 term with lambda = 0.3 is missing"}));
  BOOST_TEST(has(told("1.2/4").out, {"the L2 term with lambda = 1.2/4 is missing"}));
  BOOST_TEST(has(told("0.15").out, {"the L2 term with lambda = 0.15 has the wrong sign"}));
  for (const char* none : {"-0.3", "0", "0.3/0", "much", "0.3/"}) {
    BOOST_TEST(told(none).status == 2);
    BOOST_TEST(has(told(none).err, {none, "0.7/50"}));
  }
  const Run absent = pair.compare({"--theta", pair.right});
  BOOST_TEST(absent.status != 2);  // under the same names is allowed
  BOOST_TEST(pair.compare({"--theta", "absent.npz"}).status == 2);
}

BOOST_AUTO_TEST_CASE(the_tolerance_draws_the_line) {
  const Pair pair(each("dW3", times(1 + 4e-6)));  // difference 2e-6
  BOOST_TEST(pair.compare().status == 1);
  BOOST_TEST(pair.compare({"--tolerance", "1e-6"}).status == 1);
  BOOST_TEST(pair.compare({"--tolerance", "3e-6"}).status == 0);
  // Stored in float32 there are seven digits: 1e-5 is what can be asked.
  const Pair narrow([](Arrays& a) {
    Tensor& w = find(a, "dW3");
    for (double& v : w.data<double>()) v *= 1 + 4e-6;
    w = w.to(DType::float32);
  });
  BOOST_TEST(narrow.compare().status == 0);
  BOOST_TEST(narrow.compare({"--tolerance", "1e-7"}).status == 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_finite_fails_and_all_zeros_prove_nothing) {
  const Pair nan([](Arrays& a) { find(a, "db1").data<double>()[2] = std::nan(""); });
  BOOST_TEST(nan.compare().status == 1);
  BOOST_TEST(has(nan.compare().out, {"db1[2, 0]", "not finite"}));
  const Folder folder;
  const std::string zero = folder / "zero.npz";
  nn::write_npz(zero, Arrays{{"w", Tensor(Shape{3})}});
  const Run r = run({"compare", zero, zero});
  BOOST_TEST(r.status == 3);
  BOOST_TEST(has(r.out, {"nothing was compared"}));
}

BOOST_AUTO_TEST_CASE(reports_go_where_they_are_asked) {
  const Pair pair(each("dW2", times(2)));
  const std::string html = pair.folder / "r.html", junit = pair.folder / "r.xml";
  BOOST_TEST(pair.compare({"--html", html, "--junit", junit}).status == 1);
  BOOST_TEST(has(read(html), {"wrong.npz against", "2 times the right one", "reference"}));
  BOOST_TEST(has(read(junit), {"<testsuite ", "failures=\"1\"", "name=\"dW2\"><failure"}));
}

BOOST_AUTO_TEST_CASE(files_that_do_not_belong_together) {
  const auto refused = [](const Run& r, const std::vector<std::string>& named) {
    BOOST_TEST(r.status == 2);
    BOOST_TEST(r.out == "");
    BOOST_TEST(has(r.err, named));
  };
  const Pair lacking([](Arrays& a) { std::erase_if(a, [](auto& n) { return n.name == "db2"; }); });
  refused(lacking.compare(), {"right.npz has db2, which", "wrong.npz has not"});
  refused(run({"compare", lacking.right, lacking.wrong}), {"right.npz has db2, which"});
  refused(lacking.compare({"--blocks", "db2"}), {"wrong.npz", "db2"});
  BOOST_TEST(lacking.compare({"--blocks", "dW1,dW2"}).status == 0);
  refused(lacking.compare({"--blocks", "dW1,dW1"}), {"dW1"});
  const Pair other([](Arrays& a) { find(a, "dW2") = Tensor(Shape{6, 3}); });
  refused(other.compare(), {"right.npz: dW2 has shape (3, 6)", "(6, 3)"});
  const Pair pair;
  refused(pair.compare({"--tolerance", "0"}), {"tolerance"});
  refused(pair.compare({"--tolerance", "nan"}), {"tolerance"});
  refused(pair.compare({"third.npz"}), {"positional"});
  refused(run({"compare", pair.right}), {"two files", "1 given"});
  refused(run({"compare"}), {"two files", "0 given"});
  refused(run({"compare", pair.right, "absent.npz"}), {"absent.npz"});
  write(pair.wrong, "no archive");
  refused(pair.compare(), {"wrong.npz"});
}

// What lies beside the arrays in other people's archives is left out, and said to be.
BOOST_AUTO_TEST_CASE(entries_that_are_no_arrays_are_named_and_left_out) {
  const Pair pair;
  const std::string text = "weights of May";
  int code = 0;
  zip_t* archive = zip_open(pair.wrong.c_str(), 0, &code);
  BOOST_REQUIRE(archive != nullptr);
  zip_source_t* source = zip_source_buffer(archive, text.data(), text.size(), 0);
  BOOST_REQUIRE(zip_file_add(archive, "README.txt", source, ZIP_FL_ENC_UTF_8) >= 0);
  BOOST_REQUIRE(zip_close(archive) == 0);
  const Run r = pair.compare();
  BOOST_TEST(r.status == 0, r.err);
  BOOST_TEST(has(r.out, {"wrong.npz: README.txt was not compared: not an array"}));
  BOOST_TEST(pair.compare({"--blocks", "dW1"}).out.find("README") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
