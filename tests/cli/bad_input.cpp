// Requests and files that cannot be met: status 2, nothing on standard output, one line on standard
// error that names the thing.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <ostream>

#include "program.hpp"

namespace dtheta::cli_test {
namespace {

namespace data = boost::unit_test::data;

struct BadRequest {
  Words words;  // after the file and its activations
  std::vector<std::string> named;
};
std::ostream& operator<<(std::ostream& out, const BadRequest& r) {
  for (const std::string& word : r.words) out << word << " ";
  return out;
}

const std::vector<BadRequest> bad_requests{
    {{"--loss", "squared"}, {"squared", "mse", "binary_cross_entropy"}},
    {{"--loss", ""}, {"loss"}},
    {{"--method", "exact"}, {"exact", "textbook", "adaptive"}},
    {{"--convention", "m"}, {"convention", "lambda/2m"}},
    {{"--keep-prob", "0"}, {"keep_prob", "0", "(0, 1]"}},
    {{"--keep-prob", "-0.5"}, {"keep_prob", "-0.5", "(0, 1]"}},
    {{"--keep-prob", "1.01"}, {"keep_prob", "1.01", "(0, 1]"}},
    {{"--keep-prob", "nan"}, {"keep_prob", "(0, 1]"}},
    {{"--keep-prob", "most"}, {"most", "keep-prob"}},
    {{"--keep-prob", "0.5"}, {"live dropout"}},
    {{"--epsilon", "0", "--method", "textbook"}, {"epsilon", "0"}},
    {{"--epsilon", "-1e-7", "--method", "textbook"}, {"epsilon", "-1e-07"}},
    {{"--epsilon", "nan", "--method", "textbook"}, {"epsilon", "nan"}},
    {{"--epsilon", "inf", "--method", "textbook"}, {"epsilon", "inf"}},
    {{"--epsilon", "0"}, {"epsilon"}},
    {{"--epsilon", "small"}, {"epsilon", "small"}},
    {{"--tolerance", "0"}, {"tolerance"}},
    {{"--tolerance", "-1"}, {"tolerance"}},
    {{"--l1", "-1"}, {"l1", "lambda -1"}},
    {{"--l2", "-0.1"}, {"l2", "lambda -0.1"}},
    {{"--l2", "nan"}, {"l2", "lambda nan"}},
    {{"--l2", "inf"}, {"l2", "lambda inf"}},
    {{"--layer", "4"}, {"layer 4"}},
    {{"--layer", "0"}, {"layer 0"}},
    {{"--layer", "first"}, {"first", "layer"}},
    {{"--threads", "0"}, {"threads", "0"}},
    {{"--threads", "-1"}, {"threads"}},
    {{"--gradient", "mine"}, {"mine", "tape"}},
    {{"--gradient", "file"}, {"dW1"}},
    {{"--colour"}, {"--colour"}},
    {{"--json"}, {"--json"}},
    {{"second.npz"}, {"positional"}},
};

/// Damage to the arrays of a network, and what the message must name.
struct BadArrays {
  std::string what;
  std::function<void(std::vector<nn::NamedTensor>&)> damage;
  std::vector<std::string> named;
  Words words{"--activations", "relu,relu,sigmoid"};
};
std::ostream& operator<<(std::ostream& out, const BadArrays& b) { return out << b.what; }

using Arrays = std::vector<nn::NamedTensor>;

std::function<void(Arrays&)> set(const std::string& name, std::size_t at, double value) {
  return [=](Arrays& a) { find(a, name).data<double>()[at] = value; };
}
std::function<void(Arrays&)> reshape(const std::string& name, Shape shape) {
  return [=](Arrays& a) { find(a, name) = Tensor(shape); };
}
std::function<void(Arrays&)> remove(const std::string& name) {
  return [=](Arrays& a) { std::erase_if(a, [&](const auto& n) { return n.name == name; }); };
}

const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
const Words classes{"--activations", "relu,relu,softmax", "--loss", "cross_entropy"};

/// Three classes: W3 and b3 of three rows, Y one class for each example.
std::function<void(Arrays&)> with_classes(std::initializer_list<double> y) {
  const std::vector<double> labels(y);
  return [=](Arrays& a) {
    find(a, "W3") = Tensor(Shape{3, 3});
    find(a, "b3") = Tensor(Shape{3, 1});
    find(a, "Y") = Tensor(Shape{1, 4}, std::span<const double>(labels));
  };
}

const std::vector<BadArrays> bad_arrays{
    {"NaN in X", set("X", 7, nan), {"X[1, 3]", "nan"}},
    {"infinity in X", set("X", 0, inf), {"X[0, 0]", "inf"}},
    {"NaN in Y", set("Y", 2, nan), {"Y[0, 2]"}},
    {"NaN in W2", set("W2", 8, nan), {"W2[1, 2]"}},
    {"infinity in b1", set("b1", 5, -inf), {"b1[5, 0]"}},
    {"a label above 1", set("Y", 1, 1.5), {"Y[0, 1]", "1.5", "[0, 1]"}},
    {"a label below 0", set("Y", 3, -1), {"Y[0, 3]", "-1"}},
    {"a class out of range", with_classes({0, 1, 3, 2}), {"Y[0, 2]", "3", "[0, 3)"}, classes},
    {"a negative class", with_classes({0, -1, 1, 2}), {"Y[0, 1]", "-1"}, classes},
    {"half a class", with_classes({0, 1, 0.5, 2}), {"Y[0, 2]", "0.5"}, classes},
    {"no X", remove("X"), {"no array X", "W1"}},
    {"no Y", remove("Y"), {"no array Y"}},
    {"no b2", remove("b2"), {"no array b2"}},
    {"no W2", remove("W2"), {"no array W2"}},
    {"W1 for other features", reshape("W1", {6, 4}), {"W1 (6, 4)", "X (5, 4)", "(n, 5)"}},
    {"W2 for another layer", reshape("W2", {3, 5}), {"W2 (3, 5)", "layer 1 has 6", "(n, 6)"}},
    {"W2 of one axis", reshape("W2", {18}), {"W2 (18)"}},
    {"b1 of another length", reshape("b1", {5, 1}), {"b1 (5, 1)", "W1 (6, 5)", "(6, 1)"}},
    {"b1 as a row", reshape("b1", {1, 6}), {"b1 (1, 6)", "(6, 1)"}},
    {"Y for other examples", reshape("Y", {1, 5}), {"Y (1, 5)", "(1, 4)"}},
    {"X of one axis", reshape("X", {20}), {"X (20)", "(features, examples)"}},
    {"no examples", reshape("X", {5, 0}), {"X (5, 0)", "empty"}},
    {"an empty layer", reshape("W1", {0, 5}), {"W1 (0, 5)", "empty"}},
    {"too many activations",
     [](Arrays&) {},
     {"4 activations", "3 layers"},
     {"--activations", "relu,relu,relu,sigmoid"}},
    {"too few activations",
     [](Arrays&) {},
     {"1 activations", "3 layers"},
     {"--activations", "sigmoid"}},
    {"an unknown activation",
     [](Arrays&) {},
     {"rleu", "relu"},
     {"--activations", "relu,rleu,sigmoid"}},
    {"an empty activation", [](Arrays&) {}, {"activation"}, {"--activations", "relu,,sigmoid"}},
    {"no activations", [](Arrays&) {}, {"--activations"}, {}},
    {"a gradient of another shape",
     [](Arrays& a) {
       for (nn::NamedTensor& g : seed_gradient_arrays()) a.push_back(std::move(g));
       find(a, "dW1") = Tensor(Shape{5, 6});
     },
     {"W1", "(5, 6)", "(6, 5)"}},
};

void refused(const Run& r, const std::vector<std::string>& named) {
  BOOST_TEST(r.status == 2);
  BOOST_TEST(r.out == "");
  BOOST_TEST(r.err.starts_with("gradcheck: "));
  BOOST_TEST(has(r.err, named));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bad_input)

BOOST_DATA_TEST_CASE(requests, data::make(bad_requests), bad) {
  refused(run(seed_request(bad.words)), bad.named);
}

BOOST_DATA_TEST_CASE(arrays, data::make(bad_arrays), bad) {
  const Folder folder;
  Arrays arrays = seed_arrays();
  bad.damage(arrays);
  nn::write_npz(folder / "n.npz", arrays);
  refused(run(Words{"network", folder / "n.npz"} + bad.words), bad.named);
}

BOOST_AUTO_TEST_CASE(files) {
  const Folder folder;
  refused(run({"network", "--activations", "relu"}), {"FILE"});
  refused(run(seed_request({}, folder / "absent.npz")), {"absent.npz"});
  refused(run(seed_request({}, folder / ".")), {folder / "."});
  write(folder / "empty.npz", "");
  refused(run(seed_request({}, folder / "empty.npz")), {"empty.npz"});
  write(folder / "text.npz", "W1 = 3\n");
  refused(run(seed_request({}, folder / "text.npz")), {"text.npz"});
  nn::write_npz(folder / "other.npz", std::vector<nn::NamedTensor>{{"A", Tensor(1.0)}});
  refused(run(seed_request({}, folder / "other.npz")), {"X", "A"});
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere) {
  const Folder folder;
  const std::string whole = read(seed_file()), cut = folder / "cut.npz";
  for (std::size_t part = 1; part <= 20; ++part) {
    write(cut, std::string_view(whole).substr(0, whole.size() * part / 21));
    refused(run(seed_request({}, cut)), {"cut.npz"});
  }
  write(cut, std::string_view(whole).substr(0, whole.size() - 1));
  refused(run(seed_request({}, cut)), {"cut.npz"});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
