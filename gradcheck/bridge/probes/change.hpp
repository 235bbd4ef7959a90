#pragma once

#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta::gradcheck {

/// How far the change of one element of a leaf has spread through a value, for K probes at once.
struct Change {
  enum class Extent : std::uint8_t {
    none,     // the value does not depend on the leaf
    element,  // one element, at the flat position of the probe: `value` is (K)
    slice,    // one position along `axis`: `value` is (K, shape without that axis)
    block,    // `width` positions side by side along `axis`: (K, shape with `width` there)
    dense,    // anywhere: `value` is (K, shape), the axis of the probes behind `lead` others
  };
  Extent extent = Extent::none;
  Var value{};      // the new elements
  int axis = 0;     // of a slice or block
  Var at{};         // its place along the axis for each probe, (K) indices: of a block in blocks
  Index width = 1;  // of a block
  int lead = 0;     // of a dense change
  /// Of a dense change that is an outer product, to those who can do without `value`: at θ (m, n),
  /// changed by u v^T; u (K, m), v (K, n).
  struct Outer {
    Var at_theta, u, v;
  };
  std::optional<Outer> outer{};
};

/// Where something lies along an axis, which follows from the flat position p of a probe:
/// (p / stride) % size + factor ((p / outer) % outer_size) + offset.
struct PlaceOfProbe {
  Index stride = 1, size = 1;
  Index factor = 0, outer = 1, outer_size = 1;
  Index offset = 0;
  friend constexpr bool operator==(const PlaceOfProbe&, const PlaceOfProbe&) = default;

  [[nodiscard]] Index operator()(Index p) const {
    const Index along = stride > 1 ? p / stride : p;
    const Index first = (size > 0 ? along % size : along) + offset;
    return factor == 0 ? first : first + factor * (p / outer % outer_size);
  }
};

/// A program that evaluates K probes of one leaf at once, by computing only what each one moves.
///
/// Moving one element of a weight matrix moves one column of the layer's result; that column goes
/// through the elementwise ops that follow by itself; the next layer spreads it over all of its
/// units as an outer product. This class walks the recorded cost and writes that computation, for K
/// probes side by side, to a tape of its own. What it writes are ordinary ops, so that the planner
/// fuses and vectorises them like any others.
class ProbeProgram {
 public:
  /// `base` holds the values of a run of `cost` (compiled with reuse_memory and fuse off); those
  /// that are marked in `depends` may be others later. Returns nothing where an op on the way has
  /// no rule, or a rule would need too much memory.
  static std::optional<ProbeProgram> build(Var cost, Var leaf, const Workspace<double>& base,
                                           std::span<const char> depends, Index probes);

  /// How many probes one run answers.
  [[nodiscard]] Index probes() const { return probes_; }
  /// The largest number of elements that one probe moves.
  [[nodiscard]] Index widest() const { return widest_; }

  /// A workspace of the program, for one thread.
  class Lane {
   public:
    explicit Lane(const ProbeProgram& program);
    /// Takes over the values at another θ, to which `base` was run.
    void move_to(const Workspace<double>& base);
    /// Sets probe k: element `position` of the leaf takes `value`.
    void set(std::size_t k, Index position, double value);
    void run() { ws_.run(); }
    /// J for each probe after a run.
    [[nodiscard]] std::span<const double> costs() const { return ws_[cost_]; }

   private:
    struct Position {
      std::span<Index> input;
      PlaceOfProbe place;
    };
    /// An input that holds a value at θ: one of the spans.
    struct Base {
      std::span<double> real;
      std::span<Index> indices;
      Var source;
    };

    Workspace<double> ws_;
    std::span<double> values_;
    std::vector<Index> at_;  // the flat position of each probe
    std::vector<Position> positions_;
    std::vector<Base> bases_;
    Var cost_;
  };

 private:
  friend class Propagator;
  struct PositionInput {
    Var input;
    PlaceOfProbe place;
  };
  struct BaseInput {
    Var input;
    Var source;  // on the tape of the cost
  };

  void compile();

  std::unique_ptr<Tape> tape_;
  Index probes_ = 0;
  Index widest_ = 0;
  Var values_;  // (K), the new elements
  std::vector<PositionInput> positions_;
  std::vector<BaseInput> bases_;
  Var cost_;
  std::optional<Plan> plan_;
};

}  // namespace dtheta::gradcheck
