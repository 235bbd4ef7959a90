// Products by oneDNN, which chooses its kernels and its threads by itself.

#include <oneapi/dnnl/dnnl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "benchmarks/cases.hpp"
#include "benchmarks/work.hpp"

namespace dtheta::bench {
namespace {

Work make(const std::string& name, int /*threads*/) {
  if (!name.starts_with("product-")) return {};
  const dnnl_dim_t n = size_in(name);
  const auto size = static_cast<std::size_t>(n * n);
  struct Matrices {
    std::vector<float> a, b, c;
  };
  const auto m = std::make_shared<Matrices>(
      Matrices{numbers<float>(size, 0, 1), numbers<float>(size, 1, 1), std::vector<float>(size)});
  return {[=] {
            if (dnnl_sgemm('N', 'N', n, n, n, 1.0F, m->a.data(), n, m->b.data(), n, 0.0F,
                           m->c.data(), n) != dnnl_success) {
              throw std::runtime_error("dnnl_sgemm failed");
            }
          },
          [=] { return norm_of(m->c.data(), static_cast<std::size_t>(n)); }};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
