#pragma once

#include <string>

#include "benchmarks/work.hpp"

/// Steps written by hand, without tape, plan or graph: what is left when a library costs nothing.
namespace dtheta::bench::floor {

/// Cases a, b, c; b-merged, c-merged: with the update of the weights merged into their derivative.
Work dense_step(const std::string& name, int threads);
/// Cases gc-a, gc-b, gc-c: two-sided differences of a cost that is computed anew each time.
Work dense_check(const std::string& name);
/// ADBench: gmm-25, gmm-50, lstm; with "-value" the function alone.
Work gmm(const std::string& name);
Work lstm(const std::string& name);
/// What the machine can do at best, a piece being one operation or one byte: peak-f32, peak-f64
/// (multiply-adds count as two operations), peak-bytes.
Work peak(const std::string& name, int threads);
/// C = A B of square matrices of float by OpenBLAS: product-N.
Work product(const std::string& name, int threads);
/// ADBench's ba: all errors and rows of the Jacobian.
Work bundle();

}  // namespace dtheta::bench::floor
