#include "gradcheck/parameter_vector.hpp"

#include <boost/multi_array.hpp>
#include <boost/test/unit_test.hpp>
#include <numeric>
#include <vector>

#include "gradcheck/errors.hpp"

namespace gc = dtheta::gradcheck;
using Values = std::vector<double>;

namespace {

/// a[i][j] = 10 i + j, in any storage order.
template <class Order>
boost::multi_array<double, 2> numbered(std::size_t rows, std::size_t columns, const Order& order) {
  boost::multi_array<double, 2> a(boost::extents[rows][columns], order);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) a[i][j] = static_cast<double>(10 * i + j);
  }
  return a;
}

gc::ParameterVector two_layers() {
  gc::ParameterVector theta;
  theta.add("W1", numbered(2, 3, boost::c_storage_order()), 1);
  theta.add("b1", 1, {2, 1}, Values{7.0, 8.0});
  theta.add("gain", 2, {}, Values{9.0});
  return theta;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parameter_vector)

BOOST_AUTO_TEST_CASE(statement_1_theta_is_the_concatenation_of_flattened_arrays) {
  const auto theta = two_layers();
  const Values expected{0, 1, 2, 10, 11, 12, 7, 8, 9};
  BOOST_TEST(theta.values() == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(statement_1_and_back) {
  auto theta = two_layers();
  for (double& v : theta.values()) v *= 2.0;
  boost::multi_array<double, 2> w(boost::extents[2][3]);
  theta.extract("W1", w);
  BOOST_TEST(w[1][2] == 24.0);
  Values b(2);
  theta.extract("b1", b);
  BOOST_TEST(b == (Values{14.0, 16.0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(statement_1_keys_per_entry) {
  const auto theta = two_layers();
  BOOST_TEST(to_string(theta.key(5)) == "W1[1, 2]");
  BOOST_TEST(to_string(theta.key(7)) == "b1[1, 0]");
  BOOST_TEST(to_string(theta.key(8)) == "gain");
  BOOST_TEST(theta.key(8).layer == 2U);
  for (std::size_t i = 0; i < theta.size(); ++i) {
    const auto key = theta.key(i);
    BOOST_TEST(theta.position(key.name, key.index) == i);
  }
}

BOOST_AUTO_TEST_CASE(statement_2_a_gradient_is_laid_out_in_the_same_order) {
  const auto theta = two_layers();
  auto same = two_layers();
  BOOST_CHECK_NO_THROW(theta.require_same_layout(same));
  gc::ParameterVector transposed;
  transposed.add("dW1", numbered(3, 2, boost::c_storage_order()), 1);
  transposed.add("db1", 1, {2, 1}, Values{7.0, 8.0});
  transposed.add("dgain", 2, {}, Values{9.0});
  BOOST_CHECK_THROW(theta.require_same_layout(transposed), gc::ShapeError);
}

BOOST_AUTO_TEST_CASE(storage_order_and_index_bases_do_not_matter) {
  const auto by_rows = numbered(3, 4, boost::c_storage_order());
  auto by_columns = numbered(3, 4, boost::fortran_storage_order());
  by_columns.reindex(5);
  gc::ParameterVector theta;
  theta.add("rows", by_rows);
  theta.add("columns", by_columns);
  BOOST_TEST(theta.values("rows") == theta.values("columns"), boost::test_tools::per_element());
  for (double& v : theta.values()) v = -v;
  theta.extract("columns", by_columns);
  BOOST_TEST(by_columns[7][8] == -23.0);
}

BOOST_AUTO_TEST_CASE(other_element_types_are_converted) {
  boost::multi_array<float, 1> a(boost::extents[2]);
  a[1] = 1.5F;
  gc::ParameterVector theta;
  theta.add("a", a);
  BOOST_TEST(theta.values()[1] == 1.5);
}

BOOST_AUTO_TEST_CASE(mistakes_are_named) {
  auto theta = two_layers();
  const auto says = [](const char* part) {
    return [part](const std::invalid_argument& e) {
      return std::string(e.what()).find(part) != std::string::npos;
    };
  };
  const Values five(5);
  BOOST_CHECK_EXCEPTION(theta.add("W2", 2, {2, 3}, five), gc::ShapeError,
                        says("W2 of shape (2, 3) needs 6 values, but 5 were given"));
  BOOST_CHECK_EXCEPTION(theta.add("W1", 2, {5}, five), gc::NameError, says("W1 is taken"));
  BOOST_CHECK_EXCEPTION(theta.add("", 2, {5}, five), gc::NameError, says("needs a name"));
  BOOST_CHECK_EXCEPTION(theta.add("W3", 3, {1UL << 40, 1UL << 40}, five), gc::ShapeError,
                        says("more entries than can be counted"));
  BOOST_CHECK_EXCEPTION(theta.block("W9"), gc::NameError, says("there are: W1, b1, gain"));
  BOOST_CHECK_EXCEPTION(theta.key(9), gc::ShapeError, says("there is no entry 9"));
  boost::multi_array<double, 2> turned(boost::extents[3][2]);
  BOOST_CHECK_EXCEPTION(theta.extract("W1", turned), gc::ShapeError, says("shape (3, 2)"));
  BOOST_TEST(theta.size() == 9U);  // nothing was added by a call that threw
}

BOOST_AUTO_TEST_CASE(an_empty_block_takes_no_room_and_no_key) {
  gc::ParameterVector theta;
  theta.add("none", 0, {0, 3}, {});
  theta.add("some", 0, {1}, Values{4.0});
  BOOST_TEST(theta.key(0).name == "some");
}

BOOST_AUTO_TEST_SUITE_END()
