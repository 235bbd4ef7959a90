// What a model lists: paths, streams, and the errors of who lists wrongly.

#include "nn/fields.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "data/files.hpp"
#include "nn/init.hpp"
#include "nn/initialize.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/norm/layer_norm.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/model_cost.hpp"

namespace dtheta::nn::test {
namespace {

/// A module of a user: a plain struct.
struct Block {
  Linear up{4, 8}, down{8, 4};
  Dropout dropout{0.5};
  void fields(Fields& f) { f("up", up)("down", down)("dropout", dropout); }
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    return x + r(dropout, r(down, relu(r(up, x))));
  }
};

/// One with containers of others.
struct Tower {
  std::vector<Block> blocks{3};
  std::array<Linear, 2> heads{Linear(4, 2), Linear(2, 1)};
  std::optional<LayerNorm> norm{};
  void fields(Fields& f) { f("blocks", blocks)("heads", heads)("norm", norm); }
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    for (const Block& b : blocks) x = r(b, x);
    if (norm) x = r(*norm, x);
    for (const Linear& h : heads) x = r(h, x);
    return x;
  }
};

/// One that forgets to list a layer that it uses.
struct Forgetful {
  Linear first{4, 4}, second{4, 4};
  void fields(Fields& f) { f("first", first); }
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(second, r(first, x)); }
};

/// The same, with the layer called by hand.
struct Careless : Forgetful {
  [[nodiscard]] Var forward(Recording& r, Var x) const {
    return second.forward(r, first.forward(r, x));
  }
};

struct Twice {
  Linear a{2, 2};
  void fields(Fields& f) { f("a", a)("b", a); }
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(a, x); }
};

struct SameName {
  Linear a{2, 2}, b{2, 2};
  void fields(Fields& f) { f("a", a)("a", b); }
  [[nodiscard]] Var forward(Recording& r, Var x) const { return r(b, r(a, x)); }
};

std::string paths_of(const ModelFields& fields) {
  std::string paths;
  for (const auto& p : fields.parameters) paths += p.path + " ";
  return paths;
}

template <class M>
Var run(const M& model, Tape& tape, const Shape& x) {
  Recording recording(tape, fields_of(model));
  return recording(model, tape.leaf(Tensor(x)));
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fields)

BOOST_AUTO_TEST_CASE(paths_follow_from_the_lists) {
  Tower tower;
  tower.norm.emplace(4);
  const ModelFields all = fields_of(tower);
  BOOST_TEST(paths_of(all) ==
             "blocks.0.up.weight blocks.0.up.bias blocks.0.down.weight blocks.0.down.bias "
             "blocks.1.up.weight blocks.1.up.bias blocks.1.down.weight blocks.1.down.bias "
             "blocks.2.up.weight blocks.2.up.bias blocks.2.down.weight blocks.2.down.bias "
             "heads.0.weight heads.0.bias heads.1.weight heads.1.bias norm.weight norm.bias ");
  BOOST_TEST(all.streams.size() == 3U);
  BOOST_TEST(all.streams[1].path == "blocks.1.dropout.masks");
  BOOST_TEST(all.parameters[2].layer == 2);  // blocks.0.down is the second that holds parameters
  BOOST_TEST(paths_of(fields_of(Sequential{Linear(2, 2), Sequential{Linear(2, 2, {.bias = false})},
                                           LayerNorm(2)})) ==
             "0.weight 0.bias 1.0.weight 2.weight 2.bias ");
}

BOOST_AUTO_TEST_CASE(one_seed_gives_every_layer_numbers_of_its_own) {
  Tower tower;
  initialize(tower, 7);
  std::set<double> seen;
  std::size_t count = 0;
  for (const auto& p : fields_of(tower).parameters) {
    for (const double v : p.member->value.data<double>()) seen.insert(v), ++count;
  }
  BOOST_TEST(seen.size() == count);
  std::set<std::uint32_t> streams;
  for (const auto& s : fields_of(tower).streams) {
    BOOST_TEST(s.member->key->seed == 7U);
    streams.insert(s.member->key->stream);
  }
  BOOST_TEST(streams.size() == 3U);
  Tower again, other;
  initialize(again, 7);
  initialize(other, 8);
  BOOST_TEST((again.blocks[2].up.weight() == tower.blocks[2].up.weight()));
  BOOST_TEST((other.blocks[2].up.weight() != tower.blocks[2].up.weight()));
  // Numbers go by paths: a layer that is added moves none of the others.
  Tower longer;
  longer.blocks.emplace_back();
  initialize(longer, 7);
  BOOST_TEST((longer.blocks[2].up.weight() == tower.blocks[2].up.weight()));
  BOOST_TEST((longer.heads[1].weight() == tower.heads[1].weight()));
}

