#include "nn/data/dataset.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>

#include "autodiff/errors.hpp"
#include "files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor labels(std::initializer_list<Index> values) {
  return {Shape{static_cast<Index>(values.size())}, values};
}

Dataset two_examples() {
  return {.inputs = Tensor(Shape{2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), .labels = labels({0, 2})};
}

template <class Error>
std::string refusal(const Dataset& data, Index classes = 3) {
  return message<Error>([&] {
    require_valid(data, classes);
    return 0;
  });
}

Bytes idx_images(std::uint8_t count) {
  Bytes bytes{0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 1, 0, 0, 0, 2};
  for (std::uint8_t i = 0; i < count; ++i) bytes = bytes + Bytes{i, 255};
  return bytes;
}

Bytes idx_labels(const Bytes& values) {
  return Bytes{0, 0, 8, 1, 0, 0, 0, static_cast<std::uint8_t>(values.size())} + values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_dataset)

BOOST_AUTO_TEST_CASE(examples_with_labels_are_valid) {
  Dataset data = two_examples();
  BOOST_TEST(data.count() == 2);
  BOOST_CHECK_NO_THROW(require_valid(data, 3));
  data.inputs = data.inputs.to(DType::float32);
  BOOST_CHECK_NO_THROW(require_valid(data, 3));
  data.inputs = Tensor(Shape{2, 3, 4, 5});
  BOOST_CHECK_NO_THROW(require_valid(data, 3));
  data.inputs = Tensor(Shape{2, 3}, DType::int64);
  BOOST_CHECK_NO_THROW(require_valid(data, 3));
}

BOOST_DATA_TEST_CASE(values_that_are_not_finite_are_refused,
                     bdata::make({nan_value, infinity, -infinity}) * bdata::xrange(6), value, at) {
  Dataset data = two_examples();
  data.inputs.data<double>()[static_cast<std::size_t>(at)] = value;
  const std::string place =
      "dataset: example " + std::to_string(at / 3) + ", feature " + std::to_string(at % 3) + " is ";
  BOOST_TEST(refusal<ValueError>(data).starts_with(place));
  data.inputs = data.inputs.to(DType::float32);
  BOOST_TEST(refusal<ValueError>(data).starts_with(place));
}

BOOST_AUTO_TEST_CASE(labels_outside_the_classes_are_refused) {
  BOOST_TEST(refusal<ValueError>(two_examples(), 2) ==
             "dataset: label 2 of example 1 is outside [0, 2)");
  Dataset data = two_examples();
  data.labels = labels({-1, 0});
  BOOST_TEST(refusal<ValueError>(data) == "dataset: label -1 of example 0 is outside [0, 3)");
}

BOOST_AUTO_TEST_CASE(shapes_that_do_not_fit_are_refused) {
  Dataset data = two_examples();
  data.labels = labels({0, 1, 2});
  BOOST_TEST(refusal<ShapeError>(data) ==
             "dataset: inputs (2, 3) and labels (3) differ in examples: 2 != 3");
  data.labels = labels({0, 1}).reshaped({2, 1});
  BOOST_TEST(refusal<ShapeError>(data) == "dataset: labels (2, 1) need one axis");
  data.labels = labels({});
  data.inputs = Tensor(Shape{0, 3});
  BOOST_TEST(refusal<ShapeError>(data) == "dataset: inputs (0, 3) hold no examples");
  data.inputs = Tensor(Shape{});
  BOOST_TEST(refusal<ShapeError>(data) == "dataset: inputs () hold no examples");
}

BOOST_AUTO_TEST_CASE(real_labels_are_refused) {
  Dataset data = two_examples();
  data.labels = Tensor(Shape{2});
  BOOST_TEST(refusal<TypeError>(data) == "dataset: labels are float64, classes are int64");
}

BOOST_AUTO_TEST_CASE(a_pair_of_idx_files_becomes_a_dataset) {
  const TempFolder folder;
  const std::string images = folder.file("images", idx_images(2));
  const std::string numbers = folder.file("labels", idx_labels({1, 0}));
  const Dataset data = read_idx_dataset(images, numbers, 2, DType::float64);
  BOOST_TEST((data.inputs == Tensor(Shape{2, 2}, {0.0, 1.0, 1.0 / 255, 1.0})));
  BOOST_TEST((data.labels == labels({1, 0})));
  BOOST_TEST((read_idx_dataset(images, numbers, 2).inputs.dtype() == DType::float32));
}

BOOST_AUTO_TEST_CASE(idx_files_that_do_not_fit_are_refused) {
  const TempFolder folder;
  const std::string images = folder.file("images", idx_images(2));
  const std::string numbers = folder / "labels";
  const auto says = [&](const std::string& first_file, const Bytes& label_bytes) {
    static_cast<void>(folder.file("labels", label_bytes));
    return message([&] { return read_idx_dataset(first_file, numbers, 2); });
  };
  BOOST_TEST(says(images, idx_labels({1, 0, 1})) ==
             numbers + ": offset 4: 3 labels for the 2 images of " + images);
  BOOST_TEST(says(images, idx_labels({1, 2})) == numbers + ": offset 9: label 2 is outside [0, 2)");
  BOOST_TEST(says(images, idx_images(2)) == numbers + ": offset 3: 3 axes, labels have 1");
  const std::string none = folder.file("none", idx_images(0));
  BOOST_TEST(says(none, idx_labels({})) == none + ": offset 4: no images: the shape is (0, 1, 2)");
  const std::string flat = folder.file("flat", idx_labels({1, 0}));
  BOOST_TEST(says(flat, idx_labels({1, 0})) == flat + ": offset 4: no images: the shape is (2)");
}

BOOST_AUTO_TEST_CASE(fashion_mnist_is_four_files_in_a_folder) {
  const TempFolder folder;
  const auto store = [&](const char* name, const Bytes& bytes) {
    static_cast<void>(folder.file(name, gzip(bytes)));
  };
  store("train-images-idx3-ubyte.gz", idx_images(3));
  store("train-labels-idx1-ubyte.gz", idx_labels({9, 0, 4}));
  store("t10k-images-idx3-ubyte.gz", idx_images(1));
  BOOST_TEST(message([&] {
               return fashion_mnist(folder / "");
             }).find("t10k-labels-idx1-ubyte.gz: cannot be opened: No such file or directory") !=
             std::string::npos);

  store("t10k-labels-idx1-ubyte.gz", idx_labels({5}));
  const DatasetSplit split = fashion_mnist(folder / "");
  BOOST_TEST(split.classes == 10);
  BOOST_TEST(split.train.count() == 3);
  BOOST_TEST((split.train.labels == labels({9, 0, 4})));
  BOOST_TEST((split.train.inputs.shape() == Shape{3, 2}));
  BOOST_TEST((split.train.inputs.dtype() == DType::float32));
  BOOST_TEST((split.test.labels == labels({5})));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
