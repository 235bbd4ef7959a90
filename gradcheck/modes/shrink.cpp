#include "gradcheck/shrink.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <ostream>
#include <set>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/report.hpp"
#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck {
namespace {

using Values = std::vector<std::size_t>;

class Shrinking {
 public:
  Shrinking(const CaseCheck& check, std::vector<CaseSize> sizes, std::uint64_t seed,
            const ShrinkOptions& options)
      : check_(check), options_(options), seed_(seed) {
    for (const CaseSize& size : sizes) {
      if (size.value < size.least) {
        throw OptionError(fmt::format("shrink: {} is {}, below its least value {}", size.name,
                                      size.value, size.least));
      }
      values_.push_back(size.value);
    }
    result_.sizes = std::move(sizes);
  }

  Shrunk run() {
    result_.shown = shows(values_);
    if (result_.shown) descend();
    for (std::size_t k = 0; k < values_.size(); ++k) result_.sizes[k].value = values_[k];
    result_.seed = seed_;
    if (result_.shown) result_.replay = replay();
    return std::move(result_);
  }

 private:
  void descend() {
    bool smaller = true;
    while (smaller && !spent()) {
      smaller = false;
      for (std::size_t k = 0; k < values_.size(); ++k) smaller = lower({k}) || smaller;
      for (std::size_t k = 0; k < values_.size(); ++k) smaller = lower(equal_to(k)) || smaller;
    }
    result_.minimal = !spent();
  }

  /// The sizes that have the value of size k, if k is the first of several.
  [[nodiscard]] std::vector<std::size_t> equal_to(std::size_t k) const {
    std::vector<std::size_t> alike;
    for (std::size_t j = 0; j < values_.size(); ++j) {
      if (values_[j] == values_[k]) alike.push_back(j);
    }
    if (alike.size() < 2 || alike.front() != k) alike.clear();
    return alike;
  }

  /// Makes these sizes, which are equal, as small as they go. True if they became smaller.
  bool lower(const std::vector<std::size_t>& which) {
    if (which.empty()) return false;
    bool any = false;
    while (!spent()) {
      std::size_t least = 0;
      for (const std::size_t k : which) least = std::max(least, result_.sizes[k].least);
      const std::size_t now = values_[which.front()];
      if (now <= least || !step_down(which, now, least)) break;
      any = true;
    }
    return any;
  }

  bool step_down(const std::vector<std::size_t>& which, std::size_t now, std::size_t least) {
    std::set<std::size_t, std::greater<>> moves{1};
    if (now - least >= 2) moves.insert(2);
    for (std::size_t move = now - least; move > 0; move /= 2) moves.insert(move);
    return std::ranges::any_of(moves, [&](std::size_t move) {
      Values lower = values_;
      for (const std::size_t k : which) lower[k] = now - move;
      if (spent() || !shows(lower)) return false;
      values_ = std::move(lower);
      return true;
    });
  }

  /// Tries the seed that showed it last, and some others.
  bool shows(const Values& values) {
    if (!known_.insert(values).second) return false;
    for (std::size_t k = 0; k < std::max<std::size_t>(options_.seeds, 1) && !spent(); ++k) {
      const std::uint64_t seed = seed_ + k;
      ++result_.tried;
      try {
        CaseAnswer answer = check_(values, seed);
        if (!answer.fails) continue;
        seed_ = seed;
        result_.report = std::move(answer.report);
        return true;
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception&) {
        ++result_.refused;
      }
    }
    return false;
  }

  [[nodiscard]] bool spent() const {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start_;
    return result_.tried >= options_.most_cases || taken.count() > options_.seconds;
  }

  [[nodiscard]] std::string replay() const {
    if (options_.replay) return options_.replay(values_, seed_);
    return fmt::format("generator(std::vector<std::size_t>{{{}}}, {})", fmt::join(values_, ", "),
                       seed_);
  }

  const CaseCheck& check_;
  const ShrinkOptions& options_;
  Values values_;
  std::uint64_t seed_;
  std::set<Values> known_;  // tried already
  Shrunk result_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace

namespace detail {

CaseAnswer answer_of(bool fails) { return {fails, {}}; }

CaseAnswer answer_of(const Result& result) {
  const bool fails = result.verdict == Verdict::fail;
  return {fails, fails ? report(result) : std::string()};
}

CaseAnswer answer_of(const JacobianResult& result) {
  const bool fails = result.verdict == Verdict::fail;
  return {fails, fails ? report(result) : std::string()};
}

CaseAnswer answer_of(const GradientCase& made) {
  return answer_of(check(made.cost, made.gradient, made.theta, made.options));
}

Shrunk shrink_case(const CaseCheck& check, std::vector<CaseSize> sizes, std::uint64_t seed,
                   const ShrinkOptions& options) {
  return Shrinking(check, std::move(sizes), seed, options).run();
}

}  // namespace detail

std::string report(const Shrunk& shrunk) {
  if (!shrunk.shown) {
    return fmt::format("shrink: the first case does not show the bug, with {} seeds\n",
                       shrunk.tried);
  }
  std::vector<std::string> sizes;
  for (const CaseSize& size : shrunk.sizes) {
    sizes.push_back(fmt::format("{} = {}", size.name, size.value));
  }
  std::string text = fmt::format(
      "shrink: the bug shows with {} (seed {}), after {} cases{}\n  {}\n", fmt::join(sizes, ", "),
      shrunk.seed, shrunk.tried,
      shrunk.minimal ? "" : "; it was ended before it found the smallest", shrunk.replay);
  if (!shrunk.report.empty()) text += "\n" + shrunk.report;
  return text;
}

std::ostream& operator<<(std::ostream& out, const Shrunk& shrunk) { return out << report(shrunk); }

}  // namespace dtheta::gradcheck
