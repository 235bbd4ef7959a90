#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <typeindex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/var.hpp"
#include "nn/fields.hpp"
#include "nn/parameter.hpp"

namespace dtheta::nn {

/// What a network is recorded for. Some layers, dropout first of all, differ between the two.
enum class Mode : std::uint8_t { train, evaluate };

/// A parameter as it stands on a tape.
struct RecordedParameter {
  std::string name;  ///< its path in the model, "0.weight"; or "W1" where it stands alone
  int layer;
  bool regularized;
  Var var;                  ///< the leaf
  const Parameter* source;  ///< from which it was recorded, if that is still there:
  Lifetime::Watch watch;
};

/// A buffer as it stands on a tape.
struct RecordedBuffer {
  std::string name;
  Var var;   ///< the leaf
  Var next;  ///< its value after the step, where the recording updates it; else no Var
  const Buffer* source;
};

/// One call of a layer, in the order in which they began.
struct LayerCall {
  std::string path;
  std::string type;
  int depth = 0;
  std::vector<Shape> inputs{};
  std::vector<Shape> outputs{};
  std::uint32_t first_node = 0, end_node = 0;  ///< the records it made
  SourceLocation where{};                      ///< line 0 where nobody said
};

namespace detail {
template <class E>
concept IsExtra = !std::is_convertible_v<E, Var> && !std::same_as<E, SourceLocation>;
}  // namespace detail

/// One recording of a network: the tape, what it is for, and what it has met so far.
///
/// Parameters are known by their address, so the network must stay where it is meanwhile. A
/// recording ends with its tape, or when that is cleared: used later it throws StateError.
class Recording {
 public:
  /// Of layers that stand alone.
  explicit Recording(Tape& tape, Mode mode = Mode::train) : tape_(tape), mode_(mode) {}
  /// Of a model, whose paths then name all that it holds; what it does not list cannot be used.
  Recording(Tape& tape, ModelFields model, Mode mode = Mode::train);

  [[nodiscard]] Tape& tape() const { return tape_.get("recording"); }
  [[nodiscard]] bool training() const { return mode_ == Mode::train; }

  /// The leaf that stands for a parameter: recorded when it is first met, so that a parameter used
  /// in several places is one leaf. Throws StateError for one that lies where another lay that was
  /// met before and is gone: a network must live as long as its recording; for one that waits for
  /// `initialize`; and for one that the model does not list, with the line that uses it.
  Var operator()(const Parameter& parameter, SourceLocation at = SourceLocation::current());
  /// The leaf that stands for a buffer; throws as it does for a parameter.
  Var operator()(const Buffer& buffer, SourceLocation at = SourceLocation::current());
  /// The key of a stream. Throws StateError where it waits for `initialize`.
  [[nodiscard]] RandomKey operator()(const RandomStream& stream) const;

  /// Makes `next` the value of a buffer after this step. Only a recording for training does it.
  void update(const Buffer& buffer, Var next);

  /// Calls a layer: `r(layer, x)` is layer.forward(r, x), but what goes wrong in it is told with
  /// the layer's path, its operands and the line of the call, and the call stands in `calls`.
  /// Throws StateError for a module that the model does not list.
  template <class L>
  requires(!std::is_convertible_v<L, Var>) auto operator()(
      const L& layer, Var x, SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x);
  }
  template <class L>
  requires(!std::is_convertible_v<L, Var>) auto operator()(
      const L& layer, Var x, Var y, SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x, y);
  }
  template <class L>
  requires(!std::is_convertible_v<L, Var>) auto operator()(
      const L& layer, Var x, Var y, Var z, SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x, y, z);
  }
  /// The same with something behind the operands that is none itself: masks, say.
  template <class L, class E>
  requires(detail::IsExtra<E>) auto operator()(const L& layer, Var x, const E& extra,
                                               SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x, extra);
  }
  template <class L, class E>
  requires(detail::IsExtra<E>) auto operator()(const L& layer, Var x, Var y, const E& extra,
                                               SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x, y, extra);
  }
  template <class L, class E>
  requires(detail::IsExtra<E>) auto operator()(const L& layer, Var x, Var y, Var z, const E& extra,
                                               SourceLocation at = SourceLocation::current()) {
    return call(at, layer, x, y, z, extra);
  }
  /// The same for operands of any kind.
  template <class L, class... X>
  auto call(SourceLocation at, const L& layer, const X&... x);

  /// The parameters in the order in which they were met; frozen ones are not among them.
  [[nodiscard]] const std::vector<RecordedParameter>& parameters() const { return parameters_; }
  /// Those that are frozen.
  [[nodiscard]] const std::vector<RecordedParameter>& frozen() const { return frozen_; }
  [[nodiscard]] const std::vector<RecordedBuffer>& buffers() const { return buffers_; }
  [[nodiscard]] const std::vector<LayerCall>& calls() const { return calls_; }
  /// What the model listed and nothing has used so far.
  [[nodiscard]] std::vector<std::string> unused() const;

 private:
  struct Place {
    std::string path;
    int layer;
  };
  void enter(const void* layer, std::type_index id, bool lists, std::vector<Shape> inputs,
             const SourceLocation& at);
  void leave(std::vector<Shape> outputs);
  /// The message with the layer that was called last put behind it, once.
  [[nodiscard]] std::string located(const char* message);
  [[nodiscard]] const Place* place_of(const void* member, std::string_view kind,
                                      const std::string& name, const SourceLocation& at) const;
  [[nodiscard]] std::string here() const;
  [[nodiscard]] std::string free_name(const Parameter& parameter) const;

  template <class X>
  static void shape_into(std::vector<Shape>& shapes, const X& x) {
    if constexpr (std::same_as<X, Var>) {
      if (x.exists()) shapes.push_back(x.shape());
    }
  }

  TapeWatch tape_;
  Mode mode_;
  bool of_model_ = false;
  std::unordered_map<const void*, Place> places_;  // of parameters and buffers
  std::map<std::pair<const void*, std::type_index>, std::string> modules_;
  std::vector<std::string> listed_;
  std::vector<RecordedParameter> parameters_, frozen_;
  std::vector<RecordedBuffer> buffers_;
  std::unordered_map<const Parameter*, std::pair<bool, std::size_t>> known_;  // frozen, place
  std::unordered_map<const Buffer*, std::size_t> known_buffers_;
  std::vector<LayerCall> calls_;
  std::vector<std::size_t> open_;  // places among calls_
  bool told_ = false;              // that an error on its way out has its place
};

/// The leaves alone, in the same order: what `grad` takes.
[[nodiscard]] std::vector<Var> leaves_of(std::span<const RecordedParameter> parameters);

template <class L, class... X>
auto Recording::call(SourceLocation at, const L& layer, const X&... x) {
  std::vector<Shape> inputs, outputs;
  (shape_into(inputs, x), ...);
  enter(&layer, typeid(L), HasFields<L>, std::move(inputs), at);
  try {
    auto y = layer.forward(*this, x...);
    shape_into(outputs, y);
    leave(std::move(outputs));
    return y;
  } catch (const ShapeError& e) {
    throw ShapeError(located(e.what()));
  } catch (const TypeError& e) {
    throw TypeError(located(e.what()));
  } catch (const ValueError& e) {
    throw ValueError(located(e.what()));
  } catch (const GuardError&) {
    throw;
  } catch (const StateError& e) {
    throw StateError(located(e.what()));
  }
}

}  // namespace dtheta::nn
