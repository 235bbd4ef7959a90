#include "autodiff/ops/elementwise/stop_gradient.hpp"

#include <algorithm>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

struct StopGradient {
  friend constexpr bool operator==(const StopGradient&, const StopGradient&) = default;

  static constexpr OpInfo info{
      .name = "stop_gradient", .analytic = true, .differentiable = false, .view = true};
  static constexpr OpRule rule{"y = x"};
  [[nodiscard]] static ValueType infer(Types in) { return in[0]; }
  template <class T>
  void forward(const Call<T>& call) const {
    std::copy_n(call.input(0), call.out_shape().size(), call.output());
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  [[nodiscard]] static Var batch(const Batch& b) { return apply(StopGradient{}, {b[0]}); }
  static std::vector<Sample<StopGradient>> samples() { return {{{}, {real({2, 3})}}}; }
};

}  // namespace

Var stop_gradient(Arg x) { return apply<StopGradient>(x); }

std::span<const OpEntry> special_ops() { return OpList<StopGradient>::entries; }

}  // namespace dtheta
