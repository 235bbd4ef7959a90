// Every layer in a network whose gradient the independent checker holds to its law, as it starts,
// in training, its masks held, and in evaluation.

#include "networks.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/initialize.hpp"
#include "nn/model_cost.hpp"

namespace dtheta::nn::test {
namespace {

namespace data = boost::unit_test::data;

const auto modes = data::make({true, false});

gradcheck::Result check(const Net& net, bool training) {
  Sequential model = net.model;
  initialize(model, 5);
  Tape tape;
  const RecordedCost cost =
      record_cost(tape, model, net.input, numbers({net.input.shape()[0], 2}), {.loss = Loss::mse},
                  training ? Mode::train : Mode::evaluate);
  BOOST_TEST(cost.unused.empty());
  gradcheck::NetworkOptions options;
  options.frozen_masks = true;
  return gradcheck::check_network(cost, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_in_networks)

BOOST_DATA_TEST_CASE(activations_pass, data::make(activation_nets()) * modes, net, training) {
  BOOST_TEST(check(net, training));
}
BOOST_DATA_TEST_CASE(dense_layers_pass, data::make(dense_nets()) * modes, net, training) {
  BOOST_TEST(check(net, training));
}
BOOST_DATA_TEST_CASE(layers_on_planes_pass, data::make(plane_nets()) * modes, net, training) {
  BOOST_TEST(check(net, training));
}
BOOST_DATA_TEST_CASE(layers_on_sequences_pass, data::make(sequence_nets()) * modes, net, training) {
  BOOST_TEST(check(net, training));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
