#include "autodiff/shape.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <limits>
#include <ostream>
#include <utility>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;

struct Refused {
  std::string message;
  std::function<void()> call;
};
std::ostream& operator<<(std::ostream& out, const Refused& r) { return out << r.message; }

constexpr Index big = Index{1} << 40;
constexpr Index most = std::numeric_limits<Index>::max();

template <class F>
Refused refused(std::string message, F call) {
  return {std::move(message), [call] { static_cast<void>(call()); }};
}

const std::vector<Refused> cases{
    refused("shape (2, -1): dimension -1 is negative",
            [] {
              return Shape{2, -1};
            }),
    refused("shape (0, -3): dimension -3 is negative",
            [] {
              return Shape{0, -3};
            }),
    refused("shape (1099511627776, 1099511627776): the number of elements overflows",
            [] {
              return Shape{big, big};
            }),
    refused("shape (9223372036854775807, 2): the number of elements overflows",
            [] {
              return Shape{most, 2};
            }),
    // Zero elements, but strides would not fit.
    refused("shape (1099511627776, 0, 1099511627776): the number of elements overflows",
            [] {
              return Shape{big, 0, big};
            }),
    refused("shape (1, 1, 1, 1, 1, 1, 1, 1, 1): 9 axes, at most 8 are supported",
            [] { return Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }),
    refused("add: cannot broadcast (2, 3) with (4, 3): 2 != 4 on axis 0",
            [] {
              return broadcast("add", {2, 3}, {4, 3});
            }),
    refused("mul: cannot broadcast (5, 2, 3) with (2, 4): 3 != 4 on axis 2",
            [] {
              return broadcast("mul", {5, 2, 3}, {2, 4});
            }),
    refused("mul: cannot broadcast (2) with (0): 2 != 0 on axis 0",
            [] { return broadcast("mul", {2}, {0}); }),
    refused("sum: axis 2 is out of range for 2 axes", [] { return normalize_axis("sum", 2, 2); }),
    refused("sum: axis -3 is out of range for 2 axes", [] { return normalize_axis("sum", -3, 2); }),
    refused("sum: axis 0 is out of range for 0 axes", [] { return normalize_axis("sum", 0, 0); }),
    refused("max: axes (1, -1) name an axis of 2 twice",
            [] {
              return normalize_axes("max", {1, -1}, 2);
            }),
    refused("axes (0, 1, 2, 3, 4, 5, 6, 7, 8): 9 axes, at most 8 are supported",
            [] { return Axes{0, 1, 2, 3, 4, 5, 6, 7, 8}; }),
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shape_suite)

BOOST_DATA_TEST_CASE(what_is_no_shape_is_refused_and_named, data::make(cases), bad) {
  BOOST_CHECK_EXCEPTION(bad.call(), ShapeError, [&](const ShapeError& e) {
    BOOST_TEST(e.what() == bad.message);
    return true;
  });
}

BOOST_AUTO_TEST_CASE(sizes_and_text) {
  BOOST_TEST(Shape{}.size() == 1);
  BOOST_TEST(Shape{}.rank() == 0);
  BOOST_TEST(to_string(Shape{}) == "()");
  BOOST_TEST(to_string(Shape{64, 784}) == "(64, 784)");
  BOOST_TEST((Shape{3, 0, 2}.size() == 0));
  BOOST_TEST((Shape{most}.size() == most));
  BOOST_TEST((Shape{big, Index{1} << 22}.size() == Index{1} << 62));
  BOOST_TEST((Shape{2, 3} == Shape{2, 3}));
  BOOST_TEST((Shape{2, 3} != Shape{3, 2}));
  BOOST_TEST((Shape{2} != Shape{2, 1}));
  BOOST_TEST((Shape{} != Shape{0}));  // same storage behind, another rank
}

BOOST_AUTO_TEST_CASE(broadcasting_follows_numpy) {
  BOOST_TEST((broadcast("f", {2, 3}, {3}) == Shape{2, 3}));
  BOOST_TEST((broadcast("f", {2, 1}, {1, 3}) == Shape{2, 3}));
  BOOST_TEST((broadcast("f", {}, {4, 2}) == Shape{4, 2}));
  BOOST_TEST((broadcast("f", {4, 2}, {}) == Shape{4, 2}));
  BOOST_TEST((broadcast("f", {3, 1, 2}, {4, 2}) == Shape{3, 4, 2}));
  BOOST_TEST((broadcast("f", {0}, {1}) == Shape{0}));
  BOOST_TEST((broadcast("f", {0, 1}, {1, 5}) == Shape{0, 5}));
  BOOST_TEST(broadcasts_to({3}, {2, 3}));
  BOOST_TEST(broadcasts_to({}, {2, 3}));
  BOOST_TEST(broadcasts_to({1}, {0}));
  BOOST_TEST(!broadcasts_to({2, 3}, {3}));
  BOOST_TEST(!broadcasts_to({2}, {2, 3}));
  BOOST_TEST(!broadcasts_to({3}, {1}));
}

BOOST_AUTO_TEST_CASE(a_broadcast_that_overflows_is_refused) {
  BOOST_CHECK_THROW(static_cast<void>(broadcast("add", {big, 1}, {1, big})), ShapeError);
}

BOOST_AUTO_TEST_CASE(axes_count_from_either_end) {
  BOOST_TEST(normalize_axis("f", -1, 3) == 2);
  BOOST_TEST(normalize_axis("f", 0, 3) == 0);
  BOOST_TEST((normalize_axes("f", {-1, 0}, 3) == Axes{0, 2}));
  BOOST_TEST((normalize_axes("f", Axes{}, 3) == Axes{}));
  BOOST_TEST((all_axes(3) == Axes{0, 1, 2}));
  BOOST_TEST((reduced_shape({2, 3, 4}, 1, 1, true) == Shape{2, 1, 4}));
  BOOST_TEST((reduced_shape({2, 3, 4}, 1, 2, false) == Shape{2}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
