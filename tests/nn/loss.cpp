#include "nn/loss.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "data/files.hpp"

namespace dtheta::nn::test {
namespace {

/// Loss and slope in the prediction, in plain code.
struct Plain {
  double value, slope;
};

Plain plain(Loss kind, double p, double y) {
  const double d = p - y, s = 1 / (1 + std::exp(-p));
  switch (kind) {
    case Loss::mse:
      return {d * d, 2 * d};
    case Loss::l1:
      return {std::abs(d), (d > 0) - (d < 0) + 0.0};
    case Loss::huber:
      return std::abs(d) <= 1 ? Plain{d * d / 2, d} : Plain{std::abs(d) - 0.5, d > 0 ? 1.0 : -1.0};
    case Loss::binary_cross_entropy:
      return {-y * std::log(p) - (1 - y) * std::log(1 - p), -y / p + (1 - y) / (1 - p)};
    case Loss::binary_cross_entropy_with_logits:
      return {std::log1p(std::exp(p)) - y * p, s - y};
    default:
      return {};
  }
}

const std::vector<Loss> elementwise{Loss::mse, Loss::l1, Loss::huber, Loss::binary_cross_entropy,
                                    Loss::binary_cross_entropy_with_logits};

}  // namespace

BOOST_AUTO_TEST_SUITE(loss_suite)

BOOST_AUTO_TEST_CASE(elementwise_losses_are_those_of_plain_code) {
  const std::vector<double> unit{0.125, 0.5, 0.9, 0.25, 0.75, 0.0625};
  const std::vector<double> real{-3.0, 0.5, 2.0, -0.25, 1.5, 0.75};
  const std::vector<double> y{0.0, 1.0, 0.25, 1.0, 0.0, 0.5};
  for (const Loss kind : elementwise) {
    const std::vector<double>& p = kind == Loss::binary_cross_entropy ? unit : real;
    Tape tape;
    const Shape shape{3, 2};
    const Var prediction = tape.leaf(Tensor(shape, std::span<const double>(p)));
    const Var target = tape.leaf(Tensor(shape, std::span<const double>(y)));
    const Var each = loss(kind, prediction, target, Reduction::none);
    const Var mean = loss(kind, prediction, target);
    const Var sum = loss(kind, prediction, target, Reduction::sum);
    const Var slope = grad(sum, prediction), mean_slope = grad(mean, prediction);
    BOOST_TEST((each.shape() == shape));
    double total = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
      const Plain expected = plain(kind, p[i], y[i]);
      total += expected.value;
      // Some ten roundings on each side, of values below 16.
      BOOST_TEST(std::abs(each.data<double>()[i] - expected.value) <= 20 * 16 * 0x1p-53);
      BOOST_TEST(std::abs(slope.data<double>()[i] - expected.slope) <= 20 * 16 * 0x1p-53);
      BOOST_TEST(std::abs(mean_slope.data<double>()[i] - expected.slope / 6) <= 20 * 16 * 0x1p-53);
    }
    BOOST_TEST(std::abs(sum.item() - total) <= 6 * 20 * 16 * 0x1p-53);
    BOOST_TEST(std::abs(mean.item() - total / 6) <= 20 * 16 * 0x1p-53);
  }
}

BOOST_AUTO_TEST_CASE(class_losses_take_classes_or_probabilities) {
  Tape tape;
  const Var logits = tape.leaf(Tensor(Shape{2, 3}, {1.0, 2.0, 3.0, 0.5, -0.5, 0.0}));
  const Var classes = tape.leaf(Tensor(Shape{2}, std::initializer_list<Index>{2, 0}));
  const Var one_hot = tape.leaf(Tensor(Shape{2, 3}, {0.0, 0.0, 1.0, 1.0, 0.0, 0.0}));
  const double first = std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0)) - 3;
  const double second = std::log(std::exp(0.5) + std::exp(-0.5) + 1) - 0.5;
  for (const Var target : {classes, one_hot}) {
    const Var each = loss(Loss::cross_entropy_with_logits, logits, target, Reduction::none);
    BOOST_TEST((each.shape() == Shape{2}));
    // Three exponentials up to 20, their sum, a logarithm.
    BOOST_TEST(std::abs(each.data<double>()[0] - first) <= 10 * 4 * 0x1p-53);
    BOOST_TEST(std::abs(each.data<double>()[1] - second) <= 10 * 4 * 0x1p-53);
    BOOST_TEST(std::abs(loss(Loss::cross_entropy_with_logits, logits, target).item() -
                        (first + second) / 2) <= 10 * 4 * 0x1p-53);
  }
}

BOOST_AUTO_TEST_CASE(names_lead_there_and_back) {
  for (const char* name :
       {"mse", "l1", "huber", "binary_cross_entropy", "binary_cross_entropy_with_logits",
        "cross_entropy", "cross_entropy_with_logits"}) {
    BOOST_TEST(to_string(parse_loss(name)) == name);
  }
  BOOST_TEST(!takes_probabilities(Loss::mse));
  BOOST_TEST(takes_probabilities(Loss::binary_cross_entropy));
  BOOST_TEST(!is_over_classes(Loss::binary_cross_entropy));
  BOOST_TEST(is_over_classes(Loss::cross_entropy));
}

BOOST_AUTO_TEST_CASE(targets_are_not_broadcast) {
  Tape tape;
  const Var prediction = tape.leaf(Tensor(Shape{4, 1})), target = tape.leaf(Tensor(Shape{4}));
  for (const Loss kind : elementwise) {
    BOOST_TEST(message<ShapeError>([&] { return loss(kind, prediction, target); }) ==
               std::string(to_string(kind)) +
                   ": targets (4) do not have the shape (4, 1) of the predictions");
  }
  BOOST_CHECK_THROW(static_cast<void>(loss(Loss::cross_entropy, prediction, target)), ShapeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
