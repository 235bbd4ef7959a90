#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/workspace.hpp"
#include "data/files.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_cost.hpp"
#include "nn/model_ref.hpp"
#include "plain_network.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

/// A layer from outside the library, with a parameter of its own.
struct Scale {
  Parameter factor{.symbol = "scale", .value = Tensor(3.0)};
  [[nodiscard]] Var forward(Recording& recording, Var x) const { return recording(factor) * x; }
  void fields(Fields& fields) { fields("factor", factor); }
};
static_assert(Layer<Scale>);
static_assert(Layer<Sequential>);
static_assert(!Layer<int>);

/// One without any.
struct Double {
  [[nodiscard]] Var forward(Recording&, Var x) const { return 2 * x; }
};

std::string names_of(Sequential& model) {
  std::string names;
  for (const auto& p : fields_of(model).parameters) names += p.path + " ";
  return names;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers)

BOOST_AUTO_TEST_CASE(linear_is_x_times_w_transposed_plus_b) {
  const Linear layer(Tensor(Shape{2, 3}, {1.0, 2.0, 3.0, -1.0, 0.0, 1.0}),
                     Tensor(Shape{2}, {10.0, 20.0}));
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(Shape{2, 3}, {1.0, 0.0, 0.0, 1.0, 2.0, 4.0}));
  BOOST_TEST(
      (layer.forward(recording, x).value() == Tensor(Shape{2, 2}, {11.0, 19.0, 27.0, 23.0})));
}

BOOST_AUTO_TEST_CASE(linear_starts_as_it_is_told) {
  const Linear usual(7, 5, {1, 2});
  BOOST_TEST((usual.weight() == uniform_by_fan(7)({5, 7}, {1, 2})));
  const Tensor bias = usual.bias();
  for (const double b : bias.data<double>()) BOOST_TEST(std::abs(b) < 1 / std::sqrt(7));
  const Linear he(7, 5, {1, 2}, {.weight_init = he_normal, .bias_init = always(0)});
  BOOST_TEST((he.weight() == he_normal({5, 7}, {1, 2})));
  BOOST_TEST((he.bias() == Tensor(Shape{5})));
}

BOOST_AUTO_TEST_CASE(linear_refuses_what_does_not_fit) {
  const auto refusal = [](const Tensor& w, const Tensor& b) {
    return message<ShapeError>([&] { return Linear(w, b); });
  };
  BOOST_TEST(refusal(Tensor(Shape{2, 3}), Tensor(Shape{3})) ==
             "linear: weight (2, 3) and bias (3) do not fit: (out, in) and (out) are needed");
  BOOST_TEST(refusal(Tensor(Shape{6}), Tensor(Shape{6})) ==
             "linear: weight (6) and bias (6) do not fit: (out, in) and (out) are needed");
  BOOST_TEST(message<ShapeError>([] { return Linear(0, 3); }) ==
             "linear: 0 inputs and 3 outputs, need at least 1");
  BOOST_TEST(message<TypeError>([] {
               return Linear(Tensor(Shape{2, 3}, DType::int64), Tensor(Shape{2}));
             }) == "linear: weight is int64, must be real");
}

BOOST_AUTO_TEST_CASE(a_sequence_names_its_parameters_by_their_places) {
  Sequential model{Linear(2, 3, {1, 0}), Activation::relu,
                   Sequential{Scale{}, Double{}, Linear(3, 3, {1, 1})}, Activation::tanh};
  model.add(Linear(3, 1, {1, 2}));
  BOOST_TEST(names_of(model) == "0.weight 0.bias 2.0.factor 2.2.weight 2.2.bias 4.weight 4.bias ");
  Tape tape;
  Recording recording(tape, fields_of(model));
  const Var y = model.forward(recording, tape.leaf(Tensor(Shape{5, 2})));
  BOOST_TEST((y.shape() == Shape{5, 1}));
  std::string recorded;
  for (const RecordedParameter& p : recording.parameters()) {
    recorded += p.name + ":" + std::to_string(p.layer) + (p.regularized ? " " : "' ");
    BOOST_TEST(tape.name(p.var.index()) == p.name);
  }
  BOOST_TEST(recorded ==
             "0.weight:1 0.bias:1' 2.0.factor:2 2.2.weight:3 2.2.bias:3' 4.weight:4 4.bias:4' ");
}

BOOST_AUTO_TEST_CASE(a_model_and_a_batch_make_a_cost) {
  const Sequential model{Linear(Tensor(Shape{1, 2}, {1.0, 2.0}), Tensor(Shape{1}, {0.5})),
                         Dropout(0.5, {1, 1})};
  const Tensor x(Shape{2, 2}, {1.0, 0.0, 0.0, 1.0}), y(Shape{2, 1}, {0.5, 1.5});
  const Regularizer l2{Penalty::l2, 0.5, Convention::lambda_over_m};
  Tape tape;
  const auto cost = [&](Index examples) {
    return record_cost(tape, model, x, y, {Loss::mse, {l2}, examples}, Mode::evaluate);
  };
  // Outputs 1.5 and 2.5: both 1 from their target. L2: 5 lambda / m, m = 2 where nothing is said.
  BOOST_TEST((cost(0).output.value() == Tensor(Shape{2, 1}, {1.5, 2.5})));
  BOOST_TEST(cost(0).parts[0].value.item() == 1.0);
  BOOST_TEST(cost(0).cost.item() == 1 + 1.25);
  BOOST_TEST(cost(10).cost.item() == 1 + 0.25);
  BOOST_TEST(message<ShapeError>([&] {
               return record_cost(tape, model, Tensor(Shape{0, 2}), y, {}).cost;
             }) == "record_cost: the input (0, 2) holds no examples");
}

