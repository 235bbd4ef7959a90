#include "nn/layers/reshape.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::nn {

Reshape::Reshape(std::vector<Index> sample) : sample_(std::move(sample)) {
  const bool negative = std::ranges::any_of(sample_, [](Index n) { return n < -1; });
  if (negative || std::ranges::count(sample_, -1) > 1) {
    throw ShapeError(
        fmt::format("reshape: ({}) is no shape of a sample: sizes, of which one may be -1, are "
                    "needed",
                    fmt::join(sample_, ", ")));
  }
}

Var Reshape::forward(Recording&, Var x) const {
  const Shape& s = x.shape();
  if (s.rank() < 1) throw ShapeError("reshape: x () has no axis of samples");
  // The size left open is found among a sample's elements, so that there may be no samples.
  const Index each = std::accumulate(s.begin() + 1, s.end(), Index{1}, std::multiplies<>());
  Index known = 1;
  for (const Index n : sample_) known *= n == -1 ? 1 : n;
  const bool open = std::ranges::find(sample_, -1) != sample_.end();
  if (open ? known == 0 || each % known != 0 : known != each) {
    throw ShapeError(fmt::format("reshape: the samples of x {} have {} elements, ({}) has {}{}",
                                 to_string(s), each, fmt::join(sample_, ", "),
                                 open ? "a multiple of " : "", known));
  }
  std::vector<Index> dims{s[0]};
  for (const Index n : sample_) dims.push_back(n == -1 ? each / known : n);
  return reshape(x, dims);
}

}  // namespace dtheta::nn
