#pragma once

#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace dtheta::python {

namespace py = pybind11;

/// A Python exception on its way through the checker. It is no std::exception, so that nothing in
/// between takes it for a point at which a function has no value.
struct Raised {
  py::error_already_set error;
};

/// An arithmetic exception, which may mean that the point lies outside of a function's domain.
/// Where the checker does not take it so, at theta itself, it becomes the Python exception again.
class NoValue : public std::runtime_error {
 public:
  NoValue(const std::string& what, py::error_already_set raised)
      : std::runtime_error(what), error(std::move(raised)) {}
  py::error_already_set error;
};

/// Throws a Python exception on: as NoValue if it is an ArithmeticError, a ValueError or a
/// LinAlgError, and as Raised otherwise, as is a ShapeError of this package. Needs the
/// interpreter's lock.
[[noreturn]] void throw_on(py::error_already_set& error);

/// Runs what calls Python from inside the checker: with the interpreter's lock, and with a look at
/// Ctrl-C afterwards.
template <class Work>
auto in_python(const Work& work) {
  const py::gil_scoped_acquire lock;
  try {
    auto value = work();
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return value;
  } catch (py::error_already_set& error) {
    throw_on(error);
  }
}

/// Runs a check without the interpreter's lock, so that other threads go on, and hands what Python
/// raised inside of it back with its traceback.
template <class Work>
auto without_lock(const Work& work) {
  try {
    const py::gil_scoped_release released;
    return work();
  } catch (const Raised& raised) {
    throw py::error_already_set(raised.error);
  } catch (const NoValue& nothing) {
    throw py::error_already_set(nothing.error);
  }
}

}  // namespace dtheta::python
