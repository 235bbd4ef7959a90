// What layers refuse, and in which words: the layer, the sizes, what would be right.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <optional>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "data/files.hpp"
#include "nn/init.hpp"
#include "nn/initialize.hpp"
#include "nn/nn.hpp"

namespace dtheta::nn::test {
namespace {

/// What is said when a layer, initialised, is called with zeros of a shape.
template <class E, class L>
std::string refusal(L layer, const Shape& shape, Mode mode = Mode::train) {
  initialize(layer, 1);
  Tape tape;
  Recording recording(tape, fields_of(layer), mode);
  const Var x = tape.leaf(Tensor(shape));
  return message<E>([&] { return layer.forward(recording, x); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_refusals)

BOOST_AUTO_TEST_CASE(convolutions_need_their_channels_and_axes) {
  BOOST_TEST(refusal<ShapeError>(Conv2d(3, 4, 3), {2, 1, 8, 8}) ==
             "conv2d: x (2, 1, 8, 8) does not fit: (samples, 3, height, width) or, for one sample, "
             "(3, height, width) is needed");
  BOOST_TEST(refusal<ShapeError>(Conv1d(3, 4, 3), {2, 3, 8, 8}) ==
             "conv1d: x (2, 3, 8, 8) does not fit: (samples, 3, length) or, for one sample, "
             "(3, length) is needed");
  BOOST_TEST(refusal<ShapeError>(ConvTranspose2d(3, 4, 3), {4, 8, 8}) ==
             "conv_transpose2d: x (4, 8, 8) does not fit: (samples, 3, height, width) or, for one "
             "sample, (3, height, width) is needed");
  BOOST_TEST(refusal<ShapeError>(Conv2d(1, 1, 5), {1, 1, 4, 6}) ==
             "conv: a window of 5 elements does not fit axis 2 of (1, 1, 4, 6): 4 with its "
             "padding");
}

BOOST_AUTO_TEST_CASE(convolutions_cannot_be_made_of_any_numbers) {
  BOOST_TEST(message<ShapeError>([] { return Conv2d(0, 4, 3); }) ==
             "conv2d: 0 channels in, need at least 1");
  BOOST_TEST(message<ShapeError>([] { return Conv2d(3, 4, 3, {.groups = 2}); }) ==
             "conv2d: 3 channels do not divide into 2 groups");
  BOOST_TEST(message<ValueError>([] {
               return Conv2d(3, 4, {3, 3, 3});
             }) == "conv2d: kernel (3, 3, 3) has 3 values for 2 spatial axes");
  BOOST_TEST(message<ValueError>([] { return Conv2d(3, 4, 3, {.padding = -1}); }) ==
             "conv2d: padding (-1) must be at least 0 and at most 2147483647");
  BOOST_TEST(message<ValueError>([] { return Conv2d(3, 4, 3, {.stride = 2, .padding = same}); }) ==
             "conv2d: padding `same` with stride 2: the size stays the same at stride 1 alone");
  BOOST_TEST(message<ValueError>([] { return ConvTranspose1d(3, 4, 3, {.dilation = 0}); }) ==
             "conv_transpose1d: dilation (0) must be at least 1 and at most 2147483647");
}

BOOST_AUTO_TEST_CASE(pools_need_their_axes) {
  BOOST_TEST(refusal<ShapeError>(MaxPool2d(2), {8, 8}) ==
             "max_pool2d: x (8, 8) does not fit: (samples, channels, height, width) or, for one "
             "sample, (channels, height, width) is needed");
  BOOST_TEST(refusal<ShapeError>(AdaptiveAvgPool1d(2), {1, 2, 8, 8}) ==
             "adaptive_avg_pool1d: x (1, 2, 8, 8) does not fit: (samples, channels, length) or, "
             "for one sample, (channels, length) is needed");
  BOOST_TEST(message<ValueError>([] { return AvgPool2d(0); }) ==
             "avg_pool2d: window size (0) must be at least 1 and at most 2147483647");
}

BOOST_AUTO_TEST_CASE(norms_need_their_channels_and_more_than_one_value) {
  BOOST_TEST(refusal<ShapeError>(BatchNorm2d(4), {1, 4, 1, 1}) ==
             "batch norm 2d: x (1, 4, 1, 1) has one value for each channel: there is a variance of "
             "two values or more only");
  BOOST_TEST(refusal<ShapeError>(BatchNorm1d(4), {2, 3}) ==
             "batch norm 1d: x (2, 3) does not fit: (samples, 4) or (samples, 4, length) is "
             "needed");
  BOOST_TEST(message<ValueError>([] { return BatchNorm2d(4, {.momentum = 1.5}); }) ==
             "batch norm 2d: momentum 1.5 is outside [0, 1]");
  BOOST_TEST(message<ShapeError>([] { return GroupNorm(4, 6); }) ==
             "group norm: 6 channels do not divide into 4 groups");
  BOOST_TEST(refusal<ShapeError>(InstanceNorm1d(3), {2, 3, 1}) ==
             "instance norm 1d: x (2, 3, 1) has one value in each channel of a sample: there is a "
             "variance of two values or more only");
  BOOST_TEST(message<ValueError>([] { return RMSNorm(3, -1.0); }) ==
             "rms norm: epsilon -1 is not in [0, infinity)");
}

BOOST_AUTO_TEST_CASE(one_value_for_each_channel_will_do_in_evaluation) {
  BatchNorm2d norm(4);
  Tape tape;
  Recording recording(tape, fields_of(norm), Mode::evaluate);
  BOOST_TEST(
      (norm.forward(recording, tape.leaf(Tensor(Shape{1, 4, 1, 1}))).shape() == Shape{1, 4, 1, 1}));
}

BOOST_AUTO_TEST_CASE(shapes_of_samples_must_fit) {
  BOOST_TEST(refusal<ShapeError>(Reshape({2, 3}), {4, 5}) ==
             "reshape: the samples of x (4, 5) have 5 elements, (2, 3) has 6");
  BOOST_TEST(refusal<ShapeError>(Reshape({2, -1}), {4, 5}) ==
             "reshape: the samples of x (4, 5) have 5 elements, (2, -1) has a multiple of 2");
  BOOST_TEST(message<ShapeError>([] {
               return Reshape({-1, -1});
             }) ==
             "reshape: (-1, -1) is no shape of a sample: sizes, of which one may be -1, are "
             "needed");
  BOOST_TEST(refusal<ShapeError>(Residual(Linear(3, 2)), {4, 3}) ==
             "residual: x is (4, 3), the inner layer makes (4, 2) of x (4, 3): it must keep the "
             "shape, or needs a shortcut layer");
  BOOST_TEST(refusal<ShapeError>(Linear(3, 2), {4, 5}) ==
             "linear: x (4, 5) does not fit: (..., 3) is needed");
  BOOST_TEST(refusal<ShapeError>(LearnedPositions(4, 3), {1, 5, 3}) ==
             "learned positions: x (1, 5, 3) does not fit: (..., length, 3) with a length of at "
             "most 4 is needed");
}

BOOST_AUTO_TEST_CASE(an_embedding_needs_indices_that_it_has) {
  BOOST_TEST(refusal<TypeError>(Embedding(4, 3), {2}) ==
             "embedding: x (2) is real; an index tensor is needed");
  BOOST_TEST(message<ValueError>([] { return Embedding(4, 3, {.padding_index = 4}); }) ==
             "embedding: the padding index 4 is outside [0, 4)");
  BOOST_TEST(message<ShapeError>([] { return Embedding(Tensor(Shape{4})); }) ==
             "embedding: weight (4) does not fit: (count, width) is needed");
}

BOOST_AUTO_TEST_CASE(recurrent_layers_need_lengths_and_states_that_fit) {
  LSTM lstm(3, 2, {.layers = 2});
  initialize(lstm, 1);
  Tape tape;
  Recording recording(tape, fields_of(lstm));
  const Var x = tape.leaf(Tensor(Shape{2, 4, 3}));
  const auto with_lengths = [&](const Tensor& lengths) {
    return [&, lengths] { return lstm.forward(recording, x, tape.leaf(lengths)); };
  };
  BOOST_TEST(message<TypeError>(with_lengths(Tensor(Shape{2}))) ==
             "recurrent: lengths (2) are real; an index tensor is needed");
  BOOST_TEST(message<ShapeError>(with_lengths(Tensor(Shape{3}, DType::int64))) ==
             "recurrent: lengths (3) do not fit: (2), one for each sample, is needed");
  BOOST_TEST(
      message<ValueError>(with_lengths(Tensor(Shape{2}, std::initializer_list<Index>{4, 5}))) ==
      "recurrent: the length 5 is outside [0, 4]");
  BOOST_TEST(message<ShapeError>([&] {
               return lstm.run(recording, x, {.h = tape.leaf(Tensor(Shape{1, 2, 2}))}).h;
             }) ==
             "recurrent: h (1, 2, 2) does not fit: (layers * directions, samples, hidden) = "
             "(2, 2, 2) is needed");
  BOOST_TEST(message<ValueError>([] {
               return GRU(3, 2, {.reverse = true, .bidirectional = true});
             }) == "recurrent: one that reads in both directions cannot be reversed");
}

BOOST_AUTO_TEST_CASE(attention_needs_masks_that_fit) {
  MultiHeadAttention attention(4, 2);
  initialize(attention, 1);
  Tape tape;
  Recording r(tape, fields_of(attention));
  const Var x = tape.leaf(Tensor(Shape{2, 3, 4})), memory = tape.leaf(Tensor(Shape{2, 5, 4}));
  const auto with = [&](const AttentionMasks& masks) {
    return [&, masks] { return attention.forward(r, x, memory, masks); };
  };
  const Var wrong = tape.leaf(Tensor(Shape{3, 5}));
  BOOST_TEST(message<ShapeError>(with({.key_padding = wrong})) ==
             "attention: the key padding mask (3, 5) does not fit: (samples, keys) = (2, 5) is "
             "needed");
  BOOST_TEST(message<ShapeError>(with({.forbidden = tape.leaf(Tensor(Shape{5, 3}))})) ==
             "attention: the forbidden mask (5, 3) does not fit: (queries, keys) = (3, 5), or with "
             "2 samples in front, is needed");
  BOOST_TEST(message<ShapeError>([&] {
               return attention.forward(r, x, tape.leaf(Tensor(Shape{2, 5, 6})));
             }) == "attention: the key (2, 5, 6) does not fit: (samples, length, 4) is needed");
}

BOOST_AUTO_TEST_CASE(a_layer_in_a_model_is_named_with_its_path_and_line) {
  Sequential model{Conv2d(1, 2, 3), Sequential{Conv2d(3, 2, 3)}};
  initialize(model, 1);
  Tape tape;
  Recording r(tape, fields_of(model));
  const Var x = tape.leaf(Tensor(Shape{1, 1, 8, 8}));
  BOOST_TEST(
      message<ShapeError>([&] { return r(model, x); })
          .starts_with(
              "conv2d: x (1, 2, 6, 6) does not fit: (samples, 3, height, width) or, for one "
              "sample, "
              "(3, height, width) is needed\n  in layer 1.0 (Conv2d), called with (1, 2, 6, 6)"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
