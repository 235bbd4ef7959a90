#include "gradcheck/bridge/self_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <ostream>
#include <stdexcept>

#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/ops/batch_rule.hpp"
#include "gradcheck/bridge/ops/case_differences.hpp"
#include "gradcheck/bridge/ops/edges/edges.hpp"
#include "gradcheck/bridge/ops/op_case.hpp"
#include "gradcheck/bridge/ops/replay_agreement.hpp"
#include "gradcheck/bridge/ops/wide_difference.hpp"
#include "gradcheck/bridge/probes/replay_probes.hpp"
#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {
namespace {

std::vector<double> narrowed(std::span<const Quad> values) {
  std::vector<double> result(values.size());
  std::ranges::transform(values, result.begin(), [](Quad v) { return static_cast<double>(v); });
  return result;
}

/// The relative difference of two lists in quad: ||a - b|| / (||a|| + ||b|| + floor).
double quad_difference(std::span<const Quad> a, std::span<const Quad> b, Quad floor) {
  Quad apart = 0, norm_a = 0, norm_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    apart += (a[i] - b[i]) * (a[i] - b[i]);
    norm_a += a[i] * a[i];
    norm_b += b[i] * b[i];
  }
  if (apart == Quad(0)) return 0;
  return static_cast<double>(sqrt(apart) / (sqrt(norm_a) + sqrt(norm_b) + floor));
}

/// The tests of one sample. Failures are collected, the worst figures kept.
class CaseTest {
 public:
  CaseTest(const OpRecord& op, const SampleCase& sample, std::size_t number, OpReport& report,
           const OpTolerances& tolerances)
      : op_(op),
        sample_(sample),
        number_(number),
        report_(report),
        tol_(tolerances),
        case_(op, sample, number) {}

  void run() {
    if (std::string wrong = compare_replays(case_); !wrong.empty()) fail(wrong);
    const double ulps = float_ulps(case_);
    report_.float_ulps = std::max(report_.float_ulps, ulps);
    if (!(ulps <= tol_.float_ulps)) fail(fmt::format("float is {:.1f} ulps from double", ulps));
    if (std::string wrong = compare_batch(op_, sample_, case_); !wrong.empty()) fail(wrong);
    if (!case_.has_derivative) return;
    Workspace<Quad> quad(Plan(case_.everything(), {.reuse_memory = false}));
    quad.run();
    // An infinite value (log of an empty sum) has a derivative but no differences.
    if (!isfinite(quad[case_.cost][0])) return;
    compare_modes(quad);
    if (sample_.smoothness == Smoothness::corner) {
      compare_with_slopes(quad);
      return;
    }
    compare_gradient(quad);
    compare_second(quad);
    check_in_double();
  }

 private:
  void fail(std::string what) {
    report_.failures.push_back({number_, case_.shapes, std::move(what)});
  }

  /// c . (dy/dx v) by forward mode and by reverse mode: the same number by two routes.
  void compare_modes(const Workspace<Quad>& quad) {
    const Quad forward = quad[case_.forward_directional][0], reverse = quad[case_.directional][0];
    // Both sum the same terms in another order: rounding is relative to their sizes.
    Quad scale = abs(reverse);
    for (Var g : case_.gradient) {
      for (Quad v : quad[g]) scale += abs(v);
    }
    const Quad apart = abs(forward - reverse);
    if (!(apart <= scale * Quad(1e-28))) {
      fail(fmt::format("forward mode gives {:.17g}, reverse mode {:.17g}",
                       static_cast<double>(forward), static_cast<double>(reverse)));
    }
  }

  /// What the rounding of the cost itself leaves in a difference, relative to derivatives.
  static Quad noise_floor(const Workspace<Quad>& ws, Var of) {
    return abs(ws[of][0]) + Quad(0x1p-40);
  }

  void compare_gradient(Workspace<Quad>& quad) {
    Workspace<Quad> probe(Plan({case_.cost}, {.reuse_memory = false}));
    probe.run();
    for (std::size_t k = 0; k < case_.differentiated.size(); ++k) {
      const std::vector<Quad> numeric = first_differences(case_, probe, k);
      const auto in_quad = quad[case_.gradient[k]];
      const double off = quad_difference(in_quad, numeric, noise_floor(probe, case_.cost));
      report_.quad_difference = std::max(report_.quad_difference, off);
      if (!(off <= tol_.quad)) report_worst("gradient in quad", k, in_quad, numeric, off);

      const auto in_double = case_.gradient[k].data<double>();
      const std::vector<Quad> widened(in_double.begin(), in_double.end());
      const double rounding = quad_difference(widened, numeric, noise_floor(probe, case_.cost));
      report_.difference = std::max(report_.difference, rounding);
      if (!(rounding <= tol_.gradient)) {
        report_worst("gradient in double", k, widened, numeric, rounding);
      }
    }
  }

  void compare_second(Workspace<Quad>& quad) {
    Workspace<Quad> probe(Plan({case_.cost, case_.y}));
    probe.run();
    for (std::size_t k = 0; k < case_.moved.size(); ++k) {
      const std::vector<Quad> numeric = second_differences(case_, probe, k);
      const Quad floor = noise_floor(probe, case_.cost);  // where it was moved to: not 0 by chance
      const auto analytic = quad[case_.second[k]];
      const double off = quad_difference(analytic, numeric, floor);
      report_.second_difference = std::max(report_.second_difference, off);
      if (!(off <= tol_.quad)) report_worst("second derivative in quad", k, analytic, numeric, off);
    }
  }

