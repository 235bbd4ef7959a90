#pragma once

#include <pybind11/pybind11.h>

namespace dtheta::python {

/// Puts check, compare and replay into the module.
void bind_check(pybind11::module_& module);

/// Puts the checks of Jacobians, Hessians and products into the module.
void bind_jacobian(pybind11::module_& module);

/// Puts the manifolds into the module.
void bind_manifolds(pybind11::module_& module);

}  // namespace dtheta::python
