#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

namespace gradcheck_test {

/// Reverse mode in a few lines, for the right gradients of test models. Shares nothing with the
/// library under test.
template <class T>
class ScalarTape {
 public:
  std::uint32_t push(std::uint32_t a, T da, std::uint32_t b, T db) {
    nodes_.push_back({a, b, da, db});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }

  /// The derivatives of node `y` by the first `count` nodes.
  std::vector<T> derivatives(std::uint32_t y, std::size_t count) const {
    std::vector<T> adjoint(nodes_.size(), T(0));
    adjoint[y] = T(1);
    for (std::size_t i = nodes_.size(); i-- > count;) {
      const Node& n = nodes_[i];
      adjoint[n.a] += n.da * adjoint[i];
      adjoint[n.b] += n.db * adjoint[i];
    }
    adjoint.resize(count);
    return adjoint;
  }

 private:
  struct Node {
    std::uint32_t a, b;
    T da, db;
  };
  std::vector<Node> nodes_;
};

/// A number on a tape. Constants carry no tape.
template <class T>
struct Traced {
  T value{};
  std::uint32_t node = 0;
  ScalarTape<T>* tape = nullptr;

  Traced() = default;
  Traced(T v) : value(v) {}
  Traced(T v, std::uint32_t n, ScalarTape<T>* t) : value(v), node(n), tape(t) {}

  static Traced unary(const Traced& a, T v, T d) {
    return a.tape ? Traced(v, a.tape->push(a.node, d, a.node, T(0)), a.tape) : Traced(v);
  }
  static Traced binary(const Traced& a, const Traced& b, T v, T da, T db) {
    if (!a.tape) return unary(b, v, db);
    if (!b.tape) return unary(a, v, da);
    return {v, a.tape->push(a.node, da, b.node, db), a.tape};
  }

  friend Traced operator+(const Traced& a, const Traced& b) {
    return binary(a, b, a.value + b.value, T(1), T(1));
  }
  friend Traced operator-(const Traced& a, const Traced& b) {
    return binary(a, b, a.value - b.value, T(1), T(-1));
  }
  friend Traced operator*(const Traced& a, const Traced& b) {
    return binary(a, b, a.value * b.value, b.value, a.value);
  }
  friend Traced operator/(const Traced& a, const Traced& b) {
    const T q = a.value / b.value;
    return binary(a, b, q, T(1) / b.value, -q / b.value);
  }
  friend Traced operator-(const Traced& a) { return unary(a, -a.value, T(-1)); }
  Traced& operator+=(const Traced& b) { return *this = *this + b; }
  friend bool operator<(const Traced& a, const Traced& b) { return a.value < b.value; }
  friend bool operator>(const Traced& a, const Traced& b) { return a.value > b.value; }

  friend Traced exp(const Traced& a) {
    const T v = std::exp(a.value);
    return unary(a, v, v);
  }
  friend Traced log(const Traced& a) { return unary(a, std::log(a.value), T(1) / a.value); }
  friend Traced tanh(const Traced& a) {
    const T v = std::tanh(a.value);
    return unary(a, v, T(1) - v * v);
  }
  friend Traced sin(const Traced& a) { return unary(a, std::sin(a.value), std::cos(a.value)); }
  friend Traced cos(const Traced& a) { return unary(a, std::cos(a.value), -std::sin(a.value)); }
  friend Traced sqrt(const Traced& a) {
    const T v = std::sqrt(a.value);
    return unary(a, v, T(0.5) / v);
  }
  friend Traced abs(const Traced& a) { return a.value < T(0) ? -a : a; }
};

/// The gradient of a templated cost, computed in T.
template <class T, class F>
std::vector<double> traced_gradient(const F& cost, std::span<const double> theta) {
  ScalarTape<T> tape;
  std::vector<Traced<T>> leaves;
  for (const double v : theta) {
    leaves.emplace_back(static_cast<T>(v), tape.push(0, T(0), 0, T(0)), &tape);
  }
  const Traced<T> y = cost(std::span<const Traced<T>>(leaves));
  if (!y.tape) return std::vector<double>(theta.size(), 0.0);
  const auto g = tape.derivatives(y.node, theta.size());
  return {g.begin(), g.end()};
}

}  // namespace gradcheck_test