  void compare_with_slopes(Workspace<Quad>& quad) {
    for (std::size_t k = 0; k < case_.differentiated.size(); ++k) {
      const Var x = case_.differentiated[k];
      for (std::size_t i = 0; i < static_cast<std::size_t>(x.size()); ++i) {
        const Quad at = quad.leaf(x)[i], g = quad[case_.gradient[k]][i];
        const auto value = [&](Quad moved) {
          quad.leaf(x)[i] = moved;
          quad.rerun(x);
          return quad[case_.cost][0];
        };
        const Quad right = one_sided_slope(value, at, step_for(at), 1);
        const Quad left = one_sided_slope(value, at, step_for(at), -1);
        value(at);
        const Quad slack = Quad(1e-6) * (abs(left) + abs(right));  // truncation of the slopes
        const bool between =
            (g >= left - slack && g <= right + slack) || (g >= right - slack && g <= left + slack);
        if (!between) {
          fail(fmt::format(
              "on a corner: the gradient {:.6g} is not between the slopes {:.6g} and "
              "{:.6g}",
              static_cast<double>(g), static_cast<double>(left), static_cast<double>(right)));
        }
      }
    }
  }

  /// The independent checker, as a user would call it: in double, by its default method.
  void check_in_double() {
    ParameterVector theta, gradient;
    std::vector<Var> leaves;
    for (std::size_t k = 0; k < case_.differentiated.size(); ++k) {
      const Var x = case_.differentiated[k];
      if (x.size() == 0) continue;
      add_block(theta, k, x.data<double>(), x.shape());
      add_block(gradient, k, case_.gradient[k].data<double>(), x.shape());
      leaves.push_back(x);
    }
    if (leaves.empty()) return;
    ReplayProbes probes(case_.cost, leaves);
    const Result result = check_probes(std::ref(probes), gradient, theta);
    if (result.verdict == Verdict::fail) {
      fail(fmt::format("double check: {}", result.worst().empty()
                                               ? std::string("failed")
                                               : describe(result.worst().front())));
    }
  }

  static void add_block(ParameterVector& v, std::size_t k, std::span<const double> values,
                        const Shape& shape) {
    v.add(fmt::format("operand {}", k), 0, {shape.begin(), shape.end()}, values);
  }

  static std::string describe(const Component& c) {
    return fmt::format("{}: analytic {:.17g}, numeric {:.17g} +- {:.2g}", to_string(c.key),
                       c.analytic, c.numeric, c.bar);
  }

  void report_worst(std::string_view what, std::size_t operand, std::span<const Quad> analytic,
                    std::span<const Quad> numeric, double off) {
    std::size_t worst = 0;
    for (std::size_t i = 0; i < analytic.size(); ++i) {
      const auto apart = [&](std::size_t j) { return abs(analytic[j] - numeric[j]); };
      if (!(apart(i) <= apart(worst))) worst = i;
    }
    fail(fmt::format(
        "{}: operand {}, element {}: analytic {:.17g}, numeric {:.17g}, relative "
        "difference {:.2g}",
        what, operand, worst, narrowed(analytic)[worst], narrowed(numeric)[worst], off));
  }

  const OpRecord& op_;
  const SampleCase& sample_;
  std::size_t number_;
  OpReport& report_;
  const OpTolerances& tol_;
  OpCase case_;
};

void test(const OpRecord& op, const SampleCase& sample, std::size_t number, bool drawn,
          const OpTolerances& tolerances, OpReport& report) {
  ++report.cases;
  try {
    CaseTest(op, sample, number, report, tolerances).run();
    if (tolerances.edges) test_edges(op, sample, number, drawn, report);
  } catch (const std::exception& e) {
    report.failures.push_back({number, "", fmt::format("threw: {}", e.what())});
  }
}

}  // namespace

OpReport self_test(const OpRecord& op, const OpTolerances& tolerances) {
  OpReport report;
  report.op = op.info.name;
  const std::vector<SampleCase> samples = op.samples();
  const std::vector<bool> drawn = edge_samples(op, samples);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    test(op, samples[i], i, drawn[i], tolerances, report);
  }
  if (samples.empty()) report.failures.push_back({0, "", "the op lists no samples"});
  return report;
}

OpReport edge_test(const OpRecord& op) {
  OpReport report;
  report.op = op.info.name;
  const std::vector<SampleCase> samples = op.samples();
  const std::vector<bool> drawn = edge_samples(op, samples);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ++report.cases;
    test_edges(op, samples[i], i, drawn[i], report);
  }
  return report;
}

OpReport self_test_case(const OpRecord& op, std::size_t number, const OpTolerances& tolerances) {
  const std::vector<SampleCase> samples = op.samples();
  if (number >= samples.size()) {
    throw std::invalid_argument(fmt::format("{}: there is no case {}; it has {}, counted from 0",
                                            op.info.name, number, samples.size()));
  }
  OpReport report;
  report.op = op.info.name;
  test(op, samples[number], number, edge_samples(op, samples)[number], tolerances, report);
  return report;
}

std::ostream& operator<<(std::ostream& out, const OpReport& report) {
  out << fmt::format("{}: {} cases, difference {:.2g} in double, {:.2g} in quad: {}\n", report.op,
                     report.cases, report.difference, report.quad_difference,
                     report ? "pass" : "FAIL");
  for (const OpFailure& f : report.failures) {
    out << fmt::format("  sample {} {}: {}\n", f.sample, f.shapes, f.what);
    out << fmt::format(
        "    replay: {}\n",
        f.replay.empty() ? fmt::format("self_test_case(record_of<Op>, {})", f.sample) : f.replay);
  }
  return out;
}

}  // namespace dtheta::gradcheck
