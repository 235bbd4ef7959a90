#pragma once

#include <cstdint>
#include <string_view>

#include "nn/fields.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// Draws the first values of all parameters of a model, and gives its layers that draw (dropout)
/// their random numbers: each a stream of its own, which follows from the seed and the path. So the
/// numbers of one layer stay as they are when another is added. What was given a key or values by
/// its maker, or was loaded, stays as it is.
void initialize(ModelRef model, std::uint32_t seed);

/// Freezes the parameters whose path is `path` or begins with it and a dot; all of them for "".
/// Frozen ones are recorded but not trained. Returns how many. Throws ValueError, naming the paths
/// that there are, where none is meant.
std::size_t freeze(ModelRef model, std::string_view path);
/// Makes them trainable again.
std::size_t unfreeze(ModelRef model, std::string_view path);

/// The number of elements of all parameters, frozen ones with them.
[[nodiscard]] Index parameter_count(ModelView model);

/// The same for what a model lists, whatever it is called with.
void initialize(const ModelFields& model, std::uint32_t seed);
std::size_t freeze(const ModelFields& model, std::string_view path);
std::size_t unfreeze(const ModelFields& model, std::string_view path);
[[nodiscard]] Index parameter_count(const ModelFields& model);

/// A module that is no layer of one operand: it takes two, say.
template <class M>
concept ModuleOfOthers = HasFields<M> && !Layer<M>;

template <ModuleOfOthers M>
void initialize(M& model, std::uint32_t seed) {
  initialize(fields_of(model), seed);
}
template <ModuleOfOthers M>
std::size_t freeze(M& model, std::string_view path) {
  return freeze(fields_of(model), path);
}
template <ModuleOfOthers M>
std::size_t unfreeze(M& model, std::string_view path) {
  return unfreeze(fields_of(model), path);
}
template <ModuleOfOthers M>
[[nodiscard]] Index parameter_count(const M& model) {
  return parameter_count(fields_of(model));
}

}  // namespace dtheta::nn
