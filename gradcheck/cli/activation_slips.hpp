#pragma once

#include <vector>

#include "gradcheck/cause.hpp"
#include "nn/data/npz.hpp"
#include "nn/dense_network.hpp"

namespace dtheta::gradcheck::cli {

/// The gradients that a backward pass by hand gives when it has a usual slip in the slope of one
/// hidden layer's activation: x for tanh x, a factor left out, the activation taken twice. Laid out
/// as W1, b1, W2, ...
std::vector<NamedVector> activation_slips(const nn::NpzFile& file, const nn::DenseOptions& options);

}  // namespace dtheta::gradcheck::cli
