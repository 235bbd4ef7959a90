// What a dense network refuses, and in which words.

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "data/files.hpp"
#include "nn/dense_network.hpp"
#include "nn/init.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A 3-2-1 network of four examples, to be spoilt.
struct Request {
  std::vector<NamedTensor> arrays{{"X", constant({3, 4}, 0.5)},  {"Y", constant({1, 4}, 1)},
                                  {"W1", constant({2, 3}, 0.1)}, {"b1", constant({2, 1}, 0.2)},
                                  {"W2", constant({1, 2}, 1)},   {"b2", constant({1, 1}, 0)}};
  DenseOptions options{.activations = {Activation::relu, Activation::sigmoid}};

  Tensor& operator[](std::string_view name) {
    return std::ranges::find(arrays, name, &NamedTensor::name)->value;
  }
  void remove(std::string_view name) {
    std::erase_if(arrays, [&](const NamedTensor& a) { return a.name == name; });
  }
  /// Two outputs with class losses.
  void use_classes() {
    (*this)["W2"] = constant({3, 2}, 1);
    (*this)["b2"] = constant({3, 1}, 0);
    options.activations.back() = Activation::softmax;
    options.loss = Loss::cross_entropy;
  }
};

enum class Kind { shape, value, type };

struct Case {
  std::string message;
  Kind kind;
  std::function<void(Request&)> spoil;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.message; }

std::string refusal(const Request& r, Kind kind) {
  const auto build = [&] { return DenseNetwork(r.arrays, r.options).layer_count(); };
  switch (kind) {
    case Kind::shape:
      return message<ShapeError>(build);
    case Kind::value:
      return message<ValueError>(build);
    case Kind::type:
      return message<TypeError>(build);
  }
  return {};
}

