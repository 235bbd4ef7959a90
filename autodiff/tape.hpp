#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/record/arena.hpp"
#include "autodiff/record/scalar_index.hpp"
#include "autodiff/record/segmented.hpp"
#include "autodiff/record/type_table.hpp"
#include "autodiff/tensor.hpp"
#include "autodiff/var.hpp"

/// A tape remembers what is computed on it, op by op, so that its derivatives can be computed too:
/// they are more ops on the same tape.
///
/// ```cpp
/// Tape tape;
/// const Var w = tape.leaf(Tensor(Shape{2}, {3.0, 4.0}), "w");
/// const Var J = sum(square(w));   // evaluated at once: 25
/// const Var g = grad(J, w);       // more records of the same tape: 6 and 8
/// const Var h = grad(sum(g), w);  // and of their derivatives: 2 and 2
/// ```
namespace dtheta {

namespace detail {
struct Pullbacks;
}

/// What a record on the tape is.
enum class Role : std::uint8_t {
  op,        // computed from earlier records
  leaf,      // an input: may be differentiated by and set anew in a replay
  constant,  // fixed for good
};

/// One record. Its position on the tape is its name; operands always stand before it.
struct Node {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  const OpRecord* op;           // null for leaves and constants
  const void* attributes;       // the op object; of a scalar constant, the number as a double
  void* value;                  // in the tape's precision, or int64
  const std::uint32_t* inputs;  // the operands' records
  const ValueType* type;        // one object for each type on the tape; see Arg for the order
  SourceLocation where;         // the line that recorded it
  std::uint32_t input_count;
  std::uint32_t origin;  // the record whose derivative this one is part of, or `none`
  Role role;
};

/// A branch that was taken on a recorded value.
struct Guard {
  std::uint32_t node;
  bool taken;
};

/// An append-only record of a computation, evaluated as it is recorded (define-by-run).
///
/// Creation order is topological order: derivatives and plans are single passes over plain arrays.
/// Values live in an arena; `clear` forgets the records and keeps the memory, so that recording
/// anew allocates nothing. A tape is used by one thread at a time; there may be many tapes.
class Tape {
 public:
  /// `precision`: the dtype of all real values on this tape, float32 or float64.
  explicit Tape(DType precision = DType::float64);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  [[nodiscard]] DType precision() const { return precision_; }

  /// An input that can be differentiated by. Real values are converted to the tape's precision;
  /// int64 tensors become indices, which have no gradient. `name` is for messages.
  Var leaf(const Tensor& value, std::string_view name = {},
           SourceLocation where = SourceLocation::current());
  /// A fixed value.
  Var constant(const Tensor& value, SourceLocation where = SourceLocation::current());
  /// A fixed scalar. Asking again for the same number returns the same record.
  Var constant(double value);
  /// The step that random ops draw for: an index scalar leaf, 0 until a replay sets it.
  /// As long as it stays the same, so do all masks and noise.
  Var step();
  /// The step, if any random op has asked for it; else a Var that does not exist.
  [[nodiscard]] Var step_if_used() { return step_ == Node::none ? Var{} : var(step_); }

  /// Records an op on earlier records of this tape; the body of `apply`.
  Var record(const OpRecord& op, const void* attributes, std::span<const std::uint32_t> in,
             const SourceLocation& where);
  /// Notes that a branch was taken on a single recorded element.
  void guard(Var condition, bool taken) { guards_.push_back({place_of(condition), taken}); }

  /// Forgets what was recorded while it lived: for derivatives that are compiled and then no longer
  /// needed. Vars and guards from before stay as they are; a Var from within throws StateError when
  /// it is used after, unless another record has taken its place.
  class Scratch {
   public:
    explicit Scratch(Tape& tape);
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

   private:
    Tape& tape_;
    Arena::Position arena_;
    std::size_t nodes_, guards_;
  };

  /// Forgets every record. Vars of this tape throw StateError afterwards; memory is kept for reuse.
  void clear();

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  [[nodiscard]] const Node& node(std::uint32_t i) const { return nodes_[i]; }
  /// Throws StateError for a Var of another tape, or one that is no longer valid.
  [[nodiscard]] const Node& node(Var v) const { return nodes_[place_of(v)]; }
  /// The Var of a record. Throws StateError when there is none.
  [[nodiscard]] Var var(std::uint32_t i) const {
    if (i >= nodes_.size()) throw_no_record(i);
    return made(i);
  }

