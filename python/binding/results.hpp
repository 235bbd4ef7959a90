#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "gradcheck/jacobian/result.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::python {

namespace py = pybind11;

/// A result and, of one that looked at a part of theta, where its entries stand in the whole.
struct GradientResult {
  gradcheck::Result result;
  std::vector<std::size_t> positions{};
};

/// Everything that a result says, as Python's own types: what the dataclasses of dtheta are made
/// of.
py::dict fields_of(const GradientResult& found);
py::dict fields_of(const gradcheck::JacobianResult& result);
py::dict fields_of(const gradcheck::ProbeReplay& replay);

/// Puts the classes that hold results into the module.
void bind_results(py::module_& module);

}  // namespace dtheta::python
