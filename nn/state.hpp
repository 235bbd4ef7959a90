#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/dtype.hpp"
#include "nn/data/safetensors.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// What a checkpoint (nn/train/checkpoint.hpp) keeps beside the weights has names that begin so.
inline constexpr std::string_view checkpoint_prefix = "checkpoint/";

/// The parameters and buffers of a model under their paths, in the order of its lists, as copies.
/// Throws StateError, naming them, for parameters that wait for `initialize`.
[[nodiscard]] std::vector<NamedTensor> state_of(const ModelView& model);

struct SaveOptions {
  /// The precision of real numbers in the file; as they are without. float32 keeps all that
  /// training in float32 left, in half the bytes.
  std::optional<DType> dtype{};
  Metadata metadata{};
};

/// Writes what `state_of` gives to a safetensors file: on an error the file is what it was before.
/// Throws what `state_of` and `write_safetensors` do, and ValueError for a dtype that is not real
/// and for a number that is too large for it.
void save(const std::string& file, const ModelView& model, const SaveOptions& options = {});

struct LoadOptions {
  /// Without it the file may lack some of the model's tensors and have others: the report says
  /// which. Shapes must fit all the same.
  bool strict = true;
  /// Put before the model's paths to find its tensors in the file, "encoder." say; others are none
  /// of its business.
  std::string prefix{};
};

/// What did not meet when a file was loaded, by the file's names.
struct LoadReport {
  std::vector<std::string> missing;     ///< the model has it, the file does not
  std::vector<std::string> unexpected;  ///< the file has it, the model does not
};

/// Reads parameters and buffers from a safetensors file by their paths, which are those of
/// PyTorch's state dicts; its `num_batches_tracked`, and what a checkpoint keeps beside the
/// weights, is not looked at. Real numbers of any width become float64. What has been loaded no
/// longer waits for `initialize`, which leaves it alone.
///
/// Throws ValueError where names or shapes do not meet: one message lists what is missing, what is
/// unexpected, and what has another shape, with both shapes. Throws DataError as SafetensorsFile
/// does. The model is then what it was before.
LoadReport load(const std::string& file, const ModelRef& model, const LoadOptions& options = {});

}  // namespace dtheta::nn
