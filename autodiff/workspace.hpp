#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "autodiff/plan.hpp"
#include "autodiff/scalar/scalar.hpp"
#include "autodiff/scalar/value_type.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta {

namespace detail {
template <Scalar T>
struct Binding;
template <Scalar T>
struct BindingDelete {
  void operator()(Binding<T>* b) const;
};
}  // namespace detail

/// When values are there in a run: see Workspace::arrivals.
struct Arrivals {
  std::vector<std::size_t> order;  ///< places of the values, that which is there first in front
  std::vector<std::size_t> calls;  ///< how much of a run is done then, in the same order
};

/// The memory one run of a plan needs in scalar type T. `run` allocates nothing.
///
/// What a run computes is there after the first: read before, it throws StateError, as everything
/// does once the workspace has been moved from.
///
/// Leaves start with the values they had on the tape. One workspace is used by one thread at a
/// time; several may share a plan. T may be float, double, long double, Quad, or Complex where
/// every op is analytic, whatever the precision of the tape.
template <Scalar T>
class Workspace {
 public:
  /// Throws TypeError naming the op when T is Complex and an op is not analytic.
  explicit Workspace(Plan plan);
  /// `threads` threads share the larger steps of a run. The results have the same bits for any
  /// number of them, 1 included; those of a workspace without threads differ from them by the
  /// rounding of large products, which it computes whole. Throws ValueError for no threads.
  Workspace(Plan plan, unsigned threads);

  /// Computes every output from the leaves, then performs the plan's updates. Throws GuardError,
  /// with the outputs computed but no update made, when a recorded branch would go the other way.
  void run();
  /// The same, and calls there(n), n = 1, 2, ..., as soon as the first n of the values that `arrivals` was
  /// asked for are what they will be at the end; so they can be sent on while the rest is computed. For
  /// `arrivals` of a workspace of the same plan with as many threads.
  void run(const Arrivals& arrivals, const std::function<void(std::size_t)>& there);
  /// In which order a run computes some outputs. Throws StateError for values that are not kept.
  [[nodiscard]] Arrivals arrivals(std::span<const Var> values) const;
  /// Computes what depends on constants and on the plan's settled leaves alone. To be called after
  /// one of these was set, before the next run; the leaves of the recording are settled from the
  /// start.
  void settle();
  /// Computes only what depends on one leaf, the rest being as the last run left it; the result is
  /// that of `run`. Throws StateError before the first run, unless the plan was compiled with
  /// reuse_memory off and has no updates, or for a settled leaf.
  void rerun(Var leaf);

  /// A leaf's elements, to be read and set. Throws StateError for anything but a leaf of the plan.
  [[nodiscard]] std::span<T> leaf(Var x) &;
  [[nodiscard]] std::span<Index> index_leaf(Var x) &;
  /// Sets a leaf from a tensor of its shape, converting real values to T.
  void set(Var leaf, const Tensor& value);

  /// The elements of an output or leaf. Other values may have been overwritten: StateError.
  [[nodiscard]] std::span<const T> operator[](Var y) const&;
  [[nodiscard]] std::span<const Index> indices(Var y) const&;
  // The memory goes with the workspace.
  std::span<const T> operator[](Var y) const&& = delete;
  std::span<const Index> indices(Var y) const&& = delete;
  /// An output or leaf as a tensor: float32 for a workspace of float, else float64.
  [[nodiscard]] Tensor tensor(Var y) const;

  [[nodiscard]] const Plan& plan() const { return plan_; }

 private:
  [[nodiscard]] const detail::Binding<T>& binding() const;
  [[nodiscard]] std::uint32_t readable(Var y, Kind kind) const;

  Plan plan_;
  std::unique_ptr<detail::Binding<T>, detail::BindingDelete<T>> binding_;
  bool ran_ = false;
};

extern template class Workspace<float>;
extern template class Workspace<double>;
extern template class Workspace<long double>;
extern template class Workspace<Quad>;
extern template class Workspace<Complex>;

}  // namespace dtheta
