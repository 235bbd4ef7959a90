#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <vector>

#include "autodiff/var.hpp"
#include "nn/parameter.hpp"

namespace dtheta::nn {

class Fields;
class Recording;

/// A module lists its members once, by name; that gives parameters their paths, and finds them when
/// they are initialised, trained, saved or loaded:
///
///   struct Block {
///     Linear up{16, 64}, down{64, 16};
///     Dropout dropout{0.9};
///     void fields(Fields& f) { f("up", up)("down", down)("dropout", dropout); }
///     Var forward(Recording& r, Var x) const {
///       return x + r(dropout, r(down, gelu(r(up, x))));
///     }
///   };
///
/// `fields` must change nothing: it is asked of models that are const, too.
template <class M>
concept HasFields = requires(M& module, Fields& fields) {
  module.fields(fields);
};

/// What a model consists of, in the order of its lists, depth first.
struct ModelFields {
  template <class T>
  struct Named {
    std::string path;  ///< "encoder.0.linear1.weight", unique in the model
    T* member;
    int layer;  ///< counted from 1 among the modules that hold parameters themselves
  };
  struct Module {
    std::string path;  ///< "encoder.0"; empty for the model itself
    std::string type;  ///< "Linear"
    const void* address;
    std::type_index id;
  };
  std::vector<Named<Parameter>> parameters{};
  std::vector<Named<Buffer>> buffers{};
  std::vector<Named<RandomStream>> streams{};
  std::vector<Module> modules{};
};

/// Goes through a model and notes what it lists; see `fields_of`.
class Fields {
 public:
  /// Lists a member: a Parameter, a Buffer, a RandomStream, a layer or a module, or an optional,
  /// vector or array of those, whose elements are named 0, 1, ... Throws ValueError for a name that
  /// this module has listed already or that is not a path's part: letters, digits and _ alone.
  template <class T>
  Fields& operator()(std::string_view name, T& member);

  /// For who lists members of another as its own, under no name.
  template <class T>
  void visit(T& member);

 private:
  template <class M>
  friend ModelFields fields_of(const M& model);

  struct Frame {
    std::string path;
    std::set<std::string, std::less<>> names{};
    bool holds_parameters = false;
    int layer = 0;
  };

  void push(std::string_view name);
  void pop() { frames_.pop_back(); }
  void add(Parameter& parameter);
  void add(Buffer& buffer);
  void add(RandomStream& stream);
  void add_module(const void* address, std::type_index id, std::string type);
  [[nodiscard]] int layer_of_frame();
  void require_once(const void* member, const std::string& path);
  void finish();

  ModelFields found_{};
  std::vector<Frame> frames_{Frame{}};
  int layers_ = 0;
};

namespace detail {
/// The name of a type without its namespaces.
[[nodiscard]] std::string short_name(std::type_index id);

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Whether it can be called in a recording; the number of operands is its own affair.
template <class T>
concept RecordsItself = requires {
  &T::forward;
}
|| requires(const T& layer, Recording& r, Var x) { layer.forward(r, x); };
}  // namespace detail

/// All that a model lists. Throws ValueError where two members have one path, one member stands in
/// two places, or two layers were given equal keys.
template <class M>
[[nodiscard]] ModelFields fields_of(const M& model) {
  Fields fields;
  fields.visit(const_cast<M&>(model));  // `fields` changes nothing
  fields.finish();
  return std::move(fields.found_);
}

template <class T>
Fields& Fields::operator()(std::string_view name, T& member) {
  push(name);
  visit(member);
  pop();
  return *this;
}

template <class T>
void Fields::visit(T& member) {
  if constexpr (std::same_as<T, Parameter> || std::same_as<T, Buffer> ||
                std::same_as<T, RandomStream>) {
    add(member);
  } else if constexpr (detail::is_optional<T>) {
    if (member) visit(*member);
  } else if constexpr (HasFields<T>) {
    if constexpr (!requires { typename T::holds_any_layer; }) {
      add_module(&member, typeid(T), detail::short_name(typeid(T)));
    }
    member.fields(*this);
  } else if constexpr (detail::RecordsItself<T>) {
    add_module(&member, typeid(T), detail::short_name(typeid(T)));
  } else if constexpr (std::ranges::random_access_range<T>) {
    std::size_t i = 0;
    for (auto& element : member) (*this)(std::to_string(i++), element);
  } else {
    static_assert(detail::is_optional<T>,
                  "what a module lists must be a Parameter, a Buffer, a RandomStream, a layer "
                  "(it has Var forward(Recording&, ...) const), a module (it has void "
                  "fields(Fields&)), or an optional, vector or array of those");
  }
}

namespace detail {
/// Draws all that waits in a module, each parameter apart from the others, under one key.
void draw_all(const ModelFields& fields, RandomKey key);
template <HasFields M>
void draw_all(M& module, RandomKey key) {
  draw_all(fields_of(module), key);
}
}  // namespace detail

}  // namespace dtheta::nn
