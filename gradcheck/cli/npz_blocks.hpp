#pragma once

#include <string>

#include "gradcheck/parameter_vector.hpp"
#include "nn/data/npz.hpp"

namespace dtheta::gradcheck::cli {

/// An array of a file as float64.
Tensor in_double(const nn::NpzFile& file, const std::string& array);

/// Reads of a file only the arrays that blocks_from would take.
nn::NpzFile blocks_in(const std::string& file, const ParameterVector& layout,
                      std::initializer_list<const char*> prefixes);

/// The arrays of a file under the names of `layout`'s blocks, in its order: for each block, the
/// first of `prefixes` with which the file has it. Throws DataError for a block that the file has
/// not, std::invalid_argument for one of another shape.
ParameterVector blocks_from(const nn::NpzFile& file, const ParameterVector& layout,
                            std::initializer_list<const char*> prefixes);

}  // namespace dtheta::gradcheck::cli
