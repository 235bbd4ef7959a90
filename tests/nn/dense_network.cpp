#include "nn/dense_network.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/init.hpp"
#include "plain_network.hpp"
#include "tests/data/seed_network_expected.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr double reference_cost = dtheta::test::seed_cost;
const Values reference_gradient(dtheta::test::seed_gradient.begin(),
                                dtheta::test::seed_gradient.end());

DenseOptions reference_options() {
  return {.activations = {Activation::relu, Activation::relu, Activation::sigmoid}};
}

DenseNetwork reference_network(const DenseOptions& options = reference_options()) {
  return {NpzFile(DTHETA_TEST_DATA "/seed_network.npz").arrays(), options};
}

Values values_of(const Tensor& t) {
  const std::span<const double> v = t.data<double>();
  return {v.begin(), v.end()};
}

/// The gradient of J for all parameters, one after the other.
Values gradient_of(const RecordedCost& r) {
  Values all;
  for (const Var g : grad(r.cost, leaves_of(r.parameters))) {
    const std::span<const double> part = g.data<double>();
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

double sum_over_weights(const RecordedCost& r, auto f) {
  double total = 0;
  for (const RecordedParameter& p : r.parameters) {
    if (p.name[0] != 'W') continue;
    for (const double w : p.var.data<double>()) total += f(w);
  }
  return total;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(dense_network)

BOOST_AUTO_TEST_CASE(statement_7_the_reference_network_has_its_cost_and_gradient) {
  Tape tape;
  const RecordedCost r = reference_network().record(tape);
  // The published figures are themselves results of some hundred roundings of values of order one,
  // as ours are: 1e-14 is 45 units in the last place of 1.
  BOOST_TEST(std::abs(r.cost.item() - reference_cost) <= 1e-14);
  const Values gradient = gradient_of(r);
  BOOST_REQUIRE(gradient.size() == reference_gradient.size());
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    BOOST_TEST(std::abs(gradient[i] - reference_gradient[i]) <= 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(statements_1_and_2_parameters_come_in_order_with_name_and_layer) {
  Tape tape;
  const RecordedCost r = reference_network().record(tape);
  std::string order;
  for (const RecordedParameter& p : r.parameters) {
    order += p.name + ":" + std::to_string(p.layer) + ":" + to_string(p.var.shape()) + " ";
    BOOST_TEST(tape.name(p.var.index()) == p.name);
  }
  BOOST_TEST(order == "W1:1:(6, 5) b1:1:(6, 1) W2:2:(3, 6) b2:2:(3, 1) W3:3:(1, 3) b3:3:(1, 1) ");
}

BOOST_AUTO_TEST_CASE(statement_7_logits_give_the_same_cost_and_gradient) {
  DenseOptions options = reference_options();
  options.activations.back() = Activation::identity;
  options.loss = Loss::binary_cross_entropy_with_logits;
  Tape tape;
  const RecordedCost r = reference_network(options).record(tape);
  // Sigmoids are rounded some four times; the loss magnifies that at most tenfold, as no label has
  // a probability below 0.1.
  BOOST_TEST(std::abs(r.cost.item() - reference_cost) <= 10 * 4 * 0x1p-53);
  const Values gradient = gradient_of(r);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    BOOST_TEST(std::abs(gradient[i] - reference_gradient[i]) <= 1e-14);
  }
}

/// Any depth, with every activation somewhere: 1 to 6 layers, the activations taken in turn.
BOOST_DATA_TEST_CASE(statement_16_any_depth_and_mix_of_activations,
                     bdata::xrange(1, 7) * bdata::xrange(10), depth, first) {
  const std::vector<std::string> names{"relu",     "tanh",       "sigmoid",  "leaky_relu",
                                       "softplus", "softsign",   "identity", "silu",
                                       "elu",      "log_sigmoid"};
  constexpr Index m = 3;
  const auto count = static_cast<std::size_t>(depth);
  const auto seed = static_cast<std::uint32_t>(depth * 100 + first);
  std::vector<Index> sizes{4};
  DenseOptions options{.loss = Loss::mse};
  std::vector<PlainLayer> plain(count);
  for (std::size_t l = 0; l < count; ++l) {
    sizes.push_back(2 + static_cast<Index>(l * 7 % 4));
    plain[l].activation = names[(l + static_cast<std::size_t>(first)) % names.size()];
    options.activations.push_back(parse_activation(plain[l].activation));
  }
  std::vector<NamedTensor> arrays = dense_parameters(sizes, {seed, 0});
  for (std::size_t l = 0; l < count; ++l) {
    NamedTensor &w = arrays[2 * l], &b = arrays[2 * l + 1];
    b.value = normal(b.value.shape(), 0, 1, {seed, 100 + static_cast<std::uint32_t>(l)});
    plain[l].out = static_cast<std::size_t>(w.value.shape()[0]);
    plain[l].in = static_cast<std::size_t>(w.value.shape()[1]);
    plain[l].w = values_of(w.value);
    plain[l].b = values_of(b.value);
  }
  const Tensor x = normal({sizes.front(), m}, 0, 1, {seed, 200});
  const Tensor y = normal({sizes.back(), m}, 0, 1, {seed, 201});
  arrays.push_back({"X", x});
  arrays.push_back({"Y", y});

  Tape tape;
  const RecordedCost r = DenseNetwork(arrays, options).record(tape);
  const PlainResult expected = plain_mse(plain, values_of(x), values_of(y), m);
  // Some ten roundings a layer on the way there and ten on the way back, of values that He's
  // initialisation keeps near one, in sums that may cancel to a tenth of their terms.
  const double tolerance = depth * 20 * 0x1p-53 * 10;
  BOOST_TEST(std::abs(r.cost.item() - expected.cost) <= tolerance * (1 + expected.cost));
  std::size_t i = 0;
  for (const Var g : grad(r.cost, leaves_of(r.parameters))) {
    const Values& wanted = expected.gradient[i++];
    double scale = 1;
    for (const double v : wanted) scale = std::max(scale, std::abs(v));
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      BOOST_TEST(std::abs(g.data<double>()[k] - wanted[k]) <= tolerance * scale);
    }
  }
}

BOOST_AUTO_TEST_CASE(statement_16_softmax_and_its_logits_agree_over_classes) {
  const std::vector<Index> sizes{4, 5, 3};
  std::vector<NamedTensor> arrays = dense_parameters(sizes, {7, 0});
  arrays.push_back({"X", normal({4, 6}, 0, 1, {7, 50})});
  const auto with_labels = [&](const Tensor& y, Activation last, Loss loss) {
    std::vector<NamedTensor> all = arrays;
    all.push_back({"Y", y});
    Tape tape;
    const RecordedCost r =
        DenseNetwork(all, {.activations = {Activation::tanh, last}, .loss = loss}).record(tape);
    Values result = gradient_of(r);
    result.push_back(r.cost.item());
    return result;
  };
  const Tensor classes(Shape{6}, std::initializer_list<Index>{0, 2, 1, 1, 0, 2});
  const Tensor row = classes.to(DType::float64).reshaped({1, 6});
  const Tensor one_hot(Shape{3, 6}, {1.0, 0.0, 0.0, 0.0, 1.0, 0.0,  //
                                     0.0, 0.0, 1.0, 1.0, 0.0, 0.0,  //
                                     0.0, 1.0, 0.0, 0.0, 0.0, 1.0});
  const Values expected =
      with_labels(classes, Activation::identity, Loss::cross_entropy_with_logits);
  for (const Tensor& y : {classes, row, one_hot}) {
    for (const bool logits : {true, false}) {
      const Values got =
          with_labels(y, logits ? Activation::identity : Activation::softmax,
                      logits ? Loss::cross_entropy_with_logits : Loss::cross_entropy);
      // No probability is below 0.02 here: what is rounded some eight times is magnified at most 50
      // times.
      for (std::size_t i = 0; i < got.size(); ++i) {
        BOOST_TEST(std::abs(got[i] - expected[i]) <= 50 * 8 * 0x1p-53);
      }
    }
  }
}

struct Term {
  Penalty penalty;
  Convention convention;
  double factor;  // of the sum over all weights, for lambda = 0.7 and m = 4
};
std::ostream& operator<<(std::ostream& out, const Term& t) {
  return out << Regularizer{.penalty = t.penalty}.name() << " " << to_string(t.convention);
}
const std::vector<Term> terms{{Penalty::l2, Convention::lambda_over_2m, 0.7 / 8},
                              {Penalty::l2, Convention::lambda_over_m, 0.7 / 4},
                              {Penalty::l2, Convention::lambda, 0.7},
                              {Penalty::l1, Convention::lambda_over_2m, 0.7 / 8},
                              {Penalty::l1, Convention::lambda_over_m, 0.7 / 4},
                              {Penalty::l1, Convention::lambda, 0.7}};

BOOST_DATA_TEST_CASE(statement_11_regularisation_is_part_of_the_cost, bdata::make(terms), term) {
  DenseOptions options = reference_options();
  options.regularizers = {{term.penalty, 0.7, term.convention}};
  Tape tape;
  const RecordedCost r = reference_network(options).record(tape);
  const bool l2 = term.penalty == Penalty::l2;
  const double expected =
      term.factor * sum_over_weights(r, [&](double w) { return l2 ? w * w : std::abs(w); });
  // Sums of 51 terms of one sign.
  BOOST_REQUIRE(r.parts.size() == 2u);
  BOOST_TEST(r.parts[0].name == "data");
  BOOST_TEST(r.parts[1].name == (l2 ? "l2" : "l1"));
  BOOST_TEST(std::abs(r.parts[0].value.item() - reference_cost) <= 1e-14);
  BOOST_TEST(std::abs(r.parts[1].value.item() - expected) <= 51 * 0x1p-53 * expected);
  BOOST_TEST(r.cost.item() == r.parts[0].value.item() + r.parts[1].value.item());

  const Values gradient = gradient_of(r);
  std::size_t i = 0;
  for (const RecordedParameter& p : r.parameters) {
    for (const double w : p.var.data<double>()) {
      const double slope = l2 ? 2 * w : (w > 0) - (w < 0);
      const double wanted = reference_gradient[i] + (p.name[0] == 'W' ? term.factor * slope : 0.0);
      BOOST_TEST(std::abs(gradient[i] - wanted) <= 1e-14);
      ++i;
    }
  }
}

BOOST_AUTO_TEST_CASE(statement_12_masks_are_frozen_until_the_step_moves) {
  DenseOptions options = reference_options();
  options.keep_prob = 0.6;
  options.key = {3, 0};
  Tape tape;
  const RecordedCost r = reference_network(options).record(tape);
  Workspace<double> ws(Plan{r.cost});
  const auto cost_at = [&](Index step) {
    ws.index_leaf(tape.step())[0] = step;
    ws.run();
    return ws[r.cost][0];
  };
  const double first = cost_at(1);
  BOOST_TEST(cost_at(1) == first);
  int others = 0;
  for (Index step = 2; step < 12; ++step) others += cost_at(step) != first ? 1 : 0;
  // Two draws of nine elements agree with probability (0.6^2 + 0.4^2)^9 = 0.003, three of ten with
  // 2e-6.
  BOOST_TEST(others >= 8);
  BOOST_TEST(cost_at(1) == first);
}

BOOST_AUTO_TEST_CASE(statement_12_without_dropout_the_cost_is_the_plain_one) {
  DenseOptions options = reference_options();
  options.keep_prob = 1;
  Tape tape;
  const DenseNetwork plain = reference_network();
  const double cost = plain.record(tape).cost.item();
  BOOST_TEST(reference_network(options).record(tape).cost.item() == cost);
  options.keep_prob = 0.5;
  BOOST_TEST(reference_network(options).record(tape, Mode::evaluate).cost.item() == cost);
  BOOST_TEST(reference_network(options).record(tape).cost.item() != cost);
}

BOOST_AUTO_TEST_CASE(parameters_can_be_changed_between_recordings) {
  DenseNetwork network = reference_network();
  Tape tape;
  const RecordedCost before = network.record(tape);
  const std::vector<Var> gradient = grad(before.cost, leaves_of(before.parameters));
  const std::vector<Parameter*> parameters = network.parameters();
  for (std::size_t p = 0; p < parameters.size(); ++p) {
    const std::span<double> values = parameters[p]->value.data<double>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] -= 0.01 * gradient[p].data<double>()[i];
    }
  }
  BOOST_TEST(network.record(tape).cost.item() < before.cost.item());
}

// Masks of one's own: the network without the units that they drop, the others divided by p.
BOOST_AUTO_TEST_CASE(masks_can_be_given) {
  const NpzFile file(DTHETA_TEST_DATA "/seed_network.npz");
  const auto mask = [](Index units) {
    Tensor m(Shape{units, 4});
    for (Index i = 0; i < m.size(); ++i) {
      m.data<double>()[static_cast<std::size_t>(i)] = i % 3 == 1 ? 0 : 1;
    }
    return m;
  };
  DenseOptions options = reference_options();
  options.keep_prob = 0.5;
  options.masks = {mask(6), mask(3)};
  Tape tape;
  const RecordedCost r = DenseNetwork(file.arrays(), options).record(tape);
  // By hand, one example after the other.
  const auto at = [&](const char* name) { return values_of(file.at(name).to(DType::float64)); };
  const auto layer = [&](const Values& w, const Values& b, const Values& x) {
    Values z = b;
    for (std::size_t i = 0; i < b.size(); ++i) {
      for (std::size_t j = 0; j < x.size(); ++j) z[i] += w[i * x.size() + j] * x[j];
    }
    return z;
  };
  double cost = 0;
  for (std::size_t e = 0; e < 4; ++e) {
    Values a;
    for (std::size_t i = 0; i < 5; ++i) a.push_back(at("X")[i * 4 + e]);
    for (const std::size_t l : {1U, 2U}) {
      a = layer(at(l == 1 ? "W1" : "W2"), at(l == 1 ? "b1" : "b2"), a);
      for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = std::max(a[i], 0.0) * ((i * 4 + e) % 3 == 1 ? 0.0 : 2.0);
      }
    }
    const double z = layer(at("W3"), at("b3"), a)[0];
    const double y = at("Y")[e];
    cost += (std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - y * z) / 4;
  }
  // Some hundred roundings of terms of order one.
  BOOST_TEST(std::abs(r.cost.item() - cost) <= 1e-13 * cost);

  const auto refused = [&](std::vector<Tensor> masks) {
    options.masks = std::move(masks);
    return [&] { DenseNetwork(file.arrays(), options); };
  };
  BOOST_CHECK_THROW(refused({mask(6)})(), ValueError);
  BOOST_CHECK_THROW(refused({mask(3), mask(6)})(), ShapeError);
  Tensor half = mask(6);
  half.data<double>()[5] = 0.5;
  BOOST_CHECK_THROW(refused({half, mask(3)})(), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
