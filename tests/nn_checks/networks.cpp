// Every layer, loss and regulariser in a network whose gradient the independent checker holds to its
// law: as the network starts and after some training, in training, its masks held, and in
// evaluation.

#include "networks.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/initialize.hpp"
#include "nn/layers/activation.hpp"
#include "nn/layers/linear.hpp"
#include "nn/model_cost.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::nn::test {
namespace {

namespace data = boost::unit_test::data;

/// What a network is checked in.
struct Stage {
  bool trained, training;
  friend std::ostream& operator<<(std::ostream& out, const Stage& s) {
    return out << (s.trained ? "trained" : "at first") << (s.training ? ", training" : ", in use");
  }
};
const auto stages =
    data::make(std::vector<Stage>{{false, true}, {false, false}, {true, true}, {true, false}});

/// What a network is trained for.
struct Goal {
  Tensor target;
  Loss loss = Loss::mse;
  std::vector<Regularizer> regularizers{};
};
Goal goal_of(const Net& net) { return {numbers({net.input.shape()[0], 2})}; }

/// Far enough that biases are not 0, scales not 1 and running statistics those of data.
void train(Sequential& model, const Tensor& input, const Goal& goal) {
  const Table examples{{"input", input}, {"target", goal.target}};
  Trainer(model, examples,
          {.batch_size = input.shape()[0],
           .loss = goal.loss,
           .regularizers = goal.regularizers,
           .optimizer = Adam{.learning_rate = 0.02},
           .progress = false})
      .fit(10);
}

gradcheck::Result check(const Net& net, const Stage& stage, const Goal& goal) {
  Sequential model = net.model;
  initialize(model, 5);
  if (stage.trained) train(model, net.input, goal);
  Tape tape;
  const RecordedCost cost = record_cost(tape, model, net.input, goal.target,
                                        {.loss = goal.loss, .regularizers = goal.regularizers},
                                        stage.training ? Mode::train : Mode::evaluate);
  BOOST_TEST(cost.unused.empty());
  gradcheck::NetworkOptions options;
  options.frozen_masks = true;
  return gradcheck::check_network(cost, options);
}
gradcheck::Result check(const Net& net, const Stage& stage) {
  return check(net, stage, goal_of(net));
}

/// Losses of logits follow what is given, those of probabilities what makes such of it.
Net net_for(Loss loss) {
  Sequential model{Linear(4, 6), Activation::tanh, Linear(6, 3)};
  if (loss == Loss::binary_cross_entropy) model.add(Activation::sigmoid);
  if (loss == Loss::cross_entropy) model.add(Activation::softmax);
  return {std::string(to_string(loss)), model, numbers({5, 4})};
}

/// Targets of every kind that a loss takes.
std::vector<Goal> goals_for(Loss loss) {
  if (!takes_probabilities(loss)) return {{numbers({5, 3}), loss}};
  if (!is_over_classes(loss)) return {{uniform({5, 3}, 0, 1, {72, 1}), loss}};
  return {{indices({5}, 3), loss}, {constant({5, 3}, 1.0 / 3), loss}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_in_networks)

BOOST_DATA_TEST_CASE(activations_pass, data::make(activation_nets()) * stages, net, stage) {
  BOOST_TEST(check(net, stage));
}
BOOST_DATA_TEST_CASE(dense_layers_pass, data::make(dense_nets()) * stages, net, stage) {
  BOOST_TEST(check(net, stage));
}
BOOST_DATA_TEST_CASE(layers_on_planes_pass, data::make(plane_nets()) * stages, net, stage) {
  BOOST_TEST(check(net, stage));
}
BOOST_DATA_TEST_CASE(layers_on_sequences_pass, data::make(sequence_nets()) * stages, net, stage) {
  BOOST_TEST(check(net, stage));
}

BOOST_DATA_TEST_CASE(losses_pass,
                     data::make({"mse", "l1", "huber", "binary_cross_entropy",
                                 "binary_cross_entropy_with_logits", "cross_entropy",
                                 "cross_entropy_with_logits"}) *
                         stages,
                     name, stage) {
  const Loss loss = parse_loss(name);
  for (const Goal& goal : goals_for(loss)) BOOST_TEST(check(net_for(loss), stage, goal));
}

BOOST_DATA_TEST_CASE(
    regularizers_pass,
    data::make({"l1", "l2", "elastic_net", "group_lasso", "max_norm", "orthogonal"}) * stages, name,
    stage) {
  Regularizer term{
      .penalty = Penalty::l1, .lambda = 0.1, .convention = Convention::lambda, .max_norm = 0.5};
  while (term.name() != name) term.penalty = static_cast<Penalty>(int(term.penalty) + 1);
  BOOST_TEST(check(net_for(Loss::mse), stage, {numbers({5, 3}), Loss::mse, {term}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
