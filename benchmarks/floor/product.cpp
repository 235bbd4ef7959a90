#include <cblas.h>

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/cases.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {

Work product(const std::string& name, int threads) {
  const int n = static_cast<int>(size_in(name));
  openblas_set_num_threads(threads);
  const auto size = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  struct Matrices {
    std::vector<float> a, b, c;
  };
  const auto m = std::make_shared<Matrices>(
      Matrices{numbers<float>(size, 0, 1), numbers<float>(size, 1, 1), std::vector<float>(size)});
  return {[=] {
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, n, n, 1.0F, m->a.data(), n,
                        m->b.data(), n, 0.0F, m->c.data(), n);
          },
          [=] { return norm_of(m->c.data(), static_cast<std::size_t>(n)); }};
}

}  // namespace dtheta::bench::floor