BOOST_AUTO_TEST_CASE(what_was_given_stays) {
  const Tensor w(Shape{1, 2}, {3.0, 4.0}), b(Shape{1}, {5.0});
  Sequential model{Linear(2, 2, {9, 1}), Linear(w, b), Dropout(0.5, {9, 2})};
  const Tensor keyed = parameters_of(model)[0]->value;
  initialize(model, 1);
  BOOST_TEST((parameters_of(model)[0]->value == keyed));
  BOOST_TEST((parameters_of(model)[2]->value == w));
  BOOST_TEST((*fields_of(model).streams[0].member->key == RandomKey{9, 2}));
}

BOOST_AUTO_TEST_CASE(a_model_without_values_says_what_to_do) {
  Tape tape;
  const std::string waits = message<StateError>([&] { return run(Block{}, tape, {3, 4}); });
  BOOST_TEST(has(waits, "up.weight has no values yet: call initialize(model, seed)"), waits);
  Block block;
  for (const auto& p : fields_of(block).parameters) p.member->pending = false;
  const std::string seedless = message<StateError>([&] { return run(block, tape, {3, 4}); });
  BOOST_TEST(has(seedless, "the random numbers of dropout (Dropout) have no seed yet"), seedless);
}

BOOST_AUTO_TEST_CASE(who_forgets_to_list_is_told_what) {
  Tape tape;
  Forgetful forgetful;
  initialize(forgetful, 1);
  const std::string called = message<StateError>([&] { return run(forgetful, tape, {3, 4}); });
  BOOST_TEST(has(called, "Forgetful calls a Linear at "), called);
  BOOST_TEST(has(called, "fields.cpp:"), called);  // the line of the call
  BOOST_TEST(has(called, " that its fields() does not list"), called);
  Careless careless;
  initialize(careless, 1);
  const std::string used = message<StateError>([&] { return run(careless, tape, {3, 4}); });
  BOOST_TEST(has(used,
                 "Careless uses the parameter weight (4, 4), which no fields() of the model "
                 "lists"),
             used);
  BOOST_TEST(has(used, "It is used at "), used);
  BOOST_TEST(has(used, "fields.cpp:"), used);
}

BOOST_AUTO_TEST_CASE(lists_are_unique) {
  BOOST_TEST(message<ValueError>([] { return fields_of(SameName{}).parameters; }) ==
             "fields: a is listed twice");
  BOOST_TEST(message<ValueError>([] { return fields_of(Twice{}).parameters; }) ==
             "fields: one member is listed as a.weight and as b.weight; layers that share a "
             "parameter call one layer twice");
  Fields fields;
  Linear layer(2, 2);
  BOOST_TEST(message<ValueError>([&] { return &fields("a.b", layer); }) ==
             "fields: 'a.b' is no name for a member: letters, digits and _ alone are");
}

BOOST_AUTO_TEST_CASE(equal_keys_of_two_layers_are_refused) {
  const Sequential twice{Linear(2, 2, {9, 1}), Linear(2, 2, {9, 1})};
  BOOST_TEST(message<ValueError>([&] { return fields_of(twice).parameters; }) ==
             "fields: 0 and 1 were given the same key (9, 1), so that they would draw the same "
             "numbers: give each a stream of its own, or none and call initialize(model, seed)");
  const Sequential masks{Linear(2, 2, {9, 1}), Dropout(0.5, {9, 1})};
  BOOST_TEST(message<ValueError>([&] {
               return fields_of(masks).parameters;
             }).starts_with("fields: 0 and 1 were given the same key"));
}

