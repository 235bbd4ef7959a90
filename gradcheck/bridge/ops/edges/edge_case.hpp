#pragma once

#include <functional>
#include <optional>
#include <random>
#include <vector>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/ops/edges/edge.hpp"
#include "gradcheck/bridge/ops/op_case.hpp"

namespace dtheta::gradcheck {

/// Values of the differentiated operands of a sample, a list for each.
using Point = std::vector<std::vector<Quad>>;

/// The value of an op and the gradient of c . y, one entry for each element of each operand.
template <class T>
struct Derived {
  std::vector<T> value;
  std::vector<T> gradient;
};

/// A recorded sample that is replayed at other points and in other scalars.
class EdgeCase {
 public:
  EdgeCase(const SampleCase& sample, const OpCase& recorded);

  [[nodiscard]] const OpCase& recorded() const { return recorded_; }
  [[nodiscard]] std::size_t operand_count() const { return base_.size(); }
  [[nodiscard]] std::size_t element_count() const;
  /// The point of the sample.
  [[nodiscard]] const Point& base() const { return base_; }
  /// The interval that operand k is drawn from.
  [[nodiscard]] Domain domain(std::size_t k) const { return domains_[k]; }

  /// Nothing where the op throws. With `turned` each entry of the cotangent is moved by +-`by`,
  /// relatively.
  template <class T>
  [[nodiscard]] std::optional<Derived<T>> at(const Point& point, std::mt19937_64* turned = nullptr,
                                             Quad by = 0);
  /// The cost c . y in quad, NaN where the op throws.
  [[nodiscard]] Quad cost(const Point& point);
  /// The second derivatives of the cost along element `along`, and the gradient, by the op's rules.
  [[nodiscard]] std::optional<std::vector<Quad>> hessian_column(const Point& point,
                                                                std::size_t along);

 private:
  template <class T>
  Workspace<T>& workspace();

  const OpCase& recorded_;
  Point base_;
  std::vector<Domain> domains_;
  Plan first_order_;
  std::optional<Workspace<float>> narrow_;
  std::optional<Workspace<double>> wide_;
  std::optional<Workspace<Quad>> quad_, cost_, second_;
};

/// The element of a point that comes at place i when its operands are counted through.
[[nodiscard]] Quad& element(Point& point, std::size_t i);

/// A description of a point for the report of a failure.
[[nodiscard]] std::string to_string(const Point& point);

/// What a test of one kind reports to.
struct EdgeReport {
  EdgeCell& cell;
  std::function<void(std::string)> fail;
};

/// The tests, each on draws of its own. `seed` depends on the op and the sample alone.
void test_second(EdgeCase& c, std::uint64_t seed, EdgeReport report);
void test_range(EdgeCase& c, std::uint64_t seed, EdgeReport report);
void test_infinity(EdgeCase& c, std::uint64_t seed, EdgeReport report);
void test_nan(EdgeCase& c, std::uint64_t seed, EdgeReport report);
/// Needs no recorded sample: shapes change.
void test_empty(const OpRecord& op, const SampleCase& sample, EdgeReport report);

}  // namespace dtheta::gradcheck
