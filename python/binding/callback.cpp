#include "callback.hpp"

namespace dtheta::python {
namespace {

/// "ValueError: math domain error", on one line.
std::string line_of(const py::error_already_set& error) {
  std::string text = py::str(error.type().attr("__name__"));
  const std::string message = py::str(error.value());
  if (!message.empty()) text += ": " + message.substr(0, message.find('\n'));
  return text;
}

/// NumPy 1.25 makes LinAlgError a ValueError; before that it is known by its name.
bool is_linear_algebra(const py::error_already_set& error) {
  return std::string(py::str(error.type().attr("__name__"))) == "LinAlgError";
}

/// What the package itself raises where something does not fit.
bool is_misfit(const py::error_already_set& error) {
  return error.matches(py::module_::import("dtheta._dtheta").attr("ShapeError"));
}

}  // namespace

void throw_on(py::error_already_set& error) {
  if (is_misfit(error)) throw Raised{error};
  if (error.matches(PyExc_ArithmeticError) || error.matches(PyExc_ValueError) ||
      is_linear_algebra(error)) {
    throw NoValue(line_of(error), error);
  }
  throw Raised{error};
}

}  // namespace dtheta::python
