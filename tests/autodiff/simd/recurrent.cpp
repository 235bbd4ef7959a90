#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "autodiff/kernels/gru.hpp"
#include "autodiff/kernels/lstm.hpp"
#include "autodiff/kernels/rnn.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace {

using dtheta::Index;
using dtheta::detail::RecurrentSizes;
using simd_reference::ForcedTarget;

std::vector<double> values(Index n, unsigned seed, double scale = 1) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<double> v(static_cast<std::size_t>(n));
  for (double& x : v) x = scale * static_cast<double>(uniform(random));
  return v;
}

template <class T>
std::vector<T> values_as(Index n, unsigned seed, double scale = 1) {
  const std::vector<double> v = values(n, seed, scale);
  return {v.begin(), v.end()};
}

std::size_t count(Index i) { return static_cast<std::size_t>(i); }

/// What a layer of these sizes keeps, and the cotangents that it hands on for random ones of all
/// blocks and of h alone.
template <class T>
struct Results {
  std::vector<T> kept, cotangents, cotangents_of_h;
};

struct Lstm {
  static constexpr double gates = 4;
  template <class T>
  static Results<T> run(const RecurrentSizes& z) {
    const auto x = values_as<T>(4 * z.block(), 1, 3), w = values_as<T>(4 * z.hidden * z.hidden, 2),
               h0 = values_as<T>(z.step(), 3), c0 = values_as<T>(z.step(), 4),
               given = values_as<T>(6 * z.block(), 5);
    Results<T> r{std::vector<T>(count(6 * z.block())), std::vector<T>(x.size()),
                 std::vector<T>(x.size())};
    std::vector<T> work(count(dtheta::detail::lstm_work(z)));
    dtheta::detail::lstm_forward<T>(z, x.data(), w.data(), h0.data(), c0.data(), r.kept.data(),
                                    work.data());
    std::array<const T*, 6> all{}, only_h{given.data()};
    for (Index b = 0; b < 6; ++b) all[count(b)] = given.data() + b * z.block();
    dtheta::detail::lstm_adjoint<T>(z, all, r.kept.data(), w.data(), c0.data(), r.cotangents.data(),
                                    work.data());
    dtheta::detail::lstm_adjoint<T>(z, only_h, r.kept.data(), w.data(), c0.data(),
                                    r.cotangents_of_h.data(), work.data());
    return r;
  }
};

struct Gru {
  static constexpr double gates = 3;
  template <class T>
  static Results<T> run(const RecurrentSizes& z) {
    const auto x = values_as<T>(3 * z.block(), 1, 3), w = values_as<T>(3 * z.hidden * z.hidden, 2),
               h0 = values_as<T>(z.step(), 3), bias = values_as<T>(3 * z.hidden, 4),
               given = values_as<T>(5 * z.block(), 5);
    Results<T> r{std::vector<T>(given.size()), std::vector<T>(given.size()),
                 std::vector<T>(given.size())};
    std::vector<T> work(count(dtheta::detail::gru_work(z)));
    dtheta::detail::gru_forward<T>(z, x.data(), w.data(), bias.data(), h0.data(), r.kept.data(),
                                   work.data());
    std::array<const T*, 5> all{}, only_h{given.data()};
    for (Index b = 0; b < 5; ++b) all[count(b)] = given.data() + b * z.block();
    dtheta::detail::gru_adjoint<T>(z, all, r.kept.data(), w.data(), h0.data(), r.cotangents.data(),
                                   work.data());
    dtheta::detail::gru_adjoint<T>(z, only_h, r.kept.data(), w.data(), h0.data(),
                                   r.cotangents_of_h.data(), work.data());
    return r;
  }
};

struct Rnn {
  static constexpr double gates = 1;
  template <class T>
  static Results<T> run(const RecurrentSizes& z) {
    const auto x = values_as<T>(z.block(), 1, 3), w = values_as<T>(z.hidden * z.hidden, 2),
               h0 = values_as<T>(z.step(), 3), given = values_as<T>(z.block(), 5);
    Results<T> r{std::vector<T>(x.size()), std::vector<T>(x.size()), {}};
    std::vector<T> work(count(dtheta::detail::rnn_work(z)));
    dtheta::detail::rnn_forward<T>(z, x.data(), w.data(), h0.data(), r.kept.data(), work.data());
    dtheta::detail::rnn_adjoint<T>(z, given.data(), r.kept.data(), w.data(), r.cotangents.data());
    return r;
  }
};

/// Values are of the order of one to ten, each of them the end of a chain of `time` steps with sums
/// of gates * hidden products; weights below 1 in magnitude may let an error grow with each step,
/// by no more than the sum of a row of them.
template <class T, class Layer>
void check(const RecurrentSizes& z) {
  const Results<T> got = Layer::template run<T>(z);
  const Results<long double> exact = Layer::template run<long double>(z);
  const auto hidden = static_cast<double>(z.hidden);
  const double growth = std::pow(1 + hidden, static_cast<double>(z.time - 1));
  const double bound =
      64 * (Layer::gates * hidden + 8) * growth * std::numeric_limits<T>::epsilon();
  const auto close = [&](const std::vector<T>& a, const std::vector<long double>& b) {
    for (std::size_t i = 0; i < a.size(); ++i) {
      BOOST_REQUIRE(std::abs(static_cast<long double>(a[i]) - b[i]) <=
                    static_cast<long double>(bound) * (1 + std::abs(b[i])));
    }
  };
  close(got.kept, exact.kept);
  close(got.cotangents, exact.cotangents);
  close(got.cotangents_of_h, exact.cotangents_of_h);
}

using Layers = boost::mpl::list<Lstm, Gru, Rnn>;

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_recurrent_suite)

BOOST_AUTO_TEST_CASE_TEMPLATE(steps_agree_with_the_plain_loops, Layer, Layers) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (const RecurrentSizes& z :
         {RecurrentSizes{1, 2, 1}, RecurrentSizes{2, 3, 7}, RecurrentSizes{2, 1, 16, true},
          RecurrentSizes{2, 2, 35}, RecurrentSizes{3, 1, 5, true}, RecurrentSizes{2, 50, 6}}) {
      BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << z.time << " " << z.hidden) {
        check<float, Layer>(z);
        check<double, Layer>(z);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
