#include "gradcheck/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "gradcheck/diagnose/diagnose.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/finite_difference.hpp"

namespace dtheta::gradcheck {
namespace {

class Comparison {
 public:
  Comparison(const ParameterVector& gradient, const ParameterVector& reference,
             const CompareOptions& options)
      : gradient_(gradient), reference_(reference), options_(options) {}

  Result run() {
    const auto a = gradient_.values();
    const auto b = reference_.values();
    result_.method = Method::comparison;
    result_.tolerance = options_.tolerance;
    result_.analytic.assign(a.begin(), a.end());
    result_.numeric.assign(b.begin(), b.end());
    result_.bar.resize(a.size());
    result_.difference = relative_difference(a, b);
    result_.band = band(result_.difference);
    for (const Block& block : gradient_.blocks()) result_.blocks.push_back(compared(block));
    decide();
    std::vector<bool> usable;
    for (const double v : b) usable.push_back(std::isfinite(v));
    detail::diagnose(result_, {options_.theta, options_.hints, std::move(usable)});
    return std::move(result_);
  }

 private:
  BlockResult compared(const Block& block) {
    BlockResult found;
    found.name = block.name;
    found.layer = block.layer;
    found.shape = block.shape;
    found.offset = block.offset;
    found.size = block.size;
    found.difference = relative_difference(gradient_.values().subspan(block.offset, block.size),
                                           reference_.values().subspan(block.offset, block.size));
    found.band = band(found.difference);
    found.detectable = options_.tolerance;
    const bool agrees = found.difference.value <= options_.tolerance;  // false for NaN
    found.verdict = agrees ? Verdict::pass : Verdict::fail;
    list_entries(block, found);
    return found;
  }

  void list_entries(const Block& block, BlockResult& found) {
    const Difference& d = found.difference;
    const double bar = d.finite ? options_.tolerance * (d.analytic + d.numeric) /
                                      std::sqrt(static_cast<double>(block.size))
                                : 0.0;
    std::vector<Component> entries;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      Component c;
      c.position = i;
      c.analytic = gradient_.values()[i];
      c.numeric = reference_.values()[i];
      c.bar = result_.bar[i] = bar;
      const bool wrong = found.verdict == Verdict::fail && !(c.error() <= bar);
      c.verdict = wrong ? Verdict::fail : Verdict::pass;
      found.failed += wrong ? 1 : 0;
      entries.push_back(std::move(c));
    }
    const auto kept = entries.begin() +
                      static_cast<std::ptrdiff_t>(std::min(options_.worst_entries, entries.size()));
    std::ranges::partial_sort(entries, kept, worse);
    entries.erase(kept, entries.end());
    for (Component& c : entries) c.key = gradient_.key(c.position);
    found.worst = std::move(entries);
  }

  void decide() {
    const bool fails = std::ranges::any_of(
        result_.blocks, [](const BlockResult& b) { return b.verdict == Verdict::fail; });
    result_.verdict = fails                          ? Verdict::fail
                      : result_.difference.exercised ? Verdict::pass
                                                     : Verdict::inconclusive;
    if (!result_.difference.exercised) {
      result_.notes.emplace_back("both gradients are zero everywhere: nothing was compared");
    }
  }

  const ParameterVector& gradient_;
  const ParameterVector& reference_;
  const CompareOptions& options_;
  Result result_;
};

}  // namespace

Result compare(const ParameterVector& gradient, const ParameterVector& reference,
               const CompareOptions& options) {
  require_positive("tolerance", options.tolerance);
  gradient.require_same_layout(reference);
  if (gradient.empty()) throw ShapeError("compare: the gradients have no entry");
  if (!options.theta.empty() && options.theta.size() != gradient.size()) {
    throw ShapeError(fmt::format("compare: theta has {} entries, but the gradients have {}",
                                 options.theta.size(), gradient.size()));
  }
  return Comparison(gradient, reference, options).run();
}

}  // namespace dtheta::gradcheck
