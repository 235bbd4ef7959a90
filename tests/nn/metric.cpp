#include "nn/train/metric.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>
#include <string>

#include "autodiff/errors.hpp"
#include "nn/train/confusion_matrix.hpp"

namespace dtheta::nn::test {
namespace {

Tensor floats(const Shape& shape, std::initializer_list<float> values) {
  return Tensor(shape, std::span<const float>(values.begin(), values.size()));
}
Tensor classes(const Shape& shape, std::initializer_list<Index> values) {
  return Tensor(shape, values);
}

double value_of(const Metric& metric, const Tensor& outputs, const Tensor& targets) {
  std::vector<double> sums;
  metric.add(outputs, Table{{"target", targets}}, sums);
  return metric.value(sums);
}

struct Case {
  std::string name;
  Metric metric;
  Tensor outputs, targets;
  double expected;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

std::vector<Case> cases() {
  const Tensor four = floats({4, 3}, {3, 2, 1, 0, 5, 4, 1, 2, 3, 9, 8, 7});  // says 0, 1, 2, 0
  const Tensor labels = classes({4}, {0, 2, 2, 1});
  const Tensor line = floats({4, 1}, {1, 2, 3, 5}),
               truth = Tensor(Shape{4, 1}, {1.0, 2.0, 3.0, 4.0});
  const float nan = NAN;
  const double thirds = 3;
  return {
      {"accuracy", metric::accuracy(), four, labels, 0.5},
      {"accuracy of tokens", metric::accuracy(), floats({1, 2, 2}, {0, 1, 1, 0}),
       classes({1, 2}, {1, 1}), 0.5},
      {"accuracy of one output", metric::accuracy(0.5), floats({3, 1}, {0.7F, 0.6F, 0.2F}),
       classes({3}, {1, 0, 0}), 2 / thirds},
      {"accuracy of nan", metric::accuracy(), floats({2, 2}, {nan, 1, nan, nan}),
       classes({2}, {0, 0}), 0},
      {"accuracy of what counts", metric::accuracy(), four, classes({4}, {-100, 2, 2, -100}), 0.5},
      {"accuracy of a mask", metric::accuracy(), floats({1, 1, 2, 2}, {1, -1, 2, -2}),
       Tensor(Shape{1, 1, 2, 2}, {1.0, 0.0, 0.0, 0.0}), 0.75},
      {"top 1 of what counts", metric::top_k(1), four, classes({4}, {0, -100, 2, -100}), 1},
      {"macro F1 of what counts", metric::macro_f1(), four, classes({4}, {0, -100, 2, -100}), 1},
      // Class 0: told once, right, is twice. Class 1: told twice, once right, is once. 2/3 each.
      {"macro F1 of one output", metric::macro_f1(), floats({3, 1}, {-1, 2, 3}),
       classes({3}, {0, 1, 0}), 2 / thirds},
      {"perplexity of what counts", metric::perplexity(), floats({2, 2}, {1, 1, 1000, 0}),
       classes({2}, {1, -100}), 2},
      {"top 1", metric::top_k(1), four, labels, 0.5},
      {"top 2", metric::top_k(2), four, labels, 1},
      {"ties: the first stand first", metric::top_k(1), floats({2, 2}, {1, 1, 1, 1}),
       classes({2}, {0, 1}), 0.5},
      // Class 0: told twice, once right, is once: 2/3. Class 1: told once, wrongly: 0. Class 2:
      // told once, right, is twice: 2/3.
      {"macro F1", metric::macro_f1(), four, labels, 4 / thirds / 3},
      {"perplexity of guessing", metric::perplexity(), floats({2, 4}, {1, 1, 1, 1, 2, 2, 2, 2}),
       classes({2}, {0, 3}), 4},
      {"perplexity of large logits", metric::perplexity(), floats({1, 2}, {1000, 0}),
       classes({1}, {0}), 1},
      {"MSE", metric::mse(), line, truth, 0.25},
      {"MAE", metric::mae(), line, truth, 0.25},
      // Squares around the mean 2.5: 5; errors: 1.
      {"R2", metric::r2(), line, truth, 1 - 1.0 / 5},
      // Of two columns: 1 - 0/2 and 1 - 8/2, the mean.
      {"R2 of columns", metric::r2(), floats({2, 2}, {0, 3, 2, 1}),
       Tensor(Shape{2, 2}, {0.0, 1.0, 2.0, 3.0}), (1.0 + (1 - 4.0)) / 2},
      // The mean is far from 0: sums of squares alone would keep no digit of the spread.
      {"R2 far from zero", metric::r2(), floats({2, 1}, {1e7F, 1e7F + 2}),
       Tensor(Shape{2, 1}, {1e7, 1e7 + 4}), 1 - 4.0 / 8},
  };
}

}  // namespace

BOOST_AUTO_TEST_SUITE(metrics)

BOOST_DATA_TEST_CASE(values_are_those_by_hand, cases()) {
  // A few roundings of double; exp and log of perplexity are within two units each.
  BOOST_TEST(std::abs(value_of(sample.metric, sample.outputs, sample.targets) - sample.expected) <=
             16 * 0x1p-52 * std::max(1.0, sample.expected));
}

BOOST_DATA_TEST_CASE(batches_make_no_difference, cases()) {
  const Index count = sample.outputs.shape()[0];
  const Table outputs{{"o", sample.outputs}}, targets{{"target", sample.targets}};
  std::vector<double> sums;
  for (Index i = 0; i < count; ++i) {
    const std::vector<Index> row{i};
    const Table one = outputs.rows(row);
    sample.metric.add(one["o"], targets.rows(row), sums);
  }
  BOOST_TEST(std::abs(sample.metric.value(sums) - sample.expected) <=
             16 * 0x1p-52 * std::max(1.0, sample.expected));
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_refused) {
  const Tensor outputs = floats({2, 2}, {0, 1, 1, 0});
  BOOST_CHECK_THROW(value_of(metric::accuracy(), outputs, classes({3}, {0, 1, 0})), ShapeError);
  BOOST_CHECK_THROW(value_of(metric::accuracy(), outputs, Tensor(Shape{2}, {0.0, 0.5})), TypeError);
  for (const Metric& m :
       {metric::accuracy(), metric::top_k(1), metric::macro_f1(), metric::perplexity()}) {
    BOOST_CHECK_THROW(value_of(m, outputs, classes({2}, {0, 2})), ValueError);
    BOOST_CHECK_THROW(value_of(m, outputs, classes({2}, {0, -1})), ValueError);
  }
  const Tensor one = floats({2, 1}, {0, 1});
  BOOST_CHECK_THROW(value_of(metric::top_k(1), one, classes({2}, {0, 1})), ShapeError);
  BOOST_CHECK_THROW(value_of(metric::perplexity(), one, classes({2}, {0, 1})), ShapeError);
  BOOST_CHECK_THROW(value_of(metric::mse(), outputs, Tensor(Shape{2})), ShapeError);
  BOOST_CHECK_THROW(value_of(metric::accuracy(0, "label"), outputs, classes({2}, {0, 1})),
                    ValueError);
  BOOST_CHECK_THROW(static_cast<void>(metric::top_k(0)), ValueError);
}

BOOST_AUTO_TEST_CASE(a_confusion_matrix_counts) {
  ConfusionMatrix m(3);
  m.add(floats({4, 3}, {3, 2, 1, 0, 5, 4, 1, 2, 3, 9, 8, 7}), classes({4}, {0, 2, 2, 1}));
  m.add(floats({1, 3}, {3, 2, 1}), classes({1}, {-100}));  // left out
  BOOST_TEST(m.total() == 4);
  BOOST_TEST(m.count(2, 1) == 1);
  BOOST_TEST(m.accuracy() == 0.5);
  BOOST_TEST(m.precision(0) == 0.5);
  BOOST_TEST(m.recall(2) == 0.5);
  BOOST_TEST(m.recall(1) == 0);
  BOOST_TEST(m.table() ==
             " is\\told     0     1     2  recall\n"
             "       0     1     0     0  1.000\n"
             "       1     1     0     0  0.000\n"
             "       2     0     1     1  0.500\n");
  BOOST_CHECK_THROW(m.add(3, 0), ValueError);
  BOOST_CHECK_THROW(m.add(floats({1, 2}, {0, 1}), classes({1}, {0})), ShapeError);
  BOOST_CHECK_THROW(ConfusionMatrix(0), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
