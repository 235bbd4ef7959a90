// Checks of networks with recurrence, attention, convolutions and pooling: right gradients pass,
// and a wrong one is found in the block that it is in.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "networks.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequence/recurrent.hpp"
#include "nn/layers/sequence/transformer.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_cost.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

/// A convolution with tanh and pooling, flattened: (samples, 1, 6, 6) to (samples, 8).
struct Filters {
  nn::Parameter w{.symbol = "K", .value = nn::normal({2, 1, 3, 3}, 0, 0.5, {7, 1})};
  nn::Parameter b{.symbol = "k", .value = nn::normal({2}, 0, 0.5, {7, 2}), .regularized = false};
  [[nodiscard]] Var forward(nn::Recording& recording, Var x) const {
    const Var filters = recording(w), bias = recording(b);
    return flatten(max_pool2d(tanh(conv2d(x, filters, bias)), 2), 1);
  }
  void fields(nn::Fields& f) { f("K", w)("k", b); }
};

/// The last element of a sequence.
struct Last {
  [[nodiscard]] Var forward(nn::Recording&, Var x) const { return select(x, 1, -1); }
};

struct Net {
  const char* name;
  nn::Sequential model;
  Shape input;
  friend std::ostream& operator<<(std::ostream& out, const Net& n) { return out << n.name; }
};

const std::vector<Net>& nets() {
  using nn::RecurrentKind;
  static const std::vector<Net> list{
      {"convolution", {Filters{}, nn::Linear(8, 2, {7, 3})}, {3, 1, 6, 6}},
      {"rnn",
       {nn::Recurrent(RecurrentKind::rnn, 3, 4, {7, 4}), nn::Linear(4, 2, {7, 5})},
       {3, 4, 3}},
      {"lstm",
       {nn::Recurrent(RecurrentKind::lstm, 3, 4, {7, 6}, {.all_steps = true}),
        nn::Recurrent(RecurrentKind::lstm, 4, 3, {7, 7}, {.reverse = true}),
        nn::Linear(3, 2, {7, 8})},
       {3, 4, 3}},
      {"gru",
       {nn::Recurrent(RecurrentKind::gru, 3, 4, {7, 9}), nn::Linear(4, 2, {7, 10})},
       {3, 4, 3}},
      {"encoder",
       {nn::EncoderLayer(4, 2, 6, {7, 11}), Last{}, nn::Linear(4, 2, {7, 12})},
       {3, 4, 4}}};
  return list;
}

nn::RecordedCost record(Tape& tape, const Net& net) {
  const Tensor x = nn::normal(net.input, 0, 1, {7, 20}), y = nn::normal({3, 2}, 0, 1, {7, 21});
  return nn::record_cost(tape, net.model, x, y, {.loss = nn::Loss::mse});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_check_layers)

BOOST_DATA_TEST_CASE(right_gradients_pass, data::make(nets()), net) {
  Tape tape;
  const nn::RecordedCost r = record(tape, net);
  BOOST_TEST(check_network(r));
  // With ε = 1e-7 the difference of a cost of order 1 has eight digits.
  const Result textbook = check_network(r, with_method(Method::textbook));
  BOOST_TEST(textbook.difference.value <= 1e-5);
}

BOOST_DATA_TEST_CASE(a_wrong_block_is_named, data::make(nets()), net) {
  Tape tape;
  const nn::RecordedCost r = record(tape, net);
  for (std::size_t k = 0; k < r.parameters.size(); ++k) {
    ParameterVector wrong = tape_gradient(r);
    const Block& block = wrong.blocks()[k];
    double& entry = wrong.values()[block.offset];
    entry += 1e-3 * (1 + std::abs(entry));
    BOOST_TEST(accused(check_other(r, wrong)) == block.name + " ");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
