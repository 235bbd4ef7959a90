#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <functional>
#include <string>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"

namespace dtheta::python {

namespace py = pybind11;

/// Reads `options[name]` into `target`, if it is there. Throws TypeError that names the option.
template <class T>
void read_option(const py::dict& options, const char* name, T& target) {
  if (!options.contains(name)) return;
  const py::object value = options[name];
  try {
    target = value.cast<T>();
  } catch (const py::cast_error&) {
    throw py::type_error(std::string(name) + ": " + std::string(py::repr(value)) +
                         " is not what this option takes");
  }
}

/// A progress callback that looks at Ctrl-C, too. `callback` is None or
/// callback(done, total, evaluations, seconds); only an answer of False stops the check. It must
/// outlive the function.
std::function<bool(const gradcheck::Progress&)> progress_of(const py::object& callback);

/// The options of check() by their names in Python.
gradcheck::Options options_of(const py::dict& options, const py::object& progress);

/// The options of check_jacobian() by their names in Python.
gradcheck::JacobianOptions jacobian_options_of(const py::dict& options, const py::object& progress);

}  // namespace dtheta::python
