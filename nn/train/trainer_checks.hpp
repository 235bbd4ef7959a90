#pragma once

#include "autodiff/errors.hpp"
#include "nn/train/step/step_program.hpp"
#include "nn/train/trainer_options.hpp"

namespace dtheta::nn::detail {

/// Throws ValueError for settings of a training that cannot be, ShapeError and TypeError for data
/// that cannot be trained on.
void require_settings(const TableView& train, const TrainerOptions& options, bool is_dataset);

/// The cost of the options, or else their loss. Where a label of the data is `ignored_label`,
/// cross_entropy_with_logits leaves such examples or positions out of the mean, as in PyTorch.
[[nodiscard]] BatchCost cost_for(const ModelView& model, const TableView& train,
                                 const TrainerOptions& options);
/// Throws ValueError for labels that are no class of an output of this shape.
void require_labels(const TableView& data, const Shape& output, Loss loss);
/// The number of classes of an output of this shape; 2 for losses of two classes.
[[nodiscard]] Index classes_of(const Shape& output, Loss loss);

/// From a handler of `e`, which a run of this step threw: throws it again, with the op, its line and
/// its layer behind the message, where it was an op that met an index it cannot take.
[[noreturn]] void rethrow_with_place(const ValueError& e, const StepProgram& program, Index step);

/// Whether all weights and all state are.
[[nodiscard]] bool all_finite(const StepProgram& program);

}  // namespace dtheta::nn::detail
