#include "gradcheck/jacobian/judge/excuse.hpp"

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <new>

#include "gradcheck/errors.hpp"
#include "gradcheck/judge/degenerate.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t most_rows = 32;  // a Jacobian of which more are wrong is not wrong by corners

class RowExcuse {
 public:
  RowExcuse(const JacobianRequest& request, const VectorFunction& f, const Jacobian& jacobian,
            std::size_t row)
      : request_(request), f_(f), jacobian_(jacobian), row_(row) {
    options_.tolerance = request.tolerance;
    options_.gradient_roundoff = request.roundoff;
  }

  /// Excuses the row's entries; returns how many.
  std::size_t run(JacobianFindings& found) {
    const RowMatrix& a = request_.jacobian;
    Findings own;
    own.entries.assign(a.columns, Finding{});
    own.noise = found.noise[row_];
    const std::vector<double> analytic = dense_row(a);
    for (std::size_t e = a.starts[row_]; e < a.starts[row_ + 1]; ++e) {
      own.entries[a.column_of[e]] = found.entries[e];
    }
    const Cost whole = [this](std::span<const double> at) { return output_at(at); };
    CostProbes probes(whole, request_.x.values());
    const ProbeEvaluator evaluate = std::ref(probes);
    const Request request{evaluate,
                          request_.x,
                          analytic,
                          request_.inputs,
                          options_,
                          request_.table.at_x()[row_],
                          request_.noise[row_],
                          [](std::size_t) { return true; },
                          &whole};
    const Gradient::Function gradient = [&](std::span<const double> at, std::span<double> out) {
      const std::vector<double> row = dense_row(read_jacobian(jacobian_, at, a.rows, a.columns));
      std::ranges::copy(row, out.begin());
    };
    excuse_degenerate(request, gradient, own);
    std::size_t excused = 0;
    for (std::size_t e = a.starts[row_]; e < a.starts[row_ + 1]; ++e) {
      const Finding& finding = own.entries[a.column_of[e]];
      if (finding.reason != Reason::several_corners) continue;
      found.entries[e] = finding;
      ++excused;
    }
    return excused;
  }

  std::size_t evaluations() const { return evaluations_; }

 private:
  std::vector<double> dense_row(const RowMatrix& a) const {
    std::vector<double> row(a.columns, 0.0);
    for (std::size_t e = a.starts[row_]; e < a.starts[row_ + 1]; ++e) {
      row[a.column_of[e]] = a.values[e];
    }
    return row;
  }

  double output_at(std::span<const double> at) {
    ++evaluations_;
    try {
      const std::vector<double> lent(at.begin(), at.end());
      return f_.at(lent, request_.table.outputs())[row_];
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const ShapeError&) {
      throw;
    } catch (const std::exception&) {
      return std::numeric_limits<double>::quiet_NaN();
    }
  }

  const JacobianRequest& request_;
  const VectorFunction& f_;
  const Jacobian& jacobian_;
  std::size_t row_;
  Options options_;
  std::size_t evaluations_ = 0;
};

}  // namespace

std::size_t excuse_degenerate_rows(const JacobianRequest& request, const VectorFunction& f,
                                   const Jacobian& jacobian, JacobianFindings& findings,
                                   std::size_t& evaluations) {
  const RowMatrix& a = request.jacobian;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < a.rows; ++i) {
    const auto row =
        std::span(findings.entries).subspan(a.starts[i], a.starts[i + 1] - a.starts[i]);
    if (std::ranges::any_of(row, is_accused)) rows.push_back(i);
  }
  std::size_t excused = 0;
  if (rows.size() > most_rows) return excused;
  for (const std::size_t i : rows) {
    RowExcuse row(request, f, jacobian, i);
    excused += row.run(findings);
    evaluations += row.evaluations();
  }
  return excused;
}

}  // namespace dtheta::gradcheck::detail
