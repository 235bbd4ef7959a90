#include "gradcheck/jacobian/judge/probe_table.hpp"

#include <algorithm>
#include <bit>
#include <exception>
#include <limits>
#include <map>
#include <new>

#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/same_bits.hpp"
#include "gradcheck/shared/team.hpp"

namespace dtheta::gradcheck::detail {

std::size_t ProbeTable::Hash::operator()(const Key& key) const {
  std::uint64_t h = key.bits ^ (key.input * 0x9e3779b97f4a7c15U);
  h ^= h >> 32;
  return static_cast<std::size_t>(h * 0xd6e8feb86659fd93U);
}

ProbeTable::ProbeTable(const VectorFunction& f, std::span<const double> x, std::vector<double> at_x,
                       const Colouring& colouring, unsigned threads)
    : f_(f),
      x_(x.begin(), x.end()),
      at_x_(std::move(at_x)),
      colouring_(colouring),
      threads_(threads) {}

ProbeTable::Key ProbeTable::key_of(const Probe& probe) {
  return {probe.index, std::bit_cast<std::uint64_t>(probe.value)};
}

ProbeTable::Evaluated ProbeTable::evaluate(std::span<const Probe> moves) const {
  Evaluated evaluated;
  std::vector<double> x = x_;
  for (const Probe& move : moves) x[move.index] = move.value;
  const std::vector<double> lent = x;
  try {
    evaluated.values = f_.at(lent, outputs());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const ShapeError&) {
    throw;
  } catch (const std::exception& error) {
    evaluated.values.assign(outputs(), std::numeric_limits<double>::quiet_NaN());
    evaluated.throws = {1, error.what()};
  }
  evaluated.untouched = same_bits(lent, x);
  return evaluated;
}

void ProbeTable::keep(Evaluated evaluated, std::span<const Probe> moves) {
  ++evaluations_;
  untouched_ = untouched_ && evaluated.untouched;
  if (throws_.count == 0) throws_.first = evaluated.throws.first;
  throws_.count += evaluated.throws.count;
  for (const Probe& move : moves) known_[key_of(move)] = values_.size();
  if (moves.size() == 1) alone_[key_of(moves.front())] = values_.size();
  values_.push_back(std::move(evaluated.values));
}

void ProbeTable::forget_if_large() {
  constexpr std::size_t most = std::size_t{1} << 25;  // numbers: 256 MiB
  if (values_.size() * outputs() <= most) return;
  known_.clear();
  alone_.clear();
  values_.clear();
}

void ProbeTable::prepare(std::span<const Probe> probes) {
  forget_if_large();
  // By colour and column, in the order of asking: the k-th wish of each column of a colour share a
  // point.
  std::map<std::size_t, std::map<std::size_t, std::vector<double>>> wanted;
  Known seen;
  for (const Probe& probe : probes) {
    if (is_x(probe) || known_.contains(key_of(probe))) continue;
    if (!seen.emplace(key_of(probe), 0).second) continue;
    wanted[colouring_.colour_of[probe.index]][probe.index].push_back(probe.value);
  }
  std::vector<std::vector<Probe>> points;
  for (const auto& [colour, columns] : wanted) {
    const std::size_t first = points.size();
    for (const auto& [column, values] : columns) {
      points.resize(std::max(points.size(), first + values.size()));
      for (std::size_t k = 0; k < values.size(); ++k) {
        points[first + k].push_back({column, values[k]});
      }
    }
  }
  std::vector<Evaluated> answers(points.size());
  const std::size_t threads = std::min<std::size_t>(threads_, points.size());
  in_parallel(threads, [&](std::size_t t) {
    for (std::size_t p = t; p < points.size(); p += threads) answers[p] = evaluate(points[p]);
  });
  for (std::size_t p = 0; p < points.size(); ++p) keep(std::move(answers[p]), points[p]);
}

double ProbeTable::at(std::size_t output, const Probe& probe) {
  if (is_x(probe)) return at_x_[output];
  auto found = known_.find(key_of(probe));
  if (found == known_.end()) {
    prepare(std::span(&probe, 1));
    found = known_.find(key_of(probe));
  }
  return values_[found->second][output];
}

double ProbeTable::alone(std::size_t output, const Probe& probe) {
  if (is_x(probe)) return at_x_[output];
  const auto found = alone_.find(key_of(probe));
  if (found != alone_.end()) return values_[found->second][output];
  forget_if_large();
  keep(evaluate(std::span(&probe, 1)), std::span(&probe, 1));
  return values_.back()[output];
}

std::vector<double> ProbeTable::moved(std::span<const Probe> moves) {
  Evaluated evaluated = evaluate(moves);
  ++evaluations_;
  untouched_ = untouched_ && evaluated.untouched;
  return std::move(evaluated.values);
}

}  // namespace dtheta::gradcheck::detail
