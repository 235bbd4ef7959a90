#include "nn/inspect/summary.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "nn/inspect/picture.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/residual.hpp"
#include "nn/layers/sequence/recurrent.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/layers/spatial/conv.hpp"
#include "nn/layers/spatial/conv_transpose.hpp"
#include "nn/layers/spatial/pooling.hpp"

namespace dtheta::nn::test {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The multiply-adds of a model for one input.
template <class M>
Index products(const M& model, const Tensor& input) {
  return summary(model, input).multiply_adds;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(model_summary)

BOOST_AUTO_TEST_CASE(a_table_says_what_each_layer_makes_and_costs) {
  Sequential model{Conv2d(1, 8, 3, {.padding = 1, .bias = false}),
                   BatchNorm2d(8),
                   Activation::relu,
                   MaxPool2d(2),
                   Flatten(),
                   Linear(8 * 14 * 14, 10)};
  freeze(model, "0");
  const Summary s = summary(model, {32, 1, 28, 28});
  // Each pixel of the result is 9 products; each output of the dense layer 1568.
  BOOST_TEST(s.multiply_adds == 32 * (8 * 28 * 28 * 9 + 1568 * 10));
  BOOST_TEST(s.parameters == 72 + 16 + 15690);
  BOOST_TEST(s.trainable == 16 + 15690);
  BOOST_TEST(s.parameter_bytes == 4 * s.parameters);
  BOOST_REQUIRE_EQUAL(s.rows.size(), 7U);
  BOOST_TEST(s.rows[0].parameters == s.parameters);
  BOOST_TEST(s.rows[0].bytes == s.value_bytes);
  BOOST_TEST(s.rows[1].path == "0");
  BOOST_TEST(s.rows[1].type == "Conv2d");
  BOOST_TEST((s.rows[1].outputs == std::vector{Shape{32, 8, 28, 28}}));
  BOOST_TEST(s.rows[1].parameters == 72);
  BOOST_TEST(s.rows[1].bytes == 4 * 32 * 8 * 28 * 28);
  BOOST_TEST(s.rows[5].type == "Flatten");
  BOOST_TEST(s.rows[5].bytes == 0);  // it moves nothing
  const std::string text = to_string(s);
  BOOST_TEST(
      has(text, "\n  0    Conv2d       (32, 8, 28, 28)          72      1,806,336   802.8 KB\n"),
      text);
  BOOST_TEST(has(text, "15,778 parameters, 15,706 of them trainable, 63.1 KB\n"), text);
  BOOST_TEST(has(text, "2,308,096 multiply-adds, values of "), text);
  // It has asked for no values, and given none.
  for (const auto& p : fields_of(model).parameters) {
    BOOST_TEST(p.member->pending == (p.path[0] == '0' || p.path[0] == '5'));
  }
}

BOOST_AUTO_TEST_CASE(products_are_counted_op_by_op) {
  BOOST_TEST(products(Linear(3, 5), Tensor(Shape{2, 4, 3})) == 2 * 4 * 3 * 5);
  BOOST_TEST(products(Linear(3, 5, {.bias = false}), Tensor(Shape{2, 4, 3})) == 2 * 4 * 3 * 5);
  BOOST_TEST(products(Conv2d(4, 6, {3, 2}, {.groups = 2}), Tensor(Shape{2, 4, 5, 5})) ==
             2 * 6 * 3 * 4 * (2 * 3 * 2));
  // Each element of x meets each element of its filters.
  BOOST_TEST(products(ConvTranspose1d(4, 6, 3, {.stride = 2}), Tensor(Shape{2, 4, 5})) ==
             2 * 4 * 5 * (6 * 3));
  BOOST_TEST(products(LSTM(3, 5), Tensor(Shape{2, 7, 3})) == 2 * 7 * 4 * 5 * (3 + 5));
  BOOST_TEST(products(GRU(3, 5), Tensor(Shape{2, 7, 3})) == 2 * 7 * 3 * 5 * (3 + 5));
  BOOST_TEST(products(Embedding(5, 3), Tensor(Shape{4}, DType::int64)) == 0);
}

BOOST_AUTO_TEST_CASE(calls_stand_below_their_caller) {
  const Sequential model{Residual(Sequential{Linear(3, 3), Activation::tanh})};
  const Summary s = summary(model, {2, 3});
  std::string rows;
  for (const SummaryRow& r : s.rows) {
    rows += std::string(static_cast<std::size_t>(r.depth), '>') + r.path + " " + r.type + " " +
            std::to_string(r.parameters) + "\n";
  }
  BOOST_TEST(rows ==
             " Sequential 12\n>0 Residual 12\n>>0.inner Sequential 12\n"
             ">>>0.inner.0 Linear 12\n>>>0.inner.1 Activate 0\n");
}

BOOST_AUTO_TEST_CASE(a_tape_has_a_picture) {
  Sequential model{Linear(3, 2), Activation::tanh};
  initialize(model, 1);
  Tape tape;
  Recording r(tape, fields_of(model));
  static_cast<void>(r(model, tape.leaf(Tensor(Shape{4, 3}), "x \"in\"")));
  const std::string wanted =
      "digraph tape {\n"
      "node [shape=box];\n"
      "n0 [shape=ellipse, label=\"x \\\"in\\\"\\n(4, 3)\"];\n"
      "subgraph cluster_0 {\n"
      "label=\"Sequential\";\n"
      "subgraph cluster_1 {\n"
      "label=\"0 Linear\";\n"
      "n1 [shape=ellipse, label=\"0.weight\\n(2, 3)\"];\n"
      "n2 [shape=ellipse, label=\"0.bias\\n(2)\"];\n"
      "n3 [label=\"affine\\n(4, 2)\"];\n"
      "}\n"
      "subgraph cluster_2 {\n"
      "label=\"1 Activate\";\n"
      "n4 [label=\"tanh\\n(4, 2)\"];\n"
      "}\n"
      "}\n"
      "n0 -> n3;\n"
      "n1 -> n3;\n"
      "n2 -> n3;\n"
      "n3 -> n4;\n"
      "}\n";
  BOOST_TEST(to_dot(tape, r.calls()) == wanted);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
