#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <span>
#include <string>
#include <vector>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::python {

namespace py = pybind11;

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;

/// The values of a flat array.
std::span<const double> values_of(const Array& array);

/// A NumPy array of its own with these values.
py::array_t<double> array_of(std::span<const double> values);

/// What stands at a leaf of theta: it is what the user's function gets there, too.
enum class Leaf {
  array,   ///< a NumPy array
  scalar,  ///< one of NumPy's numbers
  number   ///< a Python float
};

/// How theta is laid out, as the checker and as Python see it: named blocks of numbers, and a tree
/// of arrays.
class Layout {
 public:
  /// `blocks`: (name, layer, shape, "array" | "scalar" | "number") of each leaf in order; `values`:
  /// all of them, flat; `build`: a function that makes the tree from the list of its leaves, or
  /// None where theta is one leaf.
  Layout(const py::list& blocks, const Array& values, py::object build);

  const gradcheck::ParameterVector& vector() const noexcept { return vector_; }

  /// theta as its function gets it: new arrays each time, which it may keep or write to. Needs the
  /// interpreter's lock.
  py::object argument(std::span<const double> values) const;

  /// The same, and the leaves themselves.
  py::object argument(std::span<const double> values, py::list& leaves) const;

  /// Whether the arrays among these leaves still hold the values that they were made of.
  bool untouched(const py::list& leaves, std::span<const double> values) const;

 private:
  py::object leaf(std::size_t block, std::span<const double> values) const;

  gradcheck::ParameterVector vector_;
  std::vector<Leaf> kinds_;
  py::object build_;
};

}  // namespace dtheta::python
