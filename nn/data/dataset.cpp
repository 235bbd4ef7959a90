#include "nn/data/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "autodiff/errors.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/idx.hpp"

namespace dtheta::nn {
namespace {

template <Element T>
void require_finite(const Tensor& inputs) {
  const std::span<const T> values = inputs.data<T>();
  const auto bad = std::ranges::find_if_not(values, [](T v) { return std::isfinite(v); });
  if (bad == values.end()) return;
  const Index features = inputs.size() / inputs.shape()[0];
  const Index at = bad - values.begin();
  throw ValueError(fmt::format("dataset: example {}, feature {} is {}, inputs must be finite",
                               at / features, at % features, *bad));
}

void require_shapes(const Dataset& data) {
  const Shape& inputs = data.inputs.shape();
  const Shape& labels = data.labels.shape();
  if (inputs.rank() < 1 || inputs.size() == 0) {
    throw ShapeError(fmt::format("dataset: inputs {} hold no examples", to_string(inputs)));
  }
  if (labels.rank() != 1) {
    throw ShapeError(fmt::format("dataset: labels {} need one axis", to_string(labels)));
  }
  if (inputs[0] != labels[0]) {
    throw ShapeError(fmt::format("dataset: inputs {} and labels {} differ in examples: {} != {}",
                                 to_string(inputs), to_string(labels), inputs[0], labels[0]));
  }
}

void require_idx_pair(const std::string& image_file, const IdxArray& images,
                      const std::string& label_file, const IdxArray& labels, Index classes) {
  if (images.shape.rank() < 2 || images.shape.size() == 0) {
    throw DataError(image_file, 4,
                    fmt::format("no images: the shape is {}", to_string(images.shape)));
  }
  if (labels.shape.rank() != 1) {
    throw DataError(label_file, 3, fmt::format("{} axes, labels have 1", labels.shape.rank()));
  }
  if (labels.shape[0] != images.shape[0]) {
    throw DataError(label_file, 4,
                    fmt::format("{} labels for the {} images of {}", labels.shape[0],
                                images.shape[0], image_file));
  }
  const auto bad = std::ranges::find_if(labels.values, [&](Index l) { return l >= classes; });
  if (bad != labels.values.end()) {
    const auto at = static_cast<std::uint64_t>(bad - labels.values.begin());
    throw DataError(label_file, 8 + at, fmt::format("label {} is outside [0, {})", *bad, classes));
  }
}

}  // namespace

void require_valid(const Dataset& data, Index classes) {
  require_shapes(data);
  if (data.labels.dtype() != DType::int64) {
    throw TypeError(
        fmt::format("dataset: labels are {}, classes are int64", to_string(data.labels.dtype())));
  }
  if (data.inputs.dtype() == DType::float32) require_finite<float>(data.inputs);
  if (data.inputs.dtype() == DType::float64) require_finite<double>(data.inputs);
  const std::span<const Index> labels = data.labels.data<Index>();
  const auto bad = std::ranges::find_if(labels, [&](Index l) { return l < 0 || l >= classes; });
  if (bad != labels.end()) {
    throw ValueError(fmt::format("dataset: label {} of example {} is outside [0, {})", *bad,
                                 bad - labels.begin(), classes));
  }
}

Dataset read_idx_dataset(const std::string& images, const std::string& labels, Index classes,
                         DType dtype) {
  const IdxArray pixels = read_idx(images);
  const IdxArray numbers = read_idx(labels);
  require_idx_pair(images, pixels, labels, numbers, classes);
  return {.inputs = images_to_tensor(pixels, dtype), .labels = labels_to_tensor(numbers)};
}

DatasetSplit fashion_mnist(const std::string& directory, DType dtype) {
  constexpr Index classes = 10;
  const auto part = [&](const char* name) {
    const std::string start = fmt::format("{}/{}", directory, name);
    return read_idx_dataset(start + "-images-idx3-ubyte.gz", start + "-labels-idx1-ubyte.gz",
                            classes, dtype);
  };
  return {.train = part("train"), .test = part("t10k"), .classes = classes};
}

}  // namespace dtheta::nn
