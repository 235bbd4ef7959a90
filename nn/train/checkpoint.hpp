#pragma once

#include <functional>
#include <string>

#include "nn/train/trainer.hpp"
#include "nn/train/trainer_state.hpp"

namespace dtheta::nn {

/// Keeps all that a training goes on from in one safetensors file. The weights and buffers stand in
/// it under their paths, for `load` and for other libraries; all else under names that begin with
/// "checkpoint/", "checkpoint/optimizer.0.weight.adam.m", numbers in the metadata. The file is
/// written beside its target, synced and renamed: a crash leaves the old one or the new one.
/// Throws what Trainer::state and write_safetensors do.
void save_checkpoint(const std::string& file, const Trainer& trainer);
void save_checkpoint(const std::string& file, const TrainerState& state);

/// Reads it again, the same bits. Throws DataError where the file is none that save_checkpoint
/// wrote, or is damaged.
[[nodiscard]] TrainerState load_checkpoint(const std::string& file);

/// Goes on from a checkpoint, where there is one; false, and nothing done, where there is no such
/// file. The trainer then does to the bit what the one that was saved would have done, with any
/// number of threads. Throws what `load_checkpoint` does, and as Trainer::restore, with the file's
/// name, for one of another model, optimiser or setting.
bool resume(const std::string& file, Trainer& trainer);

/// For TrainerOptions::save:
///
///   nn::Trainer trainer(model, data, {.save = nn::checkpoint_to("run.safetensors")});
///   nn::resume("run.safetensors", trainer);
///   trainer.fit(20);  // stopped at any time and started again, it ends at the same weights
[[nodiscard]] std::function<void(const Trainer&)> checkpoint_to(std::string file);

}  // namespace dtheta::nn
