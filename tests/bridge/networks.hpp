#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/dense_network.hpp"
#include "nn/init.hpp"
#include "tests/data/seed_network_expected.hpp"

/// Networks to check, and gradients to be made wrong.
namespace dtheta::gradcheck::test {

using Values = std::vector<double>;

inline nn::DenseNetwork seed_network(nn::DenseOptions options = {}) {
  using enum nn::Activation;
  options.activations = {relu, relu, sigmoid};
  return {nn::NpzFile(DTHETA_TEST_DATA "/seed_network.npz").arrays(), std::move(options)};
}

/// A dense network of mean squared errors with random biases and data; m examples.
inline nn::DenseNetwork random_network(const std::vector<Index>& sizes, Index m,
                                       nn::DenseOptions options, std::uint32_t seed) {
  std::vector<nn::NamedTensor> arrays = nn::dense_parameters(sizes, {seed, 0});
  std::uint32_t stream = 100;
  for (nn::NamedTensor& a : arrays) {
    if (a.name[0] == 'b') a.value = nn::normal(a.value.shape(), 0, 0.5, {seed, stream++});
  }
  arrays.push_back({"X", nn::normal({sizes.front(), m}, 0, 1, {seed, stream++})});
  arrays.push_back({"Y", nn::normal({sizes.back(), m}, 0, 1, {seed, stream++})});
  options.loss = nn::Loss::mse;
  return {arrays, std::move(options)};
}

inline ParameterVector tape_gradient(const nn::RecordedCost& r) {
  const std::vector<CheckedLeaf> leaves = checked_leaves(r.parameters);
  return gradient_of(r.cost, leaves, parameters_of(leaves));
}

/// Checks another gradient than the tape's.
inline Result check_other(const nn::RecordedCost& r, const ParameterVector& gradient,
                          NetworkOptions options = {}) {
  options.gradient = &gradient;
  return check_network(r, options);
}

/// The names of the blocks that are said to be wrong, each followed by a blank.
inline std::string accused(const Result& result) {
  std::string names;
  for (const BlockResult& b : result.blocks) {
    if (b.verdict == Verdict::fail) names += b.name + " ";
  }
  return names;
}

inline bool same_bits(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

inline NetworkOptions with_method(Method method) {
  NetworkOptions options;
  options.method = method;
  return options;
}

}  // namespace dtheta::gradcheck::test
