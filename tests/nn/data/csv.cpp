#include "nn/data/csv.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <ostream>

#include "autodiff/errors.hpp"
#include "files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

CsvTable read_text(const std::string& text, const CsvOptions& options = {}) {
  const TempFolder folder;
  return read_csv(folder.file("f.csv", to_bytes(text)), options);
}

/// The message without the folder of the file.
template <class E = DataError>
std::string refusal(const std::string& text, const CsvOptions& options = {}) {
  const TempFolder folder;
  const std::string file = folder.file("f.csv", to_bytes(text));
  const std::string said = message<E>([&] { return read_csv(file, options); });
  const std::size_t at = said.find(file);
  return at == std::string::npos ? said : said.substr(at + file.size() - 5);
}

std::vector<double> numbers(const CsvColumn& column) {
  const auto all = column.values.data<double>();
  return {all.begin(), all.end()};
}
std::vector<Index> codes(const CsvColumn& column) {
  const auto all = column.values.data<Index>();
  return {all.begin(), all.end()};
}

const std::string flowers =
    "length,colour,petals,sold\n"
    "1.5,red,5,yes\r\n"
    "-2e3,blue,NA,no\n"
    "\n"
    " +0.25 ,\"red\",4,yes\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(data_csv)

BOOST_AUTO_TEST_CASE(numbers_and_categories_are_told_apart) {
  const CsvTable table = read_text(flowers);
  BOOST_TEST(table.rows() == 3);
  BOOST_TEST(numbers(table["length"]) == (std::vector<double>{1.5, -2000, 0.25}),
             boost::test_tools::per_element());
  BOOST_TEST(table["colour"].categories == (std::vector<std::string>{"blue", "red"}),
             boost::test_tools::per_element());
  BOOST_TEST(codes(table["colour"]) == (std::vector<Index>{1, 0, 1}),
             boost::test_tools::per_element());
  BOOST_TEST(!table["petals"].is_categorical());
  BOOST_TEST(table["petals"].missing == 1);
  BOOST_TEST(std::isnan(numbers(table["petals"])[1]));
  BOOST_TEST(message<ValueError>([&] { return table["size"].missing; }) ==
             "csv: there is no column 'size'; there are: length, colour, petals, sold");
}

BOOST_AUTO_TEST_CASE(features_and_labels_are_tensors) {
  const CsvTable table = read_text(flowers).complete();
  BOOST_TEST(table.rows() == 2);
  const std::vector<std::string> target{"sold"};
  BOOST_TEST(
      (table.features_without(target) == Tensor(Shape{2, 4}, {1.5, 0, 1, 5, 0.25, 0, 1, 4})));
  BOOST_TEST((table.labels("sold") == Tensor(Shape{2}, std::initializer_list<Index>{1, 1})));
  BOOST_TEST((table.labels("petals") == Tensor(Shape{2}, std::initializer_list<Index>{5, 4})));
  BOOST_TEST(message<ValueError>([&] { return table.labels("length"); }) ==
             "csv: the label 1.5 in row 0 of the column 'length' is not whole");
  const std::vector<std::string> petals{"petals"};
  BOOST_TEST(message<ValueError>([&] { return read_text(flowers).features(petals); }) ==
             "csv: 1 value of the column 'petals' is missing, the first in row 1: take complete() "
             "rows, or leave the column out");
}

BOOST_AUTO_TEST_CASE(quotes_hold_what_separates) {
  const CsvTable table = read_text("a,b\n\"x, \"\"y\"\"\nz\",1\n\"NA\",2\nNA,3", {});
  BOOST_TEST(table["a"].categories == (std::vector<std::string>{"NA", "x, \"y\"\nz"}),
             boost::test_tools::per_element());
  BOOST_TEST(codes(table["a"]) == (std::vector<Index>{1, 0, -1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_say_what_a_file_does_not) {
  const CsvTable table = read_text(
      "\xef\xbb\xbf"
      "1;7;\n2;8;",
      {.separator = ';', .header = false, .categories = {{"1", {}}}});
  BOOST_TEST(table["1"].categories == (std::vector<std::string>{"7", "8"}),
             boost::test_tools::per_element());
  BOOST_TEST(numbers(table["0"]) == (std::vector<double>{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(table["2"].missing == 2);
  // Another file with the codes of the first.
  const CsvTable other = read_text("c\nblue\n", {.categories = {{"c", {"red", "green", "blue"}}}});
  BOOST_TEST(codes(other["c"]) == (std::vector<Index>{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_compressed_file_is_read_as_the_plain_one) {
  const TempFolder folder;
  const CsvTable table = read_csv(folder.file("f.csv.gz", gzip(to_bytes(flowers))));
  BOOST_TEST(numbers(table["length"])[1] == -2000);
}

struct Broken {
  std::string text, rule;
  CsvOptions options{};
};
std::ostream& operator<<(std::ostream& out, const Broken& b) { return out << b.rule; }

const std::vector<Broken> broken{
    {"", "f.csv: has no records"},
    {"\n\n", "f.csv: has no records"},
    {"a,b\n1,2\n\n3\n", "f.csv: line 4, column 1: 1 fields, the first record has 2"},
    {"a,b\n1,2,\n", "f.csv: line 2, column 1: 3 fields, the first record has 2"},
    {"a,b,a\n", "f.csv: line 1, column 5: two columns have the name 'a'"},
    {"a,b\n1,\"2\n3", "f.csv: line 2, column 3: a quote that is never closed"},
    {"a,b\n1,\"2\"3\n", "f.csv: line 2, column 6: text behind the closing quote of a field"},
    {"a,b\n\"1\n\",2\n3,4x\n",
     "f.csv: line 4, column 3: '4x' in the column 'b' is no number",
     {.numbers = {"b"}}},
    {"a,b\n1,red\n1,pink\n",
     "f.csv: line 3, column 3: 'pink' is no category of the column 'b'; there are: red, blue",
     {.categories = {{"b", {"red", "blue"}}}}},
};

BOOST_DATA_TEST_CASE(a_broken_file_says_where_and_why, bdata::make(broken), b) {
  BOOST_TEST(refusal(b.text, b.options) == b.rule);
}

BOOST_AUTO_TEST_CASE(an_option_must_name_a_column) {
  BOOST_TEST(refusal<ValueError>("a,b\n1,2\n", {.numbers = {"c"}}) ==
             "f.csv: there is no column 'c'; there are: a, b");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
