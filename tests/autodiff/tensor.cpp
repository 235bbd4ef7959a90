#include "autodiff/tensor.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

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

bool is_aligned(const Tensor& t) {
  return reinterpret_cast<std::uintptr_t>(t.bytes()) % storage_alignment == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tensor_suite)

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
  const Tensor real(Shape{100}), index(Shape{9}, DType::int64);
  for (const double v : real.data<double>()) BOOST_TEST(v == 0.0);
  for (const Index v : index.data<Index>()) BOOST_TEST(v == 0);
}

BOOST_AUTO_TEST_CASE(conversions_round_once_and_never_to_indices) {
  const Tensor wide(Shape{3}, {0.1, 1e300, -2.0});
  const Tensor narrow = wide.to(DType::float32);
  BOOST_TEST(narrow.data<float>()[0] == 0.1f);
  BOOST_TEST(std::isinf(narrow.data<float>()[1]));
  const Tensor back = narrow.to(DType::float64);
  BOOST_TEST(back.data<double>()[0] == static_cast<double>(0.1f));
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
  BOOST_TEST(message_of<ShapeError>([] {
               Tensor(Shape{2}, {1.0, 2.0, 3.0});
             }) == "tensor (2): needs 2 elements, 3 given");
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
