// The extension module behind the Python package `dtheta`: the independent checker, without a tape.
#include <pybind11/pybind11.h>

#include "check.hpp"
#include "gradcheck/errors.hpp"
#include "results.hpp"

PYBIND11_MODULE(_dtheta, module) {
  module.doc() = "What the package dtheta is made of; its own functions are those to call.";
  pybind11::register_exception<dtheta::gradcheck::ShapeError>(module, "ShapeError",
                                                              PyExc_ValueError);
  dtheta::python::bind_results(module);
  dtheta::python::bind_manifolds(module);
  dtheta::python::bind_check(module);
  dtheta::python::bind_jacobian(module);
}