BOOST_AUTO_TEST_CASE(a_copy_shares_nothing) {
  Sequential model{Scale{}};
  Sequential copy = model;
  parameters_of(copy)[0]->value = Tensor(5.0);
  BOOST_TEST(parameters_of(model)[0]->value.item() == 3.0);
}

BOOST_AUTO_TEST_CASE(a_parameter_used_twice_is_one_leaf) {
  const Scale scale;
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(2.0));
  const Var y = scale.forward(recording, scale.forward(recording, x));
  BOOST_REQUIRE(recording.parameters().size() == 1u);
  // y = s^2 x, dy/ds = 2 s x
  BOOST_TEST(y.item() == 18.0);
  BOOST_TEST(grad(y, recording.parameters()[0].var).item() == 12.0);
}

BOOST_DATA_TEST_CASE(activations_and_their_slopes_are_those_of_plain_code,
                     bdata::make({"identity", "relu", "leaky_relu", "sigmoid", "log_sigmoid",
                                  "tanh", "softplus", "softsign", "silu", "elu"}),
                     name) {
  const std::vector<double> points{-3.5, -1.0, -0.125, 0.25, 1.0, 2.75};
  const Activation f = parse_activation(name);
  BOOST_TEST(to_string(f) == name);
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(Shape{6}, std::span<const double>(points)));
  const Var y = Activate{f}.forward(recording, x);
  const Var slope = grad(sum(y), x);
  for (std::size_t i = 0; i < points.size(); ++i) {
    // Each side is a handful of roundings of values below 4, of which 1 - tanh^2 loses the most.
    BOOST_TEST(std::abs(y.data<double>()[i] - plain_value(name, points[i])) <= 16 * 0x1p-53 * 4);
    BOOST_TEST(std::abs(slope.data<double>()[i] - plain_slope(name, points[i])) <=
               16 * 0x1p-53 * 4);
  }
}

BOOST_AUTO_TEST_CASE(softmax_takes_the_axis_of_the_classes) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2, 3}, {1.0, 2.0, 3.0, 1.0, 2.0, 3.0}));
  const Var columns = activate(Activation::softmax, x, 0), rows = activate(Activation::softmax, x);
  for (const double v : columns.data<double>()) BOOST_TEST(v == 0.5);
  const double total = 1 + std::exp(-1.0) + std::exp(-2.0);
  // An exponential, a sum of three and a quotient on each side.
  BOOST_TEST(std::abs(rows.data<double>()[2] - 1 / total) <= 10 * 0x1p-53);
  BOOST_TEST(std::abs(activate(Activation::log_softmax, x).data<double>()[2] + std::log(total)) <=
             10 * 0x1p-53);
}

BOOST_DATA_TEST_CASE(statement_12_keep_prob_lies_in_0_to_1,
                     bdata::make({0.0, -0.5, 1.0000001, std::nan("")}), keep_prob) {
  BOOST_TEST(
      message<ValueError>([&] { return Dropout(keep_prob); }).starts_with("dropout: keep_prob "));
}

BOOST_AUTO_TEST_CASE(
    statement_12_masks_are_frozen_while_the_step_stays_and_drawn_anew_when_it_moves) {
  const Dropout layer(0.75, {9, 4});
  Tape tape;
  Recording recording(tape);
  const Var y = layer.forward(recording, tape.leaf(constant({100, 100}, 1)));
  Workspace<double> ws(Plan{y});
  const auto mask = [&](Index step) {
    ws.index_leaf(tape.step())[0] = step;
    ws.run();
    return ws.tensor(y);
  };
  const Tensor first = mask(1), second = mask(2);
  BOOST_TEST((mask(1) == first));
  BOOST_TEST(!(second == first));
  double kept = 0, both = 0;
  for (std::size_t i = 0; i < 10000; ++i) {
    const double a = first.data<double>()[i], b = second.data<double>()[i];
    BOOST_REQUIRE((a == 0 || a == 1 / 0.75));
    kept += a != 0 ? 1 : 0;
    both += a != 0 && b != 0 ? 1 : 0;
  }
  // Five standard deviations of a binomial count of 10,000: 5 sqrt(p (1 - p) 10,000).
  BOOST_TEST(std::abs(kept - 7500) <= 5 * std::sqrt(0.75 * 0.25 * 1e4));
  BOOST_TEST(std::abs(both - 5625) <= 5 * std::sqrt(0.5625 * 0.4375 * 1e4));
}

BOOST_AUTO_TEST_CASE(statement_12_dropout_does_nothing_in_evaluation_or_when_it_keeps_all) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{3}));
  Recording evaluation(tape, Mode::evaluate), training(tape);
  BOOST_TEST(Dropout(0.5, {}).forward(evaluation, x).is(x));
  BOOST_TEST(Dropout(1, {}).forward(training, x).is(x));
  BOOST_TEST(!Dropout(0.5, {0, 0}).forward(training, x).is(x));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
