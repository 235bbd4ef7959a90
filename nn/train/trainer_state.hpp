#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// All that a training goes on from: what is stored of it, bit for bit, is stored of the training.
/// See Trainer::state.
///
/// The tensors are float32 or, the history, float64. Their names begin with what they are:
///   model.0.weight           parameters and buffers, by their paths
///   optimizer.0.weight.adam.m   state of the optimisers
///   average.0.weight         the moving average of a parameter
///   best.0.weight            parameters and buffers of the best epoch so far
///   history.cost             one number for each epoch done
/// Numbers are counts below 2^53 or doubles, infinities among them; they name where the training
/// stands (step), what it waits for, and the settings that must be the same (batch_size, seed_low).
struct TrainerState {
  struct NamedTensor {
    std::string name;
    Tensor value;
  };
  std::vector<NamedTensor> tensors{};
  std::map<std::string, double, std::less<>> numbers{};

  /// Null where there is none.
  [[nodiscard]] const Tensor* find(std::string_view name) const;
  /// Throws ValueError where there is none.
  [[nodiscard]] double number(std::string_view name) const;
};

/// Equal names, shapes, types and bits, in any order of the tensors. NaN equals itself, and the
/// seconds that it took are left out.
[[nodiscard]] bool same_bits(const TrainerState& a, const TrainerState& b);

}  // namespace dtheta::nn
