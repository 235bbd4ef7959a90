#pragma once

#include <atomic>
#include <span>
#include <vector>

#include "gradcheck/check.hpp"
#include "layout.hpp"

namespace dtheta::python {

/// A cost in Python: f(theta) -> number. Copies share it, and may be made without the
/// interpreter's lock; what it is made of must outlive them.
class PythonCost {
 public:
  /// `number`: turns what f returned into a Python float, or says what is wrong with it; asked only
  /// where it is none.
  PythonCost(const Layout& layout, py::object f, py::object number);

  double operator()(std::span<const double> theta) const;

  /// What a checker takes; it must not outlive this object.
  gradcheck::Cost cost() const;

  /// Whether f wrote into the theta of its first call.
  bool wrote() const noexcept { return wrote_; }

 private:
  const Layout& layout_;
  py::object f_;
  py::object number_;
  mutable std::atomic<bool> called_ = false;
  mutable std::atomic<bool> wrote_ = false;
};

/// A function in Python of theta, or of theta and a direction, that returns a flat array: a
/// gradient, the values of f, a Jacobian, a product. As with PythonCost, whoever is handed it
/// refers to it.
class PythonVector {
 public:
  /// `direction`: the layout of the second vector, where there is one.
  PythonVector(const Layout& layout, py::object f, const Layout* direction = nullptr);

  std::vector<double> operator()(std::span<const double> theta) const;
  std::vector<double> operator()(std::span<const double> theta,
                                 std::span<const double> direction) const;

  bool wrote() const noexcept { return wrote_; }

 private:
  const Layout& layout_;
  py::object f_;
  const Layout* direction_;
  mutable std::atomic<bool> called_ = false;
  mutable std::atomic<bool> wrote_ = false;
};

}  // namespace dtheta::python
