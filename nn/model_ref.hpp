#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "nn/fields.hpp"
#include "nn/layer.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// A model that belongs to somebody else: what evaluation and costs need to know of it. The model
/// must stay where it is; where it has gone or was moved, `require_there` tells.
class ModelView {
 public:
  /// Of any layer, whatever its type.
  template <class M>
  requires(!std::is_base_of_v<ModelView, M>) ModelView(const M& model)
      : model_(&model), forward_(&forward_as<M>), fields_(&fields_as<M>) {
    static_assert(Layer<M> || HasFields<M>,
                  "a model is a layer: it can be copied and has Var forward(nn::Recording&, Var) "
                  "const; one with parameters also has void fields(nn::Fields&). One whose forward "
                  "takes something else than one Var needs fields(nn::Fields&) alone");
    if constexpr (requires { model.watch(); }) {
      watch(model.watch());
    } else {
      watch();
    }
  }

  /// Throws StateError for a model whose forward takes something else than one Var.
  [[nodiscard]] Var forward(Recording& recording, Var x) const {
    return forward_(model_, recording, x);
  }
  [[nodiscard]] ModelFields fields() const { return fields_(model_); }

  /// Throws StateError, saying who asks, where the model has been destroyed or moved since.
  void require_there(std::string_view who) const;

 private:
  template <class M>
  static Var forward_as(const void* model, Recording& recording, Var x) {
    if constexpr (Layer<M>) {
      return recording.call(SourceLocation{}, *static_cast<const M*>(model), x);
    } else {
      throw_needs_a_cost(detail::short_name(typeid(M)));
    }
  }
  template <class M>
  static ModelFields fields_as(const void* model) {
    return fields_of(*static_cast<const M*>(model));
  }
  void watch(Lifetime::Watch own) {
    watch_ = std::move(own);
    watched_ = true;
  }
  void watch();
  [[noreturn]] static void throw_needs_a_cost(const std::string& type);

  const void* model_;
  Var (*forward_)(const void*, Recording&, Var);
  ModelFields (*fields_)(const void*);
  // The model's own; of one that has none, its first parameter's.
  Lifetime::Watch watch_{};
  bool watched_ = false;
};

/// One that may be changed: initialised, trained, loaded into.
class ModelRef : public ModelView {
 public:
  template <class M>
  requires(!std::is_const_v<M> && !std::is_base_of_v<ModelView, M>) ModelRef(M& model)
      : ModelView(model) {}
};

/// The parameters of a model in the order of its lists.
[[nodiscard]] std::vector<Parameter*> parameters_of(ModelRef model);

}  // namespace dtheta::nn
