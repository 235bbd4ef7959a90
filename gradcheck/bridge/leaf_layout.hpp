#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck {

/// Throws ShapeError unless the cost is a single number.
void require_single(Var cost);
/// Throws ValueError unless x, known as `name`, is a leaf of real values on the tape of the cost:
/// nothing else can be moved.
void require_leaf(Var cost, Var x, std::string_view name);

/// Marks the records up to the cost that depend on the leaves, with or without a derivative; the
/// leaves among them.
[[nodiscard]] std::vector<char> dependents(Var cost, std::span<const Var> leaves);

/// How the elements of some leaves of a cost lie end to end in θ.
class LeafLayout {
 public:
  struct Place {
    std::size_t leaf;
    std::size_t element;
  };

  /// Requires what require_single and require_leaf do.
  LeafLayout(Var cost, std::span<const Var> leaves);

  [[nodiscard]] std::span<const Var> leaves() const { return leaves_; }
  [[nodiscard]] std::size_t size() const { return offsets_.back(); }
  [[nodiscard]] std::size_t offset(std::size_t leaf) const { return offsets_[leaf]; }
  [[nodiscard]] Place place_of(std::size_t position) const;
  [[nodiscard]] bool within(std::size_t position, std::size_t leaf) const {
    return position >= offsets_[leaf] && position < offsets_[leaf + 1];
  }

  /// Throws ShapeError unless `theta` has the length of all leaves together.
  void require_size(std::span<const double> theta) const;
  /// Throws ShapeError for a probe outside θ, or more probes than answers.
  void require_within(std::span<const Probe> probes, std::span<const double> answers) const;

  /// Sets the leaves that a workspace depends on from θ.
  template <Scalar T>
  void set(Workspace<T>& ws, std::span<const double> theta) const {
    for (std::size_t k = 0; k < leaves_.size(); ++k) {
      if (!ws.plan().has_leaf(leaves_[k])) continue;
      const std::span<T> to = ws.leaf(leaves_[k]);
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<T>(theta[offsets_[k] + i]);
    }
  }

 private:
  std::vector<Var> leaves_;
  std::vector<std::size_t> offsets_;  // of each leaf in θ, then the total
};

}  // namespace dtheta::gradcheck
