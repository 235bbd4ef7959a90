#include "nn/data/table.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn::test {
namespace {

Table three() {
  return {{"x", Tensor(Shape{3, 2}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0})},
          {"y", Tensor(Shape{3}, std::initializer_list<Index>{7, 8, 9})}};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_table)

BOOST_AUTO_TEST_CASE(rows_are_chosen_from_all_columns) {
  const Table table = three();
  BOOST_TEST(table.count() == 3);
  const std::vector<Index> rows{2, 0};
  const Table chosen = table.rows(rows);
  BOOST_TEST((chosen["x"] == Tensor(Shape{2, 2}, {5.0, 6.0, 1.0, 2.0})));
  BOOST_TEST((chosen["y"] == Tensor(Shape{2}, std::initializer_list<Index>{9, 7})));
  BOOST_TEST(table.head(2).count() == 2);
  BOOST_TEST(table.head(9).count() == 3);
  const std::vector<Index> outside{3};
  BOOST_CHECK_THROW(static_cast<void>(table.rows(outside)), ValueError);
}

BOOST_AUTO_TEST_CASE(a_data_set_is_a_table_of_two_columns) {
  const Dataset data{Tensor(Shape{4, 2}), Tensor(Shape{4}, DType::int64)};
  const TableView view = data;
  BOOST_TEST(view.count() == 4);
  BOOST_TEST(&view["input"] == &data.inputs);
  BOOST_TEST(&view["target"] == &data.labels);
  const Table copied(data);
  BOOST_TEST(copied.columns().size() == 2u);
  BOOST_TEST(TableView().empty());
}

BOOST_AUTO_TEST_CASE(columns_that_do_not_fit_are_refused) {
  Table table = three();
  const auto says = [](const std::string& message) {
    return [message](const std::exception& e) { return e.what() == message; };
  };
  BOOST_CHECK_EXCEPTION(table.add("z", Tensor(Shape{4})), ShapeError,
                        says("table: column 'z' (4) has 4 examples, 'x' has 3"));
  BOOST_CHECK_EXCEPTION(table.add("x", Tensor(Shape{3})), ValueError,
                        says("table: there is a column 'x' already"));
  BOOST_CHECK_THROW(table.add("", Tensor(Shape{3})), ValueError);
  BOOST_CHECK_THROW(table.add("z", Tensor(1.0)), ShapeError);
  BOOST_CHECK_EXCEPTION(static_cast<void>(table["z"]), ValueError,
                        says("table: there is no column 'z'; there are x, y"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
