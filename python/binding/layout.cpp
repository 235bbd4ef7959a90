#include "layout.hpp"

#include <pybind11/stl.h>

#include <algorithm>
#include <cstring>
#include <tuple>
#include <utility>

#include "gradcheck/errors.hpp"

namespace dtheta::python {
namespace {

Leaf kind_of(const std::string& word) {
  if (word == "array") return Leaf::array;
  return word == "scalar" ? Leaf::scalar : Leaf::number;
}

py::array_t<double> shaped(std::span<const double> values, const std::vector<std::size_t>& shape) {
  py::array_t<double> array(shape);
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

}  // namespace

std::span<const double> values_of(const Array& array) {
  return {array.data(), static_cast<std::size_t>(array.size())};
}

py::array_t<double> array_of(std::span<const double> values) {
  return shaped(values, {values.size()});
}

Layout::Layout(const py::list& blocks, const Array& values, py::object build)
    : build_(std::move(build)) {
  using Described = std::tuple<std::string, std::size_t, std::vector<std::size_t>, std::string>;
  std::span<const double> rest = values_of(values);
  for (const py::handle block : blocks) {
    auto [name, layer, shape, kind] = block.cast<Described>();
    std::size_t size = 1;
    for (const std::size_t extent : shape) size *= extent;
    if (size > rest.size()) throw gradcheck::ShapeError("layout: there are too few values");
    vector_.add(std::move(name), layer, std::move(shape), rest.first(size));
    rest = rest.subspan(size);
    kinds_.push_back(kind_of(kind));
  }
  if (build_.is_none() && kinds_.size() != 1) {
    throw gradcheck::ShapeError("layout: several leaves need a function that builds their tree");
  }
}

py::object Layout::leaf(std::size_t block, std::span<const double> values) const {
  const gradcheck::Block& b = vector_.blocks()[block];
  const auto own = values.subspan(b.offset, b.size);
  if (kinds_[block] == Leaf::number) return py::float_(own.front());
  py::array_t<double> array = shaped(own, b.shape);
  if (kinds_[block] == Leaf::array) return array;
  return array[py::tuple()];  // what NumPy calls a scalar
}

py::object Layout::argument(std::span<const double> values, py::list& leaves) const {
  const std::size_t count = kinds_.size();
  leaves = py::list(count);
  for (std::size_t i = 0; i < count; ++i) leaves[i] = leaf(i, values);
  return build_.is_none() ? py::object(leaves[0]) : build_(leaves);
}

py::object Layout::argument(std::span<const double> values) const {
  if (build_.is_none()) return leaf(0, values);
  py::list leaves;
  return argument(values, leaves);
}

bool Layout::untouched(const py::list& leaves, std::span<const double> values) const {
  for (std::size_t i = 0; i < kinds_.size(); ++i) {
    if (kinds_[i] != Leaf::array) continue;
    const gradcheck::Block& b = vector_.blocks()[i];
    const auto array = py::reinterpret_borrow<py::array_t<double>>(leaves[i]);
    if (static_cast<std::size_t>(array.size()) != b.size) return false;  // resized in place
    const bool same =
        std::memcmp(array.data(), values.data() + b.offset, b.size * sizeof(double)) == 0;
    if (!same) return false;
  }
  return true;
}

}  // namespace dtheta::python
