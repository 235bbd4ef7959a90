#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta::testing {

/// Computes the results of a case from its operands.
using CaseFunction = std::function<std::vector<Var>(std::span<const Var>)>;
using CaseFunctions = std::map<std::string, CaseFunction>;

/// What the cases of tests/pytorch/fixtures.py compute, by name and family.
void add_index_functions(CaseFunctions& functions);
void add_loss_functions(CaseFunctions& functions);
void add_matrix_functions(CaseFunctions& functions);
void add_elementwise_functions(CaseFunctions& functions);
void add_network_functions(CaseFunctions& functions);

}  // namespace dtheta::testing