BOOST_AUTO_TEST_CASE(an_error_says_the_layer_its_operand_and_the_line) {
  Tower tower;
  tower.blocks[1].up = Linear(5, 8);
  initialize(tower, 1);
  Tape tape;
  const std::string text = message<ShapeError>([&] { return run(tower, tape, {3, 4}); });
  BOOST_TEST(has(text, "in layer blocks.1.up (Linear), called with (3, 4) at "), text);
  BOOST_TEST(has(text, "fields.cpp:"), text);
  BOOST_TEST(has(text, "linear: x (3, 4) does not fit: (..., 5) is needed"), text);
  // Once, and not again by the layers around it.
  BOOST_TEST(text.find("in layer") == text.rfind("in layer"));
}

BOOST_AUTO_TEST_CASE(calls_stand_in_their_order) {
  Tower tower;
  tower.blocks.resize(1);
  initialize(tower, 1);
  Tape tape;
  Recording recording(tape, fields_of(tower), Mode::evaluate);
  static_cast<void>(recording(tower, tape.leaf(Tensor(Shape{3, 4}))));
  std::string calls;
  for (const LayerCall& c : recording.calls()) {
    calls += std::to_string(c.depth) + c.path + ":" + c.type + to_string(c.outputs[0]) + " ";
    BOOST_TEST(c.first_node <= c.end_node);
  }
  BOOST_TEST(calls ==
             "0:Tower(3, 1) 1blocks.0:Block(3, 4) 2blocks.0.up:Linear(3, 8) "
             "2blocks.0.down:Linear(3, 4) 2blocks.0.dropout:Dropout(3, 4) "
             "1heads.0:Linear(3, 2) 1heads.1:Linear(3, 1) ");
}

BOOST_AUTO_TEST_CASE(frozen_parameters_are_no_parameters_of_the_cost) {
  Block block;
  initialize(block, 1);
  BOOST_TEST(parameter_count(block) == 4 * 8 * 2 + 8 + 4);
  BOOST_TEST(freeze(block, "up") == 2U);
  Tape tape;
  const RecordedCost cost =
      record_cost(tape, block, Tensor(Shape{3, 4}), Tensor(Shape{3, 4}), {.loss = Loss::mse});
  BOOST_TEST(cost.parameters.size() == 2U);
  BOOST_TEST(cost.frozen.size() == 2U);
  BOOST_TEST(cost.frozen[0].name == "up.weight");
  BOOST_TEST(cost.unused.empty());
  BOOST_TEST(unfreeze(block, "") == 4U);
  BOOST_TEST(message<ValueError>([&] { return freeze(block, "u"); }) ==
             "freeze: no parameter at or below 'u'; there are up.weight, up.bias, down.weight, "
             "down.bias");
}

BOOST_AUTO_TEST_CASE(running_statistics_are_updated_in_training_alone) {
  BatchNorm norm(2);
  const Tensor x(Shape{4, 2}, {1, 10, 2, 20, 3, 30, 6, 60});
  for (const Mode mode : {Mode::train, Mode::evaluate}) {
    Tape tape;
    Recording recording(tape, fields_of(norm), mode);
    const Var y = recording(norm, tape.leaf(x));
    BOOST_REQUIRE(recording.buffers().size() == 2U);
    const RecordedBuffer& mean = recording.buffers()[0];
    BOOST_TEST(mean.name == "running_mean");
    if (mode == Mode::evaluate) {
      BOOST_TEST(!mean.next.exists());
      BOOST_TEST(std::abs(y.data<double>()[0] - 1 / std::sqrt(1 + 1e-5)) <= 4 * 0x1p-53);
      continue;
    }
    // 0.9 * 0 + 0.1 * mean; 0.9 * 1 + 0.1 * the variance of the sample, by n - 1: 14 / 3. A dozen
    // roundings of numbers below 100.
    const Tensor moved_mean = mean.next.value(), moved = recording.buffers()[1].next.value();
    BOOST_TEST(std::abs(moved_mean.data<double>()[0] - 0.3) <= 12 * 0x1p-53);
    BOOST_TEST(std::abs(moved_mean.data<double>()[1] - 3) <= 12 * 0x1p-53 * 4);
    BOOST_TEST(std::abs(moved.data<double>()[0] - (0.9 + 0.1 * 14 / 3)) <= 12 * 0x1p-53 * 2);
    BOOST_TEST(std::abs(moved.data<double>()[1] - (0.9 + 0.1 * 1400 / 3)) <= 12 * 0x1p-53 * 64);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