const std::vector<Case> cases{
    {"network: there is no array X; the arrays are: Y, W1, b1, W2, b2", Kind::value,
     [](Request& r) { r.remove("X"); }},
    {"network: there is no array Y; the arrays are: X, W1, b1, W2, b2", Kind::value,
     [](Request& r) { r.remove("Y"); }},
    {"network: there is no array b1; the arrays are: X, Y, W1, W2, b2", Kind::value,
     [](Request& r) { r.remove("b1"); }},
    {"network: there is no array W1; the arrays are: X, Y, b1, W2, b2", Kind::value,
     [](Request& r) { r.remove("W1"); }},
    {"network: there is no array X; the arrays are: none", Kind::value,
     [](Request& r) { r.arrays.clear(); }},
    {"network: 1 activations for 2 layers", Kind::value,
     [](Request& r) { r.options.activations.pop_back(); }},
    {"dropout: keep_prob 0 is outside (0, 1]", Kind::value,
     [](Request& r) { r.options.keep_prob = 0; }},
    {"dropout: keep_prob 1.5 is outside (0, 1]", Kind::value,
     [](Request& r) { r.options.keep_prob = 1.5; }},
    {"dropout: keep_prob nan is outside (0, 1]", Kind::value,
     [](Request& r) { r.options.keep_prob = nan_value; }},

    {"network: X (3, 0) is empty", Kind::shape,
     [](Request& r) {
       r["X"] = Tensor(Shape{3, 0});
     }},
    {"network: W1 (0, 3) is empty", Kind::shape,
     [](Request& r) {
       r["W1"] = Tensor(Shape{0, 3});
     }},
    {"network: X (12) must be (features, examples)", Kind::shape,
     [](Request& r) { r["X"] = Tensor(Shape{12}); }},
    {"network: W1 (2, 4) does not fit: X (3, 4) has 3 features, so (n, 3) is needed", Kind::shape,
     [](Request& r) {
       r["W1"] = Tensor(Shape{2, 4});
     }},
    {"network: W2 (1, 3) does not fit: layer 1 has 2 outputs, so (n, 2) is needed", Kind::shape,
     [](Request& r) {
       r["W2"] = Tensor(Shape{1, 3});
     }},
    {"network: W2 (2) does not fit: layer 1 has 2 outputs, so (n, 2) is needed", Kind::shape,
     [](Request& r) { r["W2"] = Tensor(Shape{2}); }},
    {"network: b1 (2) does not fit W1 (2, 3): (2, 1) is needed", Kind::shape,
     [](Request& r) { r["b1"] = Tensor(Shape{2}); }},
    {"network: b1 (1, 2) does not fit W1 (2, 3): (2, 1) is needed", Kind::shape,
     [](Request& r) {
       r["b1"] = Tensor(Shape{1, 2});
     }},
    {"network: Y (1, 5) does not fit 1 outputs and 4 examples: (1, 4) is needed", Kind::shape,
     [](Request& r) {
       r["Y"] = Tensor(Shape{1, 5});
     }},
    {"network: Y (4, 1) does not fit 1 outputs and 4 examples: (1, 4) is needed", Kind::shape,
     [](Request& r) {
       r["Y"] = Tensor(Shape{4, 1});
     }},
    {"network: cross_entropy needs at least 2 outputs, there is 1", Kind::shape,
     [](Request& r) { r.options.loss = Loss::cross_entropy; }},

    {"network: W1 is int64, parameters must be real", Kind::type,
     [](Request& r) {
       r["W1"] = Tensor(Shape{2, 3}, DType::int64);
     }},

    {"network: X[1, 2] is nan, must be finite", Kind::value,
     [](Request& r) { r["X"].data<double>()[6] = nan_value; }},
    {"network: W1[1, 0] is inf, must be finite", Kind::value,
     [](Request& r) { r["W1"].data<double>()[3] = infinity; }},
    {"network: b1[1, 0] is -inf, must be finite", Kind::value,
     [](Request& r) { r["b1"].data<double>()[1] = -infinity; }},
    {"network: Y[0, 3] is nan, must be finite", Kind::value,
     [](Request& r) { r["Y"].data<double>()[3] = nan_value; }},

    {"network: Y[0, 1] is 2, labels of binary_cross_entropy lie in [0, 1]", Kind::value,
     [](Request& r) { r["Y"].data<double>()[1] = 2; }},
    {"network: Y[0, 1] is -0.1, labels of binary_cross_entropy_with_logits lie in [0, 1]",
     Kind::value,
     [](Request& r) {
       r.options.loss = Loss::binary_cross_entropy_with_logits;
       r["Y"].data<double>()[1] = -0.1;
     }},
    {"network: Y[0, 2] is 3, a class must be a whole number in [0, 3)", Kind::value,
     [](Request& r) {
       r.use_classes();
       r["Y"].data<double>()[2] = 3;
     }},
    {"network: Y[2] is -1, a class must be a whole number in [0, 3)", Kind::value,
     [](Request& r) {
       r.use_classes();
       r["Y"] = Tensor(Shape{4}, std::initializer_list<Index>{0, 1, -1, 2});
     }},
    {"network: Y[0, 0] is 0.5, a class must be a whole number in [0, 3)", Kind::value,
     [](Request& r) {
       r.use_classes();
       r["Y"].data<double>()[0] = 0.5;
     }},
    {"network: column 0 of Y adds up to 1.5, class probabilities add up to 1", Kind::value,
     [](Request& r) {
       r.use_classes();
       r["Y"] = constant({3, 4}, 0.5);
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dense_network_input)

BOOST_DATA_TEST_CASE(what_is_wrong_is_named, bdata::make(cases), c) {
  Request r;
  BOOST_CHECK_NO_THROW(DenseNetwork(r.arrays, r.options));
  c.spoil(r);
  BOOST_TEST(refusal(r, c.kind) == c.message);
}

BOOST_AUTO_TEST_CASE(integers_are_taken_for_data_and_labels) {
  Request r;
  const double cost = [&] {
    Tape tape;
    return DenseNetwork(r.arrays, r.options).record(tape).cost.item();
  }();
  r["Y"] = Tensor(Shape{4}, std::initializer_list<Index>{1, 1, 1, 1});
  Tape tape;
  BOOST_TEST(DenseNetwork(r.arrays, r.options).record(tape).cost.item() == cost);
}

BOOST_AUTO_TEST_CASE(float32_arrays_are_taken_and_other_arrays_ignored) {
  Request r;
  for (NamedTensor& a : r.arrays) a.value = a.value.to(DType::float32);
  r.arrays.push_back({"dW1", Tensor(Shape{2, 3})});
  r.arrays.push_back({"Wx", Tensor(Shape{0})});
  r.arrays.push_back({"b07", Tensor(Shape{0})});
  BOOST_CHECK_NO_THROW(DenseNetwork(r.arrays, r.options));
}

BOOST_AUTO_TEST_CASE(unknown_names_are_answered_with_those_that_there_are) {
  BOOST_TEST(
      message<ValueError>([] { return parse_activation("rleu"); }) ==
      "unknown activation \"rleu\"; there are: identity, relu, relu6, leaky_relu, elu, celu, selu, "
      "gelu, gelu_tanh, silu, mish, softplus, softsign, sigmoid, log_sigmoid, hardsigmoid, "
      "hardswish, tanh, hardtanh, softshrink, hardshrink, tanhshrink, softmax, log_softmax, "
      "softmin, glu");
  BOOST_TEST(message<ValueError>([] { return parse_loss("bce"); }) ==
             "unknown loss \"bce\"; there are: mse, l1, huber, binary_cross_entropy, "
             "binary_cross_entropy_with_logits, cross_entropy, cross_entropy_with_logits");
  BOOST_TEST(message<ValueError>([] { return parse_convention(""); }) ==
             "unknown convention \"\"; there are: lambda/2m, lambda/m, lambda");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
