#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "autodiff/kernels/pooling.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace {

using dtheta::Index;
using dtheta::Window;
using simd_reference::ForcedTarget;

/// A window over planes of rows x columns; rows that do not fit the last position are left over.
Window plane(Index rows, Index columns, Index size_rows, Index size_columns, Index stride_rows,
             Index stride_columns) {
  Window w;
  w.axes = 2;
  w.in = {1, rows, columns};
  w.size = {1, size_rows, size_columns};
  w.stride = {1, stride_rows, stride_columns};
  w.out = {1, (rows - size_rows) / stride_rows + 1, (columns - size_columns) / stride_columns + 1};
  return w;
}

const std::vector<Window>& windows() {
  // Fewer positions than a register has lanes, as many, and one more; odd and even windows; windows
  // that overlap and windows with gaps.
  static const std::vector<Window> list{
      plane(4, 28, 2, 2, 2, 2),  plane(5, 11, 2, 2, 2, 2), plane(3, 64, 1, 2, 1, 2),
      plane(7, 33, 3, 3, 2, 2),  plane(6, 66, 2, 3, 3, 2), plane(2, 5, 2, 5, 1, 2),
      plane(3, 40, 2, 1, 1, 2),  plane(5, 20, 3, 3, 1, 1), plane(4, 17, 2, 2, 3, 1),
      plane(1, 1, 1, 1, 1, 1),   plane(2, 70, 2, 4, 2, 2), plane(1, 34, 1, 2, 1, 2),
      plane(10, 10, 2, 2, 2, 2), plane(6, 70, 3, 2, 3, 2), plane(9, 38, 3, 2, 2, 2)};
  return list;
}

/// Small whole numbers, so that elements tie, and now and then NaN or an infinity.
template <class T>
std::vector<T> elements(std::size_t n, bool special) {
  std::mt19937 random(7);
  std::vector<T> x(n);
  for (T& v : x) {
    v = static_cast<T>(static_cast<int>(random() % 9) - 4);
    if (special && random() % 19 == 0) v = std::numeric_limits<T>::quiet_NaN();
    if (special && random() % 7 == 0) v = -std::numeric_limits<T>::infinity();
    if (special && random() % 17 == 0) v = std::numeric_limits<T>::infinity();
  }
  return x;
}

template <class T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::ranges::equal(a, b, [](T x, T y) { return x == y || (x != x && y != y); });
}

constexpr Index planes = 3;
constexpr std::size_t guard = 64;  // elements behind the result, which must stay as they are

template <class T>
void check_window(const Window& w, bool special) {
  const auto in = static_cast<std::size_t>(planes * w.in_size());
  const auto out = static_cast<std::size_t>(planes * w.out_size());
  const std::vector<T> x = elements<T>(in, special), c = elements<T>(out, false);
  std::vector<T> best(out + guard, T(5)), work(2 * out), adjoint(in + guard, T(5));
  std::vector<T> fast_best(best), fast_adjoint(adjoint);
  for (Index n = 0; n < planes; ++n) {
    const T* xs = x.data() + n * w.in_size();
    dtheta::detail::max_pool(w, xs, best.data() + n * w.out_size());
    dtheta::detail::max_pool_adjoint(w, c.data() + n * w.out_size(), xs,
                                     adjoint.data() + n * w.in_size(), work.data());
  }
  const auto p = dtheta::detail::plane_window(w);
  BOOST_REQUIRE(p.has_value());
  dtheta::simd::max_pool(*p, planes, x.data(), fast_best.data());
  dtheta::simd::max_pool_adjoint(*p, planes, c.data(), x.data(), fast_adjoint.data());
  BOOST_TEST(same(best, fast_best));
  BOOST_TEST(same(adjoint, fast_adjoint));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_pooling_suite)

BOOST_AUTO_TEST_CASE(planes_are_pooled_as_by_the_plain_loops) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (const Window& w : windows()) {
      BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << w.in[1] << "x" << w.in[2]) {
        for (bool special : {false, true}) {
          check_window<float>(w, special);
          check_window<double>(w, special);
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(threads_share_the_planes) {
  const Window w = plane(6, 9, 2, 3, 2, 2);
  constexpr Index many = 150;
  const auto in = static_cast<std::size_t>(many * w.in_size());
  const auto out = static_cast<std::size_t>(many * w.out_size());
  const std::vector<float> x = elements<float>(in, true), c = elements<float>(out, false);
  const auto run = [&](const dtheta::Parallel* parallel) {
    std::vector<float> both(out + in), work(2 * out);
    dtheta::detail::max_pool_planes(w, many, x.data(), both.data(), parallel);
    dtheta::detail::max_pool_adjoint_planes(w, many, c.data(), x.data(), both.data() + out,
                                            work.data(), parallel);
    return both;
  };
  const std::vector<float> alone = run(nullptr);
  for (unsigned threads : {2U, 3U}) {
    const dtheta::Parallel parallel(threads);
    BOOST_TEST(same(run(&parallel), alone));
  }
}

BOOST_AUTO_TEST_CASE(other_windows_are_left_to_the_plain_loops) {
  const auto changed = [](auto change) {
    Window w = plane(8, 8, 2, 2, 2, 2);
    change(w);
    return dtheta::detail::plane_window(w).has_value();
  };
  BOOST_TEST(changed([](Window&) {}));
  BOOST_TEST(!changed([](Window& w) { w.before = {0, 1, 0}; }));
  BOOST_TEST(!changed([](Window& w) { w.after = {0, 0, 1}; }));
  BOOST_TEST(!changed([](Window& w) { w.dilation[2] = 2; }));
  BOOST_TEST(!changed([](Window& w) { w.stride[2] = 3; }));
  BOOST_TEST(!changed([](Window& w) { w.adaptive = true; }));
  BOOST_TEST(!changed([](Window& w) { w.in[0] = 2; }));
  BOOST_TEST(!changed([](Window& w) { w.out[2] = 5; }));  // sticks out, as in ceil_mode
}

BOOST_AUTO_TEST_SUITE_END()
