#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dtheta::gradcheck {

namespace detail {

/// A buffer that is lent to a stranger, with a guard on either side. Arrives full of a NaN that no
/// arithmetic makes, so that what was never written is known.
class LentBuffer {
 public:
  explicit LentBuffer(std::size_t size);

  std::span<double> span() { return std::span(cells_).subspan(guard, size_); }
  std::span<const double> span() const { return std::span(cells_).subspan(guard, size_); }

  /// Entries that were never written.
  std::size_t unwritten() const;

  /// Throws ShapeError that names `who` and where, if a guard was written.
  void require_inside(std::string_view who) const;

 private:
  static constexpr std::size_t guard = 64;
  std::size_t size_;
  std::vector<double> cells_;
};

/// Whether a value is what a LentBuffer arrives full of.
bool is_unwritten(double value);

}  // namespace detail

/// A function f: R^n -> R^m, such as the residuals of a least-squares problem.
class VectorFunction {
 public:
  using Writer = std::function<void(std::span<const double>, std::span<double>)>;
  using Returner = std::function<std::vector<double>(std::span<const double>)>;

  /// f(x) returns its m values.
  template <class F>
  requires std::is_invocable_r_v<std::vector<double>, F&, std::span<const double>> VectorFunction(
      F f)
      : returner_(std::move(f)) {}

  /// f(x, y) writes its m values into y, which arrives full of NaN. Where `outputs` is 0, m is that
  /// of the Jacobian or of the named outputs.
  template <class F>
  requires std::is_invocable_r_v<void, F&, std::span<const double>, std::span<double>>
  VectorFunction(F f, std::size_t outputs = 0) : writer_(std::move(f)), outputs_(outputs) {}

  /// m where it is known without a call; otherwise 0.
  std::size_t outputs() const noexcept { return outputs_; }

  /// Whether the function itself says how many values it has.
  bool returns() const noexcept { return static_cast<bool>(returner_); }

  /// f(x). `outputs`: how many values a writer is asked for; 0 lets a returner say it. Throws
  /// ShapeError where there are not as many, or where f wrote outside of what it was lent.
  std::vector<double> at(std::span<const double> x, std::size_t outputs) const;

 private:
  Writer writer_;
  Returner returner_;
  std::size_t outputs_ = 0;
};

}  // namespace dtheta::gradcheck
