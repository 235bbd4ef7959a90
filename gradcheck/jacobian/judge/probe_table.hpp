#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "gradcheck/jacobian/colouring.hpp"
#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck::detail {

/// All outputs of f where one input is moved, each point evaluated once: what one output asks for
/// serves all others. Inputs of one colour are moved together, because no output has two of them.
class ProbeTable {
 public:
  /// `f` and `colouring` must outlive the table. `at_x`: f(x).
  ProbeTable(const VectorFunction& f, std::span<const double> x, std::vector<double> at_x,
             const Colouring& colouring, unsigned threads);

  /// Evaluates what is missing of these, in as few points as possible.
  void prepare(std::span<const Probe> probes);

  /// f_output where one input is moved, and perhaps others that it does not depend on.
  double at(std::size_t output, const Probe& probe);

  /// The same where nothing else is moved.
  double alone(std::size_t output, const Probe& probe);

  /// f where several inputs are moved.
  std::vector<double> moved(std::span<const Probe> moves);

  std::span<const double> at_x() const { return at_x_; }
  std::span<const double> x() const { return x_; }
  const Colouring& colouring() const { return colouring_; }
  std::size_t outputs() const { return at_x_.size(); }
  std::size_t evaluations() const { return evaluations_; }

  /// What f threw at moved points, where it has no value then.
  const Throws& throws() const { return throws_; }

  /// False if f wrote into the x that it was lent.
  bool left_untouched() const { return untouched_; }

 private:
  struct Key {
    std::size_t input = 0;
    std::uint64_t bits = 0;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  using Known = std::unordered_map<Key, std::size_t, Hash>;
  struct Evaluated {
    std::vector<double> values;
    bool untouched = true;
    Throws throws{};
  };

  static Key key_of(const Probe& probe);
  bool is_x(const Probe& probe) const { return probe.value == x_[probe.index]; }
  Evaluated evaluate(std::span<const Probe> moves) const;
  void keep(Evaluated evaluated, std::span<const Probe> moves);
  void forget_if_large();

  const VectorFunction& f_;
  std::vector<double> x_;
  std::vector<double> at_x_;
  const Colouring& colouring_;
  unsigned threads_;
  Known known_;
  Known alone_;
  std::vector<std::vector<double>> values_;
  std::size_t evaluations_ = 0;
  Throws throws_;
  bool untouched_ = true;
};

}  // namespace dtheta::gradcheck::detail
