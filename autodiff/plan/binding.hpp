#pragma once

#include <array>
#include <functional>
#include <memory>
#include <memory_resource>
#include <span>
#include <variant>
#include <vector>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/plan/fused_group.hpp"
#include "autodiff/plan/program.hpp"
#include "autodiff/plan/scalar_line.hpp"

namespace dtheta::detail {

/// A kernel over whole operands.
template <Scalar T>
struct KernelCall {
  Kernel<T> kernel;
  const void* op;
  Call<T> call;
};

/// An elementwise kernel over runs of `count` elements.
template <Scalar T>
struct TileCall {
  Tile<T> tile;
  const void* op;
  std::array<const T*, max_elementwise> in;
  T* out;
  std::size_t count;
};

/// A program bound to memory: what to call, in order, with pointers in place of names.
///
/// What depends on constants and settled leaves alone has been computed when the constructor
/// returns.
template <Scalar T>
struct Binding {
  using BoundCall = std::variant<TileCall<T>, KernelCall<T>>;

  /// `shared_by` may be null. Throws TypeError naming the op that cannot be computed in T.
  Binding(const Program& p, std::unique_ptr<Parallel> shared_by);

  void settle() const {
    for (const BoundCall& c : settling) execute(c);
  }
  void run() const {
    for (const BoundCall& c : calls) execute(c);
    check_guards();
    update_leaves();
  }
  /// The same, with there(n) called when calls[n - 1] of the calls are done; they ascend.
  void run(std::span<const std::size_t> calls_done,
           const std::function<void(std::size_t)>& there) const;
  /// How many calls it takes until each of some values, all of storage of their own, is there.
  [[nodiscard]] std::vector<std::size_t> calls_until(std::span<const std::uint32_t> values) const;
  /// What depends on a leaf.
  void rerun(std::uint32_t leaf) const;
  /// Sets a leaf or constant.
  void store(std::uint32_t v, DType dtype, const void* elements) const;

  [[nodiscard]] T* real_at(std::uint32_t v) const {
    return reinterpret_cast<T*>(real.get()) + program.storage_of(v).offset;
  }
  [[nodiscard]] Index* index_at(std::uint32_t v) const {
    return reinterpret_cast<Index*>(index.get()) + program.storage_of(v).offset;
  }
  [[nodiscard]] void* at(std::uint32_t v) const {
    return program.is_index(v) ? static_cast<void*>(index_at(v)) : real_at(v);
  }
  /// Memory for `count` objects that lives as long as the binding.
  template <class Object>
  [[nodiscard]] Object* own(std::size_t count, std::size_t alignment = alignof(Object)) {
    return static_cast<Object*>(small.allocate(count * sizeof(Object), alignment));
  }
  [[nodiscard]] std::size_t threads() const { return parallel ? parallel->threads() : 1; }

  static void execute(const BoundCall& c) {
    if (const auto* t = std::get_if<TileCall<T>>(&c)) {
      t->tile(t->op, t->in.data(), t->out, t->count);
    } else {
      const auto& k = *std::get_if<KernelCall<T>>(&c);
      k.kernel(k.op, k.call);
    }
  }
  void check_guards() const;
  void update_leaves() const;

  const Program& program;
  std::unique_ptr<Parallel> parallel;  // null for the caller's thread alone
  std::vector<BoundCall> settling;     // empty where there are constants alone: it was done
  std::vector<BoundCall> calls;
  std::vector<Operand> operands;          // those of the calls, one after the other
  std::vector<std::uint32_t> first_call;  // of each step of a run
  std::vector<Update> copies;             // the updates that are not computed in place
  AlignedBytes real, index;
  AlignedBytes scratch;  // of one kernel at a time
  AlignedBytes tiles;    // of one elementwise step at a time, for each of its parts
  std::vector<std::unique_ptr<const FusedGroup<T>>> groups;
  std::vector<ScalarEntry<T>> scalars;        // of all lines of scalars
  std::pmr::monotonic_buffer_resource small;  // expanded constants, and how others are expanded
};

extern template struct Binding<float>;
extern template struct Binding<double>;
extern template struct Binding<long double>;
extern template struct Binding<Quad>;
extern template struct Binding<Complex>;

}  // namespace dtheta::detail
