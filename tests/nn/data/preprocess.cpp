#include "nn/data/preprocess.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "autodiff/errors.hpp"
#include "files.hpp"

namespace dtheta::nn::test {
namespace {

Dataset numbered(Index count) {
  Dataset data{Tensor(Shape{count, 2}), Tensor(Shape{count}, DType::int64)};
  for (Index i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    data.inputs.data<double>()[2 * at] = static_cast<double>(i);
    data.labels.data<Index>()[at] = i % 3;
  }
  return data;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_preprocess)

BOOST_AUTO_TEST_CASE(a_split_takes_each_row_once) {
  auto [first, second] = split_rows(103, 0.2, 7);
  BOOST_TEST(second.size() == 21U);
  BOOST_TEST(!std::ranges::is_sorted(first));
  std::vector<Index> all = first, wanted(103);
  all.insert(all.end(), second.begin(), second.end());
  std::ranges::sort(all);
  std::iota(wanted.begin(), wanted.end(), Index{0});
  BOOST_TEST(all == wanted, boost::test_tools::per_element());
  BOOST_TEST((split_rows(103, 0.2, 7).second == second));
  BOOST_TEST((split_rows(103, 0.2, 8).second != second));
  for (const double share : {0.0, 1.0, 0.01, 0.99, std::nan("")}) {
    BOOST_TEST(message<ValueError>([&] {
                 return split_rows(10, share, 1);
               }).ends_with("of 10 rows leaves one of two parts empty"));
  }
}

BOOST_AUTO_TEST_CASE(data_are_split_with_their_labels) {
  const DatasetSplit parts = split(numbered(30), 0.3, 1);
  BOOST_TEST(parts.classes == 3);
  BOOST_TEST(parts.test.count() == 9);
  for (const Dataset* part : {&parts.train, &parts.test}) {
    require_valid(*part, 3);
    for (std::size_t i = 0; i < static_cast<std::size_t>(part->count()); ++i) {
      const auto row = static_cast<Index>(part->inputs.data<double>()[2 * i]);
      BOOST_TEST(part->labels.data<Index>()[i] == row % 3);
    }
  }
  const auto [train, test] = split(Table(numbered(30)), 0.3, 1);
  BOOST_TEST((test[input_column] == parts.test.inputs));
}

BOOST_AUTO_TEST_CASE(labels_become_rows_of_zeros_and_a_one) {
  const Tensor labels(Shape{3}, std::initializer_list<Index>{2, 0, 1});
  BOOST_TEST((one_hot(labels, 3) == Tensor(Shape{3, 3}, {0, 0, 1, 1, 0, 0, 0, 1, 0})));
  BOOST_TEST(message<ValueError>([&] { return one_hot(labels, 2); }) ==
             "one_hot: label 2 is outside [0, 2)");
  BOOST_TEST(message<TypeError>([&] { return one_hot(Tensor(Shape{1}), 2); }) ==
             "one_hot: labels are float64, must be int64");
}

BOOST_AUTO_TEST_CASE(tensors_stand_side_by_side) {
  const std::vector<Tensor> parts{Tensor(Shape{2, 1}, {1, 2}), Tensor(Shape{2, 2}, {3, 4, 5, 6})};
  BOOST_TEST((beside(parts, 2) == Tensor(Shape{2, 3}, {1, 3, 4, 2, 5, 6})));
  BOOST_TEST(message<ShapeError>([&] { return beside(parts, 3); }) ==
             "beside: (2, 1) is not (3, columns)");
}

BOOST_AUTO_TEST_CASE(standardised_features_have_mean_0_and_variance_1) {
  // A large mean, a feature that is always the same, and one that is 0.
  const Tensor train(Shape{4, 3},
                     {1e6 + 1, 0.1, 0, 1e6 - 1, 0.1, 0, 1e6 + 3, 0.1, 0, 1e6 + 1, 0.1, 0});
  const Standardizer standard(train);
  BOOST_TEST(standard.mean().data<double>()[0] == 1e6 + 1);
  // The mean is exact, and the squares of 0, 2, 2, 0 as well.
  BOOST_TEST(standard.deviation().data<double>()[0] == std::sqrt(2.0));
  BOOST_TEST(standard.deviation().data<double>()[1] == 1);
  BOOST_TEST(standard.deviation().data<double>()[2] == 1);
  const Tensor other(Shape{1, 3}, {1e6 + 1 + std::sqrt(2.0), 0.6f, 2.0});
  const Tensor scaled = standard(other);
  // 1e6 + sqrt(2) is rounded to 2^-33.
  BOOST_TEST(std::abs(scaled.data<double>()[0] - 1) <= 0x1p-33);
  BOOST_TEST(std::abs(scaled.data<double>()[1] - 0.5) <= 0x1p-24);
  BOOST_TEST(scaled.data<double>()[2] == 2);
  BOOST_TEST((standard(train.to(DType::float32)).dtype() == DType::float32));
  BOOST_TEST(message<ShapeError>([&] {
               return standard(Tensor(Shape{2, 2}));
             }) == "standardizer: features (2), those of the training part are (3)");
  BOOST_TEST(message<ValueError>([&] { return Standardizer(Tensor(Shape{1}, {std::nan("")})); }) ==
             "standardizer: feature 0 has nan, must be finite");
  BOOST_TEST(message<ShapeError>([&] {
               return Standardizer(Tensor(Shape{0, 2}));
             }) == "standardizer: (0, 2) holds no examples");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
