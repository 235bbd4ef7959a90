#pragma once

#include "gradcheck/judge/request.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Orders entries from the worst to the best: failures first, then open ones, then by
/// |analytic − numeric|, of which NaN is the largest.
struct Badness {
  Badness(Verdict verdict, double analytic, double numeric, std::size_t at);
  bool operator<(const Badness& other) const;

  int rank;
  double error;
  std::size_t position;
};

/// Turns findings into blocks, verdicts and notes. `findings` is null where J could not be measured
/// at all. `result` arrives with cost, analytic gradient and determinism filled in.
void assemble(Result& result, const Request& request, const Findings* findings);

}  // namespace dtheta::gradcheck::detail
