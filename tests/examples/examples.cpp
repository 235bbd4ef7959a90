// The programs of examples/, run as a reader would, in their quick form. What they print is held to
// what it would not be if something were broken.

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <regex>
#include <string>
#include <vector>

namespace dtheta::test {
namespace {

struct Run {
  int status = -1;
  std::string output;
};

Run run(const std::string& name, const std::string& arguments) {
  const std::string command =
      std::string(DTHETA_EXAMPLE_PROGRAMS) + "/" + name + " " + arguments + " 2>&1";
  FILE* pipe = popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe != nullptr);
  Run run;
  std::array<char, 4096> part{};
  while (const std::size_t n = fread(part.data(), 1, part.size(), pipe)) {
    run.output.append(part.data(), n);
  }
  const int status = pclose(pipe);
  run.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return run;
}

/// The number behind `what` lies in [low, high].
struct Number {
  std::string what;  // a regular expression with one group
  double low, high;
};

struct Example {
  std::string name;
  std::string arguments;
  std::vector<Number> numbers;
  std::vector<std::string> texts{};
};
std::ostream& operator<<(std::ostream& out, const Example& e) {
  return out << e.name << ' ' << e.arguments;
}

const std::string data = DTHETA_EXAMPLE_DATA;

const std::vector<Example> examples{
    // Nothing linear leaves less than the principal components, up to float's rounding.
    {"autoencoder",
     "",
     {{"linear leaves ([0-9.]+) times", 0.9999, 1.001}, {"deep leaves ([0-9.]+) times", 0, 0.05}}},
    // |u - truth| <= the norm of the equation's Green's function, sqrt(1/48), times the root of the
    // mean squared residual. What is left of that is rounding, with another sign at each of 32
    // points, of which 1 / sqrt(32) adds up: sqrt(5e-7 / 48 / 32) = 1.8e-5.
    {"boundary_value",
     "",
     {{"iteration 251 +residual ([0-9.e+-]+)", 0, 5e-7},
      {"largest error of u ([0-9.e+-]+)", 0, 2e-5}}},
    // What the LSTM knows by heart: a net that forgets each step's past could not.
    {"characters", "", {{"perplexity ([0-9.]+)", 1, 1.4}, {"recited ([0-9]+) of 621", 60, 621}}},
    {"classifier", "", {{"accuracy ([0-9.]+)", 0.9, 1}}},
    // Of the steepest direction 0.9^80 of the excess are left, 2.2e-4; one that grows by 1.1 a step
    // is 2000 times as far up at the most.
    {"curvature",
     "",
     {{"1.9 / lambda: ([0-9.e+-]+) times", 1e-4, 4e-4},
      {"2.1 / lambda: ([0-9.e+-]+) times", 100, 2100}}},
    {"critic", "", {{"told apart by ([0-9.]+), in theory 2.200", 2.1, 2.3}}},
    {"hand_written_gradient", "", {}, {"with the penalty forgotten"}},
    {"iris", data + "/iris.csv", {{"accuracy ([0-9.]+) on 45 others", 0.9, 1}}},
    {"jacobians", "", {}},
    {"own_op", "", {{"y = ([0-9.-]+)", 0.021, 0.022}}},
    // Of 3,000 targets: three deviations of the share are 0.03, as much again for training.
    {"own_parts",
     "",
     {{"below 0.1 +([0-9.]+)", 0.05, 0.15},
      {"below 0.5 +([0-9.]+)", 0.45, 0.55},
      {"below 0.9 +([0-9.]+)", 0.85, 0.95}},
     {"what nn::Sgd trains is the same"}},
    // Smooth penalties end where rounding leaves the descent: a gradient of 60 products of about 1
    // is right to some 8 roundings of 2^-24, times 2, over a curvature of 2, and a weight near 2 to
    // another. Weights that should be 0 are moved to and fro by the slope of |w|, below 1: by 6e-8
    // k^2 when k steps are left, as the cosine has it. What they are off by when some 15 steps are
    // left is not made good: these are too small.
    {"regression",
     "",
     {{"l1 +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 2e-5},
      {"l2 +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 1e-6},
      {"elastic_net +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 2e-5},
      {"group_lasso +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 1e-6},
      {"max_norm +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 1e-6},
      {"orthogonal +differs from its closed form by ([0-9.e+-]+); gradient: pass", 0, 1e-6}}},
    {"residual_net", "", {{"test accuracy ([0-9.]+)", 0.95, 1}}},
    {"rotation_residual",
     "",
     {},
     {"attitude[0] is wrong: row 2, column 0", "only f[2] by attitude[0] is wrong (its sign)"}},
    {"sorting", "", {{"sorted ([0-9]+) of 1000 new sequences", 1000, 1000}}},
    {"training_loop", "", {{"step 500  cost ([0-9.]+)", 0, 0.1}}},
};

void require_number(const std::string& output, const Number& number) {
  std::smatch found;
  BOOST_REQUIRE_MESSAGE(std::regex_search(output, found, std::regex(number.what)),
                        "no '" << number.what << "' in:\n"
                               << output);
  const double value = std::strtod(found[1].str().c_str(), nullptr);
  BOOST_TEST(value >= number.low, output);
  BOOST_TEST(value <= number.high, output);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(examples_run)

BOOST_DATA_TEST_CASE(an_example_shows_what_it_says, boost::unit_test::data::make(examples)) {
  const Run said = run(sample.name, sample.arguments);
  BOOST_TEST(said.status == 0, said.output);
  for (const Number& number : sample.numbers) require_number(said.output, number);
  for (const std::string& text : sample.texts) {
    BOOST_TEST(said.output.find(text) != std::string::npos, said.output);
  }
}

BOOST_AUTO_TEST_CASE(the_cnn_learns_stripes_and_goes_on_from_its_checkpoint) {
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / ("dtheta-cnn-" + std::to_string(getpid()));
  const Number accuracy{"test accuracy ([0-9.]+)", 0.9, 1};
  const Run first = run("cnn", "--quick " + file.string());
  require_number(first.output, accuracy);
  BOOST_TEST(first.output.find("resumed after step") == std::string::npos);
  const Run second = run("cnn", "--quick " + file.string());
  std::filesystem::remove(file);
  BOOST_TEST(second.output.find("resumed after step 72") != std::string::npos, second.output);
  const auto last_line = [](const std::string& text) {
    return text.substr(text.rfind("test acc"));
  };
  require_number(second.output, accuracy);
  BOOST_TEST(last_line(first.output) == last_line(second.output));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test
