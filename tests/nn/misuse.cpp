// Networks that are gone, moved from or not where they were: each is told. To be run under
// AddressSanitizer as well.

#include <boost/test/unit_test.hpp>
#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/recording.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::nn::test {
namespace {

bool says(const StateError& e, std::string_view words) {
  return std::string_view(e.what()).find(words) != std::string_view::npos;
}

Dataset exclusive_or() {
  return {.inputs = Tensor(Shape{4, 2}, {0, 0, 0, 1, 1, 0, 1, 1}),
          .labels = Tensor(Shape{4}, std::initializer_list<Index>{0, 1, 1, 0})};
}

TrainerOptions options() {
  return {.batch_size = 4,
          .loss = Loss::binary_cross_entropy_with_logits,
          .optimizer = Sgd{},
          .progress = false};
}

std::unique_ptr<Sequential> model() {
  return std::make_unique<Sequential>(
      Sequential{Linear(2, 3, {1, 0}), Activation::tanh, Linear(3, 1, {1, 1})});
}

}  // namespace

BOOST_AUTO_TEST_SUITE(misuse)

BOOST_AUTO_TEST_CASE(a_layer_that_was_moved_from_says_so) {
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(Shape{1, 2}));
  AnyLayer layer = Linear(2, 3, {1, 0});
  AnyLayer taken = std::move(layer);
  const auto moved = [](const StateError& e) { return says(e, "layer: it has been moved from"); };
  BOOST_CHECK_EXCEPTION(static_cast<void>(layer.forward(recording, x)), StateError, moved);
  BOOST_CHECK_EXCEPTION(static_cast<void>(fields_of(layer)), StateError, moved);
  AnyLayer copy = layer;
  BOOST_CHECK_EXCEPTION(static_cast<void>(copy.forward(recording, x)), StateError, moved);
  layer = taken;
  BOOST_TEST((layer.forward(recording, x).shape() == Shape{1, 3}));
}

BOOST_AUTO_TEST_CASE(a_model_that_was_moved_from_has_no_layers) {
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(Shape{1, 2}));
  Sequential from = *model();
  const Sequential to = std::move(from);
  BOOST_TEST(from.forward(recording, x).is(x));
  BOOST_TEST(parameters_of(from).empty());
  BOOST_TEST((to.forward(recording, x).shape() == Shape{1, 1}));
}

BOOST_AUTO_TEST_CASE(a_recording_ends_with_its_tape) {
  const Linear layer(2, 3, {1, 0});
  auto tape = std::make_unique<Tape>();
  Recording cleared(*tape);
  const Var x = tape->leaf(Tensor(Shape{1, 2}));
  static_cast<void>(layer.forward(cleared, x));
  tape->clear();
  const auto ended = [](const StateError& e) { return says(e, "cleared or destroyed since"); };
  BOOST_CHECK_EXCEPTION(static_cast<void>(cleared.tape()), StateError, ended);
  const Var y = tape->leaf(Tensor(Shape{1, 2}));
  BOOST_CHECK_EXCEPTION(static_cast<void>(layer.forward(cleared, y)), StateError, ended);
  Recording destroyed(*tape);
  tape.reset();
  BOOST_CHECK_EXCEPTION(static_cast<void>(destroyed.tape()), StateError, ended);
  Tape other;  // where the first was, perhaps
  BOOST_CHECK_EXCEPTION(static_cast<void>(destroyed.tape()), StateError, ended);
  const Var z = other.leaf(Tensor(Shape{1, 2}));
  BOOST_CHECK_EXCEPTION(static_cast<void>(layer.forward(destroyed, z)), StateError, ended);
}

// A recording knows parameters by their address: another network at the same place must not be
// taken for the first.
BOOST_AUTO_TEST_CASE(a_network_where_another_was_is_not_taken_for_it) {
  Tape tape;
  Recording recording(tape);
  const Var x = tape.leaf(Tensor(Shape{1, 2}));
  alignas(Linear) std::byte place[sizeof(Linear)];
  auto* const first = new (place) Linear(2, 3, {1, 0});
  static_cast<void>(first->forward(recording, x));
  first->~Linear();
  auto* const second = new (place) Linear(2, 3, {1, 7});
  const auto told = [](const StateError& e) {
    return says(e, "lies where weight1 was recorded from");
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(second->forward(recording, x)), StateError, told);
  Recording another(tape);
  BOOST_TEST((second->forward(another, x).shape() == Shape{1, 3}));
  second->~Linear();
}

BOOST_AUTO_TEST_CASE(a_trainer_tells_that_its_model_is_gone) {
  const Dataset data = exclusive_or();
  auto trained = model();
  Trainer trainer(*trained, data, options());
  trainer.run_epoch();
  trained.reset();
  const auto gone = [](const StateError& e) {
    return says(e, "model has been destroyed or moved");
  };
  BOOST_CHECK_NO_THROW(trainer.run_epoch());  // needs no model
  BOOST_CHECK_EXCEPTION(trainer.store(), StateError, gone);
  BOOST_CHECK_EXCEPTION(static_cast<void>(trainer.accuracy(data)), StateError, gone);
  BOOST_CHECK_EXCEPTION(trainer.fit(1), StateError, gone);
}

BOOST_AUTO_TEST_CASE(a_trainer_tells_that_its_model_has_moved) {
  const Dataset data = exclusive_or();
  Sequential trained = *model();
  Trainer trainer(trained, data, options());
  const Sequential elsewhere = std::move(trained);
  BOOST_CHECK_THROW(trainer.store(), StateError);
}

// Data that would be gone before the first step do not compile.
static_assert(std::is_constructible_v<Trainer, Sequential&, const Dataset&, TrainerOptions>);
static_assert(!std::is_constructible_v<Trainer, Sequential&, Dataset, TrainerOptions>);
static_assert(!std::is_constructible_v<Trainer, Sequential, const Dataset&, TrainerOptions>);
static_assert(!std::is_constructible_v<Recording, Tape>);

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
