#pragma once

#include <concepts>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

namespace detail {

/// Where on the tape a checkpoint begins.
inline std::uint32_t checkpoint_begin(Var x) { return Tape::of(x).size(); }
/// Marks a result of what was recorded since.
Var checkpoint_end(std::uint32_t begin, Var y);
std::vector<Var> checkpoint_end(std::uint32_t begin, std::vector<Var> ys);

}  // namespace detail

/// f(xs...), a Var or a vector of them, recorded so that its derivative keeps nothing of it but
/// what it reads: `vjp` and what rests on it record f's ops once more, from its inputs, when they
/// come to it. Values inside f then need memory while the forward pass is in f, and while the
/// backward pass is, but not in between: a chain of n layers in √n checkpoints trains in the memory
/// of about 2√n layers, at the price of one more forward pass.
///
/// Results have the same bits as without, random ops draw the same masks. f may use other values of
/// the tape; they are inputs, too. What is computed inside f and gets out by another way than by
/// being returned is kept. Checkpoints may stand in checkpoints. Derivatives of derivatives are
/// right, but only the first backward pass computes again. What is saved is memory of plans and
/// workspaces; a tape keeps what is recorded. What f computes from leaves alone, elementwise, a
/// plan may fuse into one early run, which keeps it.
template <class F, std::same_as<Var>... Rest>
auto checkpoint(F&& f, Var first, Rest... rest) {
  const std::uint32_t begin = detail::checkpoint_begin(first);
  return detail::checkpoint_end(begin, std::forward<F>(f)(first, rest...));
}

namespace detail {

/// Records a second time what the derivative of a checkpoint needs, and says where.
class Recomputed {
 public:
  explicit Recomputed(Tape& tape) : tape_(tape) {}

  /// To be called with each record on the way back, before those that it depends on.
  void meet(std::uint32_t record);

  /// The record that stands for one in a derivative rule.
  [[nodiscard]] std::uint32_t place_of(std::uint32_t record) const {
    const auto found = again_.find(record);
    return found == again_.end() ? record : found->second.place;
  }
  [[nodiscard]] bool empty() const { return again_.empty(); }

 private:
  struct Copy {
    std::uint32_t place;
    std::uint32_t end;  // of the checkpoint for which it was made: each has another
  };
  void record(std::uint32_t begin, std::uint32_t end, std::uint32_t result);

  Tape& tape_;
  std::unordered_map<std::uint32_t, Copy> again_;
};

}  // namespace detail

}  // namespace dtheta
