#include "autodiff/multi_array.hpp"

#include <boost/multi_array.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <type_traits>

#include "autodiff/errors.hpp"

namespace dtheta {
namespace {

template <class E, class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const E& e) {
    return e.what();
  }
  return "nothing was thrown";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor_views)

BOOST_AUTO_TEST_CASE(a_tensor_views_as_multi_array_without_copying) {
  Tensor t(Shape{2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0});
  boost::multi_array_ref<double, 2> m = view<double, 2>(t);
  BOOST_TEST(m[1][2] == 6.0);
  m[0][1] = 20;
  BOOST_TEST(t.data<double>()[1] == 20.0);
  BOOST_TEST(m.data() == t.data<double>().data());
  const Tensor& fixed = t;
  const auto c = view<double, 2>(fixed);
  BOOST_TEST(c[0][1] == 20.0);
  BOOST_TEST((std::is_same_v<decltype(*c.data()), const double&>));
  Tensor indices(Shape{3}, std::initializer_list<Index>{4, 5, 6});
  BOOST_TEST((view<Index, 1>(indices)[2] == 6));
}

BOOST_AUTO_TEST_CASE(a_multi_array_of_any_order_becomes_a_row_major_tensor) {
  boost::multi_array<double, 3> rows(boost::extents[2][3][4]);
  boost::multi_array<double, 3> columns(boost::extents[2][3][4], boost::fortran_storage_order());
  boost::multi_array<float, 2> shifted(boost::extents[2][2]);
  shifted.reindex(5);  // counted from 5
  double next = 0;
  for (Index i = 0; i < 2; ++i) {
    for (Index j = 0; j < 3; ++j) {
      for (Index k = 0; k < 4; ++k) rows[i][j][k] = columns[i][j][k] = next++;
    }
  }
  for (Index i = 0; i < 4; ++i) shifted[5 + i / 2][5 + i % 2] = static_cast<float>(i);
  const Tensor a = to_tensor(rows), b = to_tensor(columns);
  BOOST_TEST((a.shape() == Shape{2, 3, 4}));
  BOOST_TEST((a == b));
  for (std::size_t i = 0; i < 24; ++i) BOOST_TEST(a.data<double>()[i] == static_cast<double>(i));
  const Tensor c = to_tensor(shifted);
  BOOST_TEST((c.dtype() == DType::float32));
  for (std::size_t i = 0; i < 4; ++i) BOOST_TEST(c.data<float>()[i] == static_cast<float>(i));
  // And back: the array is a copy.
  boost::multi_array<double, 3> again(view<double, 3>(a));
  BOOST_TEST((again == rows));
}

BOOST_AUTO_TEST_CASE(views_of_the_wrong_rank_or_type_are_refused) {
  Tensor t(Shape{2, 3});
  BOOST_CHECK_THROW(static_cast<void>(view<double, 3>(t)), ShapeError);
  BOOST_CHECK_THROW(static_cast<void>(view<double, 1>(t)), ShapeError);
  BOOST_CHECK_THROW(static_cast<void>(view<float, 2>(t)), TypeError);
  const std::string text = message_of<ShapeError>([&] { static_cast<void>(view<double, 3>(t)); });
  BOOST_TEST(text.find("(2, 3)") != std::string::npos, text);
  BOOST_TEST(text.find('3') != std::string::npos, text);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
