#include <boost/test/unit_test.hpp>

#include "autodiff/kernels/lstm.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace {

using dtheta::Index;
using dtheta::detail::LstmSizes;
using simd_reference::ForcedTarget;

std::vector<double> values(Index n, unsigned seed, double scale = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<double> v(static_cast<std::size_t>(n));
  for (double& x : v) x = scale * static_cast<double>(uniform(random));
  return v;
}

/// What an LSTM of these sizes keeps, and the cotangents of its gates for random ones of all blocks
/// and of h alone.
template <class T>
struct Results {
  std::vector<T> kept, gates, gates_of_h;
};

template <class T>
Results<T> run(const LstmSizes& z) {
  const auto as = [](const std::vector<double>& v) { return std::vector<T>(v.begin(), v.end()); };
  const auto n = [](Index i) { return static_cast<std::size_t>(i); };
  const auto gates = as(values(4 * z.block(), 1, 3)), w = as(values(4 * z.hidden * z.hidden, 2)),
             h0 = as(values(z.step(), 3)), c0 = as(values(z.step(), 4)),
             given = as(values(6 * z.block(), 5));
  Results<T> r{std::vector<T>(n(6 * z.block())), std::vector<T>(gates.size()),
               std::vector<T>(gates.size())};
  std::vector<T> work(n(dtheta::detail::lstm_work(z)));
  dtheta::detail::lstm_forward<T>(z, gates.data(), w.data(), h0.data(), c0.data(), r.kept.data(),
                                  work.data());
  std::array<const T*, 6> all{}, only_h{given.data()};
  for (Index b = 0; b < 6; ++b) all[n(b)] = given.data() + b * z.block();
  dtheta::detail::lstm_adjoint<T>(z, all, r.kept.data(), w.data(), c0.data(), r.gates.data(),
                                  work.data());
  dtheta::detail::lstm_adjoint<T>(z, only_h, r.kept.data(), w.data(), c0.data(),
                                  r.gates_of_h.data(), work.data());
  return r;
}

/// Values are of the order of one to ten, each of them the end of a chain of `time` steps with sums
/// of 4 hidden products; weights below 1 in magnitude may let an error grow with each step, by no
/// more than the sum of a row of them.
template <class T>
void check(const LstmSizes& z) {
  const Results<T> got = run<T>(z);
  const Results<long double> exact = run<long double>(z);
  const auto hidden = static_cast<double>(z.hidden);
  const double growth = std::pow(1 + hidden, static_cast<double>(z.time - 1));
  const double bound = 64 * (4 * hidden + 8) * growth * std::numeric_limits<T>::epsilon();
  const auto close = [&](const std::vector<T>& a, const std::vector<long double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      BOOST_REQUIRE(std::abs(static_cast<long double>(a[i]) - b[i]) <=
                    static_cast<long double>(bound) * (1 + std::abs(b[i])));
    }
  };
  close(got.kept, exact.kept);
  close(got.gates, exact.gates);
  close(got.gates_of_h, exact.gates_of_h);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_lstm_suite)

BOOST_AUTO_TEST_CASE(steps_agree_with_the_plain_loops) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (const LstmSizes& z :
         {LstmSizes{1, 2, 1}, LstmSizes{2, 3, 7}, LstmSizes{2, 1, 16, true}, LstmSizes{2, 2, 35},
          LstmSizes{3, 1, 5, true}, LstmSizes{2, 50, 6}}) {
      BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << z.time << " " << z.hidden) {
        check<float>(z);
        check<double>(z);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
