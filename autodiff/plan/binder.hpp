#pragma once

#include <unordered_map>

#include "autodiff/plan/binding.hpp"

namespace dtheta::detail {

/// Turns steps of a program into calls, for a binding whose memory is there already.
template <Scalar T>
class Binder {
 public:
  explicit Binder(Binding<T>& binding);

  /// Appends the calls of a step. Throws TypeError when an op of it cannot be computed in T.
  void bind(const Step& step);

 private:
  void bind_kernel(const Instruction& ins);
  void bind_elementwise(const Step& step);
  void add_member(const Instruction& ins, const Step& step);
  Place<T> operand(std::uint32_t v, const Step& step);
  T* expanded(std::uint32_t v, const BroadcastMap& map);
  T* new_tile();
  /// A call that expands what broadcasts.
  TileCall<T> load(const T* from, const BroadcastMap& map, T* to);
  void emit_calls();
  /// Appends a member over one element to the line of scalars that the calls end with; false if it is
  /// none of arithmetic.
  bool emit_scalar(const GroupMember<T>& m);
  void emit_group(std::size_t parts);

  Binding<T>& b_;
  const Program& p_;
  std::vector<typename Binding<T>::BoundCall>* calls_ = nullptr;  // where those of the step go
  // The last line of scalars, and how many calls there were with it; a step that may be replayed by itself
  // begins a new one.
  ScalarLine<T>* line_ = nullptr;
  std::size_t calls_with_line_ = 0;
  // The elementwise step at hand:
  FusedGroup<T> group_;
  std::uint32_t result_type_ = no_id;
  std::vector<std::uint32_t> results_;  // of its members
  T* next_tile_ = nullptr;

  /// Constants that are expanded, by value and type of the result.
  std::unordered_map<std::uint64_t, T*> expanded_;
};

extern template class Binder<float>;
extern template class Binder<double>;
extern template class Binder<long double>;
extern template class Binder<Quad>;
extern template class Binder<Complex>;

}  // namespace dtheta::detail
