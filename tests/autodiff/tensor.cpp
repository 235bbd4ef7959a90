#include "autodiff/tensor.hpp"

#include <boost/multi_array.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/multi_array.hpp"

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

bool is_aligned(const Tensor& t) {
  return reinterpret_cast<std::uintptr_t>(t.bytes()) % storage_alignment == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor_suite)

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
  const std::string text =
      message_of<ShapeError>([&] { static_cast<void>(view<double, 3>(t)); });
  BOOST_TEST(text.find("(2, 3)") != std::string::npos, text);
  BOOST_TEST(text.find('3') != std::string::npos, text);
}

BOOST_AUTO_TEST_CASE(copies_are_deep) {
  Tensor a(Shape{2}, {1.0, 2.0});
  Tensor b = a, c;
  c = a;
  a.data<double>()[0] = 9;
  BOOST_TEST(b.data<double>()[0] == 1.0);
  BOOST_TEST(c.data<double>()[0] == 1.0);
  const Tensor& same = c;
  c = same;
  BOOST_TEST((c == b));
  const void* bytes = a.bytes();
  const Tensor moved = std::move(a);
  BOOST_TEST(moved.bytes() == bytes);  // moving copies nothing
}

BOOST_AUTO_TEST_CASE(storage_is_aligned_whatever_the_size) {
  for (Index n = 0; n < 40; ++n) {
    for (const DType type : {DType::float32, DType::float64, DType::int64}) {
      const Tensor t(Shape{n}, type), copy = t;
      BOOST_TEST(is_aligned(t));
      BOOST_TEST(is_aligned(copy));
    }
  }
}

BOOST_AUTO_TEST_CASE(new_tensors_are_zero) {
  BOOST_TEST(Tensor().item() == 0.0);
  for (const double v : Tensor(Shape{100}).data<double>()) BOOST_TEST(v == 0.0);
  for (const Index v : Tensor(Shape{9}, DType::int64).data<Index>()) BOOST_TEST(v == 0);
}

BOOST_AUTO_TEST_CASE(conversions_round_once_and_never_to_indices) {
  const Tensor wide(Shape{3}, {0.1, 1e300, -2.0});
  const Tensor narrow = wide.to(DType::float32);
  BOOST_TEST(narrow.data<float>()[0] == 0.1f);
  BOOST_TEST(std::isinf(narrow.data<float>()[1]));
  BOOST_TEST(narrow.to(DType::float64).data<double>()[0] == static_cast<double>(0.1f));
  const Tensor index(Shape{2}, std::initializer_list<Index>{3, -1});
  BOOST_TEST((index.to(DType::float64) == Tensor(Shape{2}, {3.0, -1.0})));
  BOOST_TEST((index.to(DType::int64) == index));
  BOOST_TEST(message_of<TypeError>([&] { static_cast<void>(wide.to(DType::int64)); }) ==
             "tensor (3): float64 values cannot become int64 indices without rounding");
}

BOOST_AUTO_TEST_CASE(equality_is_of_shape_type_and_value) {
  const Tensor a(Shape{2}, {1.0, 2.0});
  BOOST_TEST(!(a == a.reshaped({1, 2})));
  BOOST_TEST(!(a == a.to(DType::float32)));
  const Tensor nan(Shape{}, {std::nan("")});
  BOOST_TEST(!(nan == nan));
  BOOST_TEST((Tensor(-0.0) == Tensor(0.0)));
  BOOST_TEST((Tensor(Shape{0}) == Tensor(Shape{0})));
}

BOOST_AUTO_TEST_CASE(wrong_calls_name_what_is_wrong) {
  Tensor t(Shape{2, 3});
  BOOST_TEST(message_of<ShapeError>([] { Tensor(Shape{2}, {1.0, 2.0, 3.0}); }) ==
             "tensor (2): needs 2 elements, 3 given");
  BOOST_TEST(message_of<ShapeError>([&] { static_cast<void>(t.reshaped({4})); }) ==
             "tensor: cannot reshape (2, 3) to (4): 6 elements != 4");
  BOOST_TEST(message_of<ShapeError>([&] { static_cast<void>(t.item()); }) ==
             "tensor (2, 3): item() needs exactly one element");
  BOOST_TEST(message_of<ShapeError>([] { static_cast<void>(Tensor(Shape{0}).item()); }) ==
             "tensor (0): item() needs exactly one element");
  BOOST_TEST(message_of<TypeError>([&] { static_cast<void>(t.data<float>()); }) ==
             "tensor (2, 3): holds float64, not float32");
  BOOST_TEST(message_of<ShapeError>([] { Tensor(Shape{Index{1} << 62}); }) ==
             "tensor (4611686018427387904) of float64: the size in bytes overflows");
  BOOST_TEST((t == Tensor(Shape{2, 3})));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