  /// The tape of a Var. Here and in `place_of` is all that keeps a Var from being used when it is
  /// no longer valid.
  [[nodiscard]] static Tape& of(Var v) {
    if (!v.slot()->has(v.place())) detail::throw_no_tape(v.slot());
    return v.slot()->here();
  }
  [[nodiscard]] static const Node& node_of(Var v) {
    const Tape& tape = of(v);
    if (v.index() >= tape.nodes_.size()) tape.throw_not_here(v);
    return tape.nodes_[v.index()];
  }
  /// Whether a Var is of this tape and valid.
  [[nodiscard]] bool has(Var v) const {
    return v.slot() == slot_ && v.place() - base_ < nodes_.size();
  }
  /// The place of a Var on this tape, on which it must be.
  [[nodiscard]] std::uint32_t place_of(Var v) const {
    if (!has(v)) throw_not_here(v);
    return v.index();
  }
  /// Throws what place_of throws.
  void require(Var v) const { static_cast<void>(place_of(v)); }
  /// Where Vars look for this tape.
  [[nodiscard]] const detail::TapeSlot& slot() const { return *slot_; }

  [[nodiscard]] std::span<const std::uint32_t> inputs(std::uint32_t i) const {
    return {nodes_[i].inputs, nodes_[i].input_count};
  }
  [[nodiscard]] std::span<const Guard> guards() const { return guards_; }
  /// The name given to a leaf; empty if there is none.
  [[nodiscard]] std::string_view name(std::uint32_t i) const;
  /// A copy of a recorded value.
  [[nodiscard]] Tensor value(std::uint32_t i) const;
  /// Whoever reads a value from now on gets a StateError: for recording a rule that must not
  /// depend on values.
  void forbid_reading() { readable_ = false; }
  void require_readable() const {
    if (!readable_) throw_unreadable();
  }
  /// The derivatives of elementwise ops met so far, for `backward`.
  [[nodiscard]] detail::Pullbacks& pullbacks();

  /// Bytes held for values and records.
  [[nodiscard]] std::size_t memory() const;

  /// While it lives, what is recorded counts as part of the derivative of `origin` and carries
  /// that record's source line.
  class DerivativeOf {
   public:
    DerivativeOf(Tape& tape, std::uint32_t origin) : tape_(tape), before_(tape.origin_) {
      tape_.origin_ = origin;
    }
    ~DerivativeOf() { tape_.origin_ = before_; }
    DerivativeOf(const DerivativeOf&) = delete;
    DerivativeOf& operator=(const DerivativeOf&) = delete;

   private:
    Tape& tape_;
    std::uint32_t before_;
  };

 private:
  [[nodiscard]] Node& next_node() {
    if (nodes_.size() >= Node::none) throw_too_long();
    return nodes_.next();
  }
  [[noreturn]] static void throw_too_long();
  [[noreturn, gnu::cold]] static void throw_unreadable();
  [[noreturn, gnu::cold]] void throw_no_record(std::uint32_t i) const;
  [[noreturn, gnu::cold]] void throw_not_here(Var v) const;
  [[nodiscard]] Var made(std::uint32_t i) const { return Var(slot_, base_ | i); }
  Var append(const Node& node);
  /// The one object equal to a type.
  [[nodiscard]] const ValueType* type(const ValueType& like) {
    return &types_[types_.find_or_add(like)];
  }
  Var store(const Tensor& value, Role role, SourceLocation where);
  std::span<Operand> operands_of(std::span<const std::uint32_t> in, std::span<Operand> short_list);
  /// The one type that all of these have, of real values; null where there is none.
  [[nodiscard]] inline const ValueType* common_type(std::span<const std::uint32_t> in) const;
  inline void describe(Node& node, const OpRecord& op, const void* attributes,
                       std::span<const std::uint32_t> in, const SourceLocation& where);
  inline void evaluate_tile(Node& node, std::span<const std::uint32_t> in);
  void evaluate(Node& node, std::span<const Operand> in);
  template <Scalar T>
  void evaluate_as(const Node& node, std::span<const Operand> in);
  [[nodiscard]] std::size_t value_bytes(const ValueType& type) const {
    const std::size_t width = type.kind == Kind::index ? sizeof(Index) : size_of(precision_);
    return static_cast<std::size_t>(type.shape.size()) * width;
  }

  DType precision_;
  detail::TapeSlot* slot_;
  std::uint64_t base_;  // that of the slot
  Arena arena_;
  Segmented<Node> nodes_;  // never move: rules hold references to shapes while they record
  TypeTable types_;
  std::vector<Guard> guards_;
  ScalarIndex scalars_;
  std::map<std::uint32_t, std::string> names_;
  std::uint32_t step_ = Node::none;
  std::uint32_t origin_ = Node::none;
  bool readable_ = true;
  std::unique_ptr<detail::Pullbacks> pullbacks_;
  // Scratch for `record`, kept to allocate nothing once warm.
  std::vector<Operand> operands_;
  AlignedBytes kernel_scratch_;
  std::size_t kernel_scratch_bytes_ = 0;
};

}  // namespace dtheta
