#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "autodiff/batch.hpp"
#include "autodiff/op_sample.hpp"
#include "autodiff/scalar/scalar.hpp"
#include "autodiff/scalar/value_type.hpp"
#include "autodiff/var.hpp"

/// What an op is: a value, a derivative written in ops, and the samples on which both are tested.
/// Tape, planner and checker know ops as data (OpRecord), and none of them by name.
namespace dtheta {

/// What every op says of itself.
struct OpInfo {
  std::string_view name;
  /// Number of operands; `variadic` for a list of at least one.
  int arity = 1;
  /// Complex-differentiable, so that a complex-step oracle may run through it.
  bool analytic = false;
  /// Jointly linear in its real operands: the tangent is the op applied to the tangents.
  bool linear = false;
  /// Linear in each real operand alone: the tangent is a sum, one operand at a time.
  bool multilinear = false;
  /// False when the derivative is zero or undefined everywhere (comparisons, rounding, argmax).
  bool differentiable = true;
  /// The result is operand 0, element for element, under another shape: it needs no memory.
  bool view = false;
};
inline constexpr int variadic = -1;

class Parallel;

/// One execution of a kernel in scalar type T: where its operands are and where the result goes.
template <Scalar T>
struct Call {
  std::span<const Operand> in;
  void* out;
  const ValueType* out_type;
  void* scratch;                       // as many elements of T as Op::scratch asked for
  const Parallel* parallel = nullptr;  // threads that may share the work; null: the caller's alone

  [[nodiscard]] const T* input(int i) const { return static_cast<const T*>(at(i).data); }
  [[nodiscard]] const Index* indices(int i) const { return static_cast<const Index*>(at(i).data); }
  [[nodiscard]] const Shape& shape(int i) const { return at(i).type->shape; }
  [[nodiscard]] T* output() const { return static_cast<T*>(out); }
  [[nodiscard]] Index* index_output() const { return static_cast<Index*>(out); }
  [[nodiscard]] const Shape& out_shape() const { return out_type->shape; }
  [[nodiscard]] T* workspace() const { return static_cast<T*>(scratch); }

 private:
  [[nodiscard]] const Operand& at(int i) const { return in[static_cast<std::size_t>(i)]; }
};

/// What a derivative rule sees: the op's operands and its result, as recorded.
struct Primal {
  std::span<const std::uint32_t> in;  // places on the tape of `out`
  Var out;
  [[nodiscard]] Var operator[](int i) const { return out.at(in[static_cast<std::size_t>(i)]); }
};

/// An op: one struct in one place. Its data members are its attributes.
///
/// ```cpp
/// struct Cubic {
///   static constexpr OpInfo info{.name = "cubic", .analytic = true};
///   static ValueType infer(Types in) { return in[0]; }
///   template <class T>
///   void forward(const Call<T>& call) const {
///     const T* x = call.input(0);
///     for (Index i = 0; i < call.out_shape().size(); ++i) call.output()[i] = x[i] * x[i] * x[i];
///   }
///   static Var vjp(int, const Primal& p, Var c) { return c * 3 * square(p[0]); }
///   static std::vector<Sample<Cubic>> samples() { return {{{}, {real({2, 3}, {-2, 2})}}}; }
///   friend constexpr bool operator==(const Cubic&, const Cubic&) = default;
/// };
///
/// const Var y = apply<Cubic>(x);
/// ```
///
/// Elementwise ops say less: autodiff/elementwise.hpp. Beside what is required here an op may have
///   Var jvp(const Primal&, std::span<const Var> tangents) const;   // else derived from vjp
///   Var batch(const Batch&) const;                                 // many at once, see Batch
///   std::size_t scratch(Types) const;         // elements of T for the kernel
///   template <class T> void tile(const T* const*, T*, size_t) const;  // elementwise: may be fused
template <class O>
concept Op = std::is_trivially_copyable_v<O> && std::equality_comparable<O> &&
    requires(const O op, Types types, const Primal& primal, Var v, const Call<double>& call) {
  { O::info } -> std::convertible_to<OpInfo>;
  { op.infer(types) } -> std::same_as<ValueType>;
  { op.template forward<double>(call) } -> std::same_as<void>;
  { op.vjp(0, primal, v) } -> std::same_as<Var>;
  { O::samples() } -> std::convertible_to<std::vector<Sample<O>>>;
};

template <class T>
using Kernel = void (*)(const void* op, const Call<T>& call);

/// An elementwise kernel over a contiguous run of n elements; `out` may be one of the inputs, of
/// which there are at most `max_elementwise`.
template <class T>
using Tile = void (*)(const void* op, const T* const* in, T* out, std::size_t n);

inline constexpr std::size_t max_elementwise = 4;

/// An op as data: what the tape, the planner and the checker need, without knowing its type.
struct OpRecord {
  OpInfo info;
  std::size_t bytes;
  std::size_t alignment;
  ValueType (*infer)(const void* op, Types in);
  std::size_t (*scratch)(const void* op, Types in);  // or null: it needs none
  bool (*equal)(const void* a, const void* b);
  PerScalar<Kernel> kernel;
  PerScalar<Tile> tile;  // all null unless the op is elementwise
  Var (*vjp)(const void* op, int i, const Primal& primal, Var cotangent);
  Var (*jvp)(const void* op, const Primal& primal, std::span<const Var> tangents);  // or null
  Var (*batch)(const void* op, const Batch& batch);                                 // or null
  std::vector<SampleCase> (*samples)();

