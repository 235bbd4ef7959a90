#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// One entry of a Jacobian as the gradient of a cost of one number, for judges that ask for no
/// more.
class OneEntry {
 public:
  /// `unit`: by which values and derivatives are divided.
  OneEntry(const JacobianRequest& request, std::size_t row, std::size_t entry, double unit);
  OneEntry(const OneEntry&) = delete;
  OneEntry& operator=(const OneEntry&) = delete;

  Request request(double noise) const;

 private:
  ParameterVector theta_;
  std::vector<double> analytic_;
  Options options_;
  ProbeEvaluator evaluate_;
  double value_;
};

/// Looks for outputs that move with inputs of which the pattern knows nothing.
class PatternWatch {
 public:
  explicit PatternWatch(const JacobianRequest& request) : request_(request) {}

  /// Moves parts of each colour, such that every two inputs of it are told apart: outputs whose
  /// pattern has none of what moves must stand still. Costs 2 log2 k points for a colour of k.
  void look(std::vector<Trespass>& found);

 private:
  double step_of(std::size_t column) const;
  bool moved_by(std::size_t row, double value) const;
  std::vector<double> values_with(std::span<const std::size_t> columns);
  void look_at(std::span<const std::size_t> columns, std::vector<Trespass>& found);
  void search(std::size_t row, std::span<const std::size_t> columns, std::vector<Trespass>& found);
  Trespass measure(std::size_t row, std::size_t column);

  const JacobianRequest& request_;
};

}  // namespace dtheta::gradcheck::detail
