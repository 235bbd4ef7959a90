// Checks that several processes share: what rank 0 finds, and what the others are told of it.
#include "gradcheck/shared/shared.hpp"

#include <fmt/format.h>

#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "gradcheck/errors.hpp"
#include "gradcheck/modes/check_cost.hpp"
#include "gradcheck/modes/check_drawn.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/modes/direction_check.hpp"
#include "gradcheck/shared/letter.hpp"
#include "gradcheck/shared/shared_probes.hpp"

namespace dtheta::gradcheck {
namespace {

using Bytes = std::vector<std::byte>;

/// What the others learn besides the vectors.
struct Summary {
  bool failed = false;  ///< rank 0 threw; its message follows
  Method method = Method::adaptive;
  Verdict verdict = Verdict::inconclusive;
  Difference difference{};
  Band band = Band::excellent;
  double cost = 0, noise = 0, epsilon = 0, tolerance = 0;
  std::size_t evaluations = 0, gradient_evaluations = 0;
  bool deterministic = true, complete = true;
};
static_assert(std::is_trivially_copyable_v<Summary>);

Bytes told(const Result& r) {
  const Summary summary{false,
                        r.method,
                        r.verdict,
                        r.difference,
                        r.band,
                        r.cost,
                        r.noise,
                        r.epsilon,
                        r.tolerance,
                        r.evaluations,
                        r.gradient_evaluations,
                        r.deterministic,
                        r.complete};
  Bytes bytes;
  detail::put(bytes, std::span<const Summary>(&summary, 1));
  for (const auto* v : {&r.analytic, &r.numeric, &r.bar})
    detail::put(bytes, std::span<const double>(*v));
  return bytes;
}

Bytes told(const std::exception& e) {
  const Summary summary{.failed = true};
  Bytes bytes;
  detail::put(bytes, std::span<const Summary>(&summary, 1));
  detail::put(bytes, std::span<const char>(std::string_view(e.what())));
  return bytes;
}

Result heard(const Crew& crew, const Bytes& bytes) {
  Summary s;
  if (bytes.size() < sizeof s)
    throw std::runtime_error("shared check: rank 0 ended without a word");
  std::memcpy(&s, bytes.data(), sizeof s);
  const std::span<const std::byte> rest = std::span(bytes).subspan(sizeof s);
  if (s.failed) {
    throw std::runtime_error(
        fmt::format("shared check: rank {} of {}: rank 0 ended the check: {}", crew.rank, crew.size,
                    std::string(reinterpret_cast<const char*>(rest.data()), rest.size())));
  }
  Result r;
  r.method = s.method;
  r.verdict = s.verdict;
  r.difference = s.difference;
  r.band = s.band;
  r.cost = s.cost;
  r.noise = s.noise;
  r.epsilon = s.epsilon;
  r.tolerance = s.tolerance;
  r.evaluations = s.evaluations;
  r.gradient_evaluations = s.gradient_evaluations;
  r.deterministic = s.deterministic;
  r.complete = s.complete;
  const std::size_t each = rest.size() / sizeof(double) / 3;
  std::size_t at = sizeof s;
  for (auto* v : {&r.analytic, &r.numeric, &r.bar}) {
    *v = detail::values_of<double>(bytes, at, each);
    at += each * sizeof(double);
  }
  r.notes.emplace_back("judged by rank 0, which has the whole result");
  return r;
}

/// Rank 0 judges with an evaluator that all share; the others serve it.
Result share(const Crew& crew, const detail::Answerer& own,
             const std::function<Result(detail::SharedProbes&)>& judge) {
  if (crew.size < 1 || crew.rank >= crew.size) {
    throw OptionError(fmt::format("crew: rank {} of {}", crew.rank, crew.size));
  }
  if (crew.size > 1 && (!crew.send || !crew.receive)) {
    throw OptionError("crew: send or receive cannot be called, because it is empty");
  }
  if (crew.rank != 0) return heard(crew, detail::serve_probes(crew, own));
  detail::SharedProbes shared(crew, own);
  try {
    Result result = judge(shared);
    result.notes.insert(result.notes.end(), shared.losses().begin(), shared.losses().end());
    shared.end(told(result));
    return result;
  } catch (const std::exception& e) {
    shared.end(told(e));
    throw;
  }
}

/// `written` asks whether J wrote, on this rank, into a θ that it was lent by whoever calls it.
Result check_by_all(const Crew& crew, const Cost& cost, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options,
                    const std::function<bool()>& written) {
  CostProbes probes(cost, theta.values(), options.threads, WhenThrown::no_value);
  const auto touched = [&] { return written() || !probes.left_untouched(theta.values()); };
  const detail::Answerer own = [&](std::span<const Probe> asked, std::span<double> answers) {
    const Throws before = probes.throws();
    probes(asked, answers);
    Throws since = probes.throws();
    since.count -= before.count;
    return detail::Tally{std::move(since), touched()};
  };
  return share(crew, own, [&](detail::SharedProbes& shared) {
    const detail::CostAnswers answers{std::ref(shared), [&] { return shared.tally().throws; },
                                      [&] { return !shared.tally().touched && !touched(); }};
    return detail::check_cost(cost, answers, gradient, theta, options);
  });
}

}  // namespace

Result check_shared(const Crew& crew, const Cost& cost, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options) {
  detail::refuse_budget(options, "check_shared");
  return check_by_all(crew, cost, gradient, theta, options, [] { return false; });
}

Result check_probes_shared(const Crew& crew, const detail::Answerer& own, const Gradient& gradient,
                           const ParameterVector& theta, const Options& options,
                           detail::Tally& noticed) {
  detail::refuse_budget(options, "check_probes_shared");
  return share(crew, own, [&](detail::SharedProbes& shared) {
    Result result = check_probes(std::ref(shared), gradient, theta, options);
    noticed = shared.tally();
    return result;
  });
}

Result check_probes_shared(const Crew& crew, const ProbeEvaluator& evaluate,
                           const Gradient& gradient, const ParameterVector& theta,
                           const Options& options) {
  const detail::Answerer own = [&](std::span<const Probe> asked, std::span<double> answers) {
    evaluate(asked, answers);
    return detail::Tally{};
  };
  detail::Tally nothing;
  return check_probes_shared(crew, own, gradient, theta, options, nothing);
}

SampleResult check_sample_shared(const Crew& crew, const Cost& cost, const Gradient& gradient,
                                 const ParameterVector& theta, const SampleOptions& options) {
  detail::refuse_budget(options.check, "check_sample_shared");
  detail::ThetaCopies copies(theta.values());
  return detail::check_drawn(
      gradient, theta, options,
      [&](const ParameterVector& small, const ParameterVector& small_gradient,
          const std::vector<std::size_t>& positions, const Options& small_options) {
        return check_by_all(crew, detail::embedded(cost, copies, positions), small_gradient, small,
                            small_options, [&] { return !copies.left_untouched(); });
      });
}

DirectionResult check_directions_shared(const Crew& crew, const Cost& cost,
                                        const Gradient& gradient, const ParameterVector& theta,
                                        const DirectionOptions& options) {
  detail::refuse_budget(options.check, "check_directions_shared");
  // The others hear each slope from rank 0, and so come to the same directions and the same end.
  const detail::CheckAlong along = [&](const Cost& on_line, std::span<const double> slope,
                                       std::span<const double> here, const Options& one) {
    return check_shared(crew, on_line, slope, unnamed(here), one);
  };
  return detail::check_directions(cost, gradient, theta, options, along);
}

}  // namespace dtheta::gradcheck