  [[nodiscard]] bool is_elementwise() const { return tile.f64 != nullptr; }
  /// Elements of scratch memory that the kernel needs.
  [[nodiscard]] std::size_t scratch_for(const void* op, Types in) const {
    return scratch == nullptr ? 0 : scratch(op, in);
  }
};

namespace detail {

template <Op O>
const O& as(const void* op) {
  return *static_cast<const O*>(op);
}

template <Op O, class T>
constexpr Kernel<T> kernel_of() {
  if constexpr (RealScalar<T> || O::info.analytic) {
    return [](const void* op, const Call<T>& call) { as<O>(op).template forward<T>(call); };
  } else {
    return nullptr;
  }
}

template <Op O, class T>
constexpr Tile<T> tile_of() {
  constexpr bool elementwise = requires(const O op, const double* const* in, double* out) {
    op.template tile<double>(in, out, std::size_t{});
  };
  static_assert(!elementwise || static_cast<std::size_t>(O::info.arity) <= max_elementwise);
  if constexpr (elementwise && (RealScalar<T> || O::info.analytic)) {
    return [](const void* op, const T* const* in, T* out, std::size_t n) {
      as<O>(op).template tile<T>(in, out, n);
    };
  } else {
    return nullptr;
  }
}

template <Op O>
constexpr OpRecord make_record() {
  OpRecord r{};
  r.info = O::info;
  r.bytes = std::is_empty_v<O> ? 0 : sizeof(O);
  r.alignment = alignof(O);
  r.infer = [](const void* op, Types in) { return as<O>(op).infer(in); };
  if constexpr (requires(const O op, Types in) { op.scratch(in); }) {
    r.scratch = [](const void* op, Types in) -> std::size_t { return as<O>(op).scratch(in); };
  }
  r.equal = [](const void* a, const void* b) { return as<O>(a) == as<O>(b); };
  r.kernel = {kernel_of<O, float>(), kernel_of<O, double>(), kernel_of<O, long double>(),
              kernel_of<O, Quad>(), kernel_of<O, Complex>()};
  r.tile = {tile_of<O, float>(), tile_of<O, double>(), tile_of<O, long double>(),
            tile_of<O, Quad>(), tile_of<O, Complex>()};
  r.vjp = [](const void* op, int i, const Primal& p, Var c) { return as<O>(op).vjp(i, p, c); };
  if constexpr (requires(const O op, const Primal& p, std::span<const Var> t) { op.jvp(p, t); }) {
    r.jvp = [](const void* op, const Primal& p, std::span<const Var> t) {
      return as<O>(op).jvp(p, t);
    };
  }
  if constexpr (requires(const O op, const Batch& b) { op.batch(b); }) {
    r.batch = [](const void* op, const Batch& b) { return as<O>(op).batch(b); };
  }
  r.samples = [] { return erase_samples(O::samples()); };
  return r;
}

}  // namespace detail

/// The record of an op: one object for each op type, so its address identifies the op.
template <Op O>
inline constexpr OpRecord record_of = detail::make_record<O>();

/// Records an op on the tape of its operands and evaluates it. Numbers become constants.
/// Throws what the op's shape rule throws, and StateError for operands of two tapes.
Var apply(const OpRecord& record, const void* op, std::span<const Arg> in);
/// The same for two operands, as most ops have.
Var apply(const OpRecord& record, const void* op, const Arg& a, const Arg& b);

template <Op O>
Var apply(const O& op, std::initializer_list<Arg> in) {
  return apply(record_of<O>, &op, std::span(in.begin(), in.size()));
}
template <Op O>
Var apply(const Arg& x) {
  const O op{};
  return apply(record_of<O>, &op, std::span(&x, 1));
}
template <Op O>
Var apply(const Arg& a, const Arg& b) {
  const O op{};
  return apply(record_of<O>, &op, a, b);
}

}  // namespace dtheta
