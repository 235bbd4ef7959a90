#pragma once

#include <string>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// Examples and their classes.
struct Dataset {
  Tensor inputs;  ///< (examples, features...): real numbers, or int64 indices such as token ids
  Tensor labels;  ///< int64, (examples), each in [0, classes)

  [[nodiscard]] Index count() const { return labels.size(); }
};

/// What a network learns from and what it is judged by.
struct DatasetSplit {
  Dataset train;
  Dataset test;
  Index classes = 0;
};

/// Throws unless `data` can be trained on: ShapeError when it is empty or has not one label per
/// example, TypeError for labels that are not int64, ValueError for the first NaN or infinity
/// among the inputs and the first label outside [0, classes).
void require_valid(const Dataset& data, Index classes);

/// Reads a pair of IDX files of unsigned bytes, plain or gzip, as in the MNIST family: images,
/// flattened and scaled to [0, 1] in `dtype`, and labels. DataError when either file is broken,
/// when they differ in number, and for a label outside [0, classes).
[[nodiscard]] Dataset read_idx_dataset(const std::string& images, const std::string& labels,
                                       Index classes, DType dtype = DType::float32);

/// Where Debian's package dataset-fashion-mnist puts its files.
inline constexpr const char* fashion_mnist_directory = "/usr/share/datasets/fashion-mnist";

/// Fashion-MNIST: 60,000 and 10,000 images of 28 x 28 pixels in 10 classes, under the names
/// `{train,t10k}-{images-idx3,labels-idx1}-ubyte.gz` that they are published with.
[[nodiscard]] DatasetSplit fashion_mnist(const std::string& directory = fashion_mnist_directory,
                                         DType dtype = DType::float32);

}  // namespace dtheta::nn
