#include "nn/data/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "autodiff/errors.hpp"
#include "files.hpp"
#include "limited_disk.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

Bytes length_of(std::uint64_t header) {
  Bytes bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<std::uint8_t>(header >> 8 * i));
  return bytes;
}

/// A file of that header, with its length before it.
Bytes with_header(std::string_view header, const Bytes& data = {}) {
  return length_of(header.size()) + to_bytes(header) + data;
}

/// One tensor "x" of so many bytes.
Bytes one(const std::string& dtype, const std::string& shape, const Bytes& data) {
  return with_header(R"({"x":{"dtype":")" + dtype + R"(","shape":)" + shape +
                         R"(,"data_offsets":[0,)" + std::to_string(data.size()) + "]}}",
                     data);
}

Tensor read_one(const Bytes& bytes) {
  const TempFolder folder;
  return SafetensorsFile(folder.file("one", bytes)).read("x");
}

std::vector<NamedTensor> small_tensors() {
  return {{"0.bias", Tensor(Shape{3}, {0.5f, -1.0f, 1e-40f})},
          {"0.weight", Tensor(Shape{2, 2}, {1.5, -2.25, 3.0, 1e300})},
          {"steps", Tensor(Shape{}, {Index{-7}})},
          {"none", Tensor(Shape{0, 4}, DType::float32)},
          {"\xce\xb8 \"quoted\\\"", Tensor(Shape{1, 1, 2}, {Index{1} << 62, Index{0}})}};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.bytes(), b.bytes(),
                     static_cast<std::size_t>(a.size()) * size_of(a.dtype())) == 0;
}

/// Reads by the format's description alone, sharing nothing with the library: each rule that the
/// Python package holds a file to is checked, and that the numbers lie where NumPy can map them.
void check_by_hand(const Bytes& file, const std::vector<NamedTensor>& wanted,
                   const Metadata& metadata) {
  BOOST_REQUIRE(file.size() >= 8);
  std::uint64_t length = 0;
  for (std::size_t i = 8; i-- > 0;) length = length << 8 | file[i];
  BOOST_REQUIRE(length <= file.size() - 8);
  BOOST_TEST(length % 8 == 0);
  const std::string text(file.begin() + 8, file.begin() + 8 + static_cast<std::ptrdiff_t>(length));
  BOOST_TEST(text.front() == '{');
  nlohmann::json header = nlohmann::json::parse(text);
  const nlohmann::json kept = header.value("__metadata__", nlohmann::json::object());
  BOOST_TEST((kept.get<Metadata>() == metadata));
  header.erase("__metadata__");
  BOOST_TEST(header.size() == wanted.size());

  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const NamedTensor& tensor : wanted) {
    BOOST_TEST_CONTEXT(tensor.name) {
      const nlohmann::json& entry = header.at(tensor.name);
      const char* dtype = tensor.value.dtype() == DType::float32   ? "F32"
                          : tensor.value.dtype() == DType::float64 ? "F64"
                                                                   : "I64";
      BOOST_TEST(entry.at("dtype").get<std::string>() == dtype);
      const auto dims = tensor.value.shape().dims();
      BOOST_TEST(entry.at("shape").get<std::vector<Index>>() ==
                     std::vector<Index>(dims.begin(), dims.end()),
                 boost::test_tools::per_element());
      const auto at = entry.at("data_offsets").get<std::vector<std::size_t>>();
      const std::size_t size =
          static_cast<std::size_t>(tensor.value.size()) * size_of(tensor.value.dtype());
      BOOST_REQUIRE(at.size() == 2);
      BOOST_TEST(at[1] - at[0] == size);
      BOOST_TEST(at[0] % size_of(tensor.value.dtype()) == 0);
      BOOST_REQUIRE(8 + length + at[1] <= file.size());
      BOOST_TEST(std::memcmp(file.data() + 8 + length + at[0], tensor.value.bytes(), size) == 0);
      ranges.emplace_back(at[0], at[1]);
    }
  }
  std::ranges::sort(ranges);
  std::size_t reached = 0;
  for (const auto& [begin, end] : ranges) {
    BOOST_TEST(begin == reached);
    reached = end;
  }
  BOOST_TEST(8 + length + reached == file.size());
}

/// What reading the whole of a file says; empty if nothing is wrong.
std::string refusal(const Bytes& bytes) {
  const TempFolder folder;
  const std::string file = folder.file("f", bytes);
  const std::string text = message([&] {
    const SafetensorsFile read(file);
    for (const auto& entry : read.entries()) static_cast<void>(read.read(entry.name));
    return 0;
  });
  BOOST_REQUIRE(text.empty() || text.starts_with(file + ": "));
  return text.empty() ? text : text.substr(file.size() + 2);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_safetensors)

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back_bit_for_bit) {
  const TempFolder folder;
  const std::vector<NamedTensor> tensors = small_tensors();
  const Metadata metadata{{"format", "pt"}, {"text", "line\nbreak \"\xce\xb8\""}};
  write_safetensors(folder / "f", tensors, metadata);
  check_by_hand(read_file(folder / "f"), tensors, metadata);
  const SafetensorsFile file(folder / "f");
  BOOST_TEST((file.metadata() == metadata));
  BOOST_TEST(file.entries().size() == tensors.size());
  for (const NamedTensor& t : tensors) {
    BOOST_TEST(same_bits(file.read(t.name), t.value), t.name);
    BOOST_TEST((file.find(t.name)->shape == t.value.shape()));
  }
  write_safetensors(folder / "g", tensors, metadata);
  BOOST_TEST(read_file(folder / "f") == read_file(folder / "g"), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_is_a_file_too) {
  const TempFolder folder;
  write_safetensors(folder / "f", {});
  check_by_hand(read_file(folder / "f"), {}, {});
  BOOST_TEST(SafetensorsFile(folder / "f").entries().empty());
}

BOOST_AUTO_TEST_CASE(a_file_of_the_python_package_is_read) {
  // As safetensors 0.4 writes numpy's {"b": float16 [1, -2], "w": float32 [[0.5]]} with metadata:
  // the wider type first, spaces up to a multiple of 8.
  std::string header =
      R"({"__metadata__":{"format":"np"},"w":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
      R"("b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  const TempFolder folder;
  const SafetensorsFile file(
      folder.file("f", with_header(header, {0x00, 0x00, 0x00, 0x3f, 0x00, 0x3c, 0x00, 0xc0})));
  BOOST_TEST((file.read("w") == Tensor(Shape{1, 1}, {0.5f})));
  BOOST_TEST((file.read("b") == Tensor(Shape{2}, {1.0f, -2.0f})));
  BOOST_TEST(file.find("b")->dtype == "F16");
  BOOST_TEST(file.metadata().at("format") == "np");
}

BOOST_AUTO_TEST_CASE(halves_keep_every_value) {
  // 1 + 2^-10, the largest, the smallest, -0, infinity.
  const Tensor half =
      read_one(one("F16", "[5]", {0x01, 0x3c, 0xff, 0x7b, 0x01, 0x00, 0x00, 0x80, 0x00, 0x7c}));
  BOOST_TEST((half == Tensor(Shape{5}, {1 + 0x1p-10f, 65504.0f, 0x1p-24f, -0.0f,
                                        std::numeric_limits<float>::infinity()})));
  BOOST_TEST(std::signbit(half.data<float>()[3]));
  BOOST_TEST(std::isnan(read_one(one("F16", "[]", {0x01, 0x7e})).item()));
  const Tensor brain = read_one(one("BF16", "[3]", {0x81, 0x3f, 0x01, 0x00, 0x80, 0xff}));
  BOOST_TEST((brain ==
              Tensor(Shape{3}, {1 + 0x1p-7f, 0x1p-133f, -std::numeric_limits<float>::infinity()})));
}

BOOST_AUTO_TEST_CASE(whole_numbers_become_int64) {
  const auto is = [](const Tensor& t, std::initializer_list<Index> values) {
    return t == Tensor(Shape{static_cast<Index>(values.size())}, values);
  };
  BOOST_TEST(is(read_one(one("BOOL", "[2]", {1, 0})), {1, 0}));
  BOOST_TEST(is(read_one(one("U8", "[2]", {1, 255})), {1, 255}));
  BOOST_TEST(is(read_one(one("I8", "[1]", {255})), {-1}));
  BOOST_TEST(is(read_one(one("I16", "[1]", {0xfe, 0xff})), {-2}));
  BOOST_TEST(is(read_one(one("U16", "[1]", {0xfe, 0xff})), {65534}));
  BOOST_TEST(is(read_one(one("I32", "[1]", {0xfd, 0xff, 0xff, 0xff})), {-3}));
  BOOST_TEST(is(read_one(one("U32", "[1]", {0xfd, 0xff, 0xff, 0xff})), {4294967293}));
  BOOST_TEST(is(read_one(one("I64", "[1]", {1, 0, 0, 0, 0, 0, 0, 0x80})), {INT64_MIN + 1}));
  BOOST_TEST(is(read_one(one("U64", "[1]", {1, 0, 0, 0, 0, 0, 0, 0x70})), {0x7000000000000001}));
  BOOST_TEST(refusal(one("U64", "[1]", {1, 0, 0, 0, 0, 0, 0, 0x80})) ==
             "offset 62: element 0 does not fit int64");
  BOOST_TEST(refusal(one("BOOL", "[3]", {1, 0, 2})) ==
             "offset 65: a boolean must be 0 or 1, not 2");
}

BOOST_AUTO_TEST_CASE(other_types_stand_by) {
  const TempFolder folder;
  const std::string name = folder.file("f", one("F8_E4M3", "[2]", {1, 2}));
  const SafetensorsFile file(name);
  BOOST_TEST(!SafetensorsFile::is_readable(file.entries()[0].dtype));
  BOOST_TEST(message([&] { return file.read("x"); }) ==
             name +
                 ": offset 66: tensor 'x' is F8_E4M3; what can be read is F64, F32, F16, BF16, "
                 "I64, I32, I16, I8, U64, U32, U16, U8, BOOL");
  BOOST_TEST(message([&] { return file.read("y"); }) == name + ": no tensor 'y'; there are: x");
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

struct Broken {
  const char* rule;
  Bytes file;
};
std::ostream& operator<<(std::ostream& out, const Broken& b) { return out << b.rule; }

/// Two tensors of which the second has these offsets in 8 bytes of data.
Bytes second(const std::string& offsets) {
  return with_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                     R"("b":{"dtype":"U8","shape":[4],"data_offsets":)" +
                         offsets + "}}",
                     Bytes(8));
}

const std::vector<Broken> broken{
    {"offset 0: the length of the header needs 8 bytes, the file ends after 3", {1, 2, 3}},
    {"offset 0: the header would have 100000001 bytes, the format allows 100000000: this is no "
     "safetensors file",
     length_of(100'000'001)},
    {"offset 0: the header would have 10 bytes, the file has 2 more",
     length_of(10) + to_bytes("{}")},
    {"offset 8: the header must begin with {", with_header("")},
    {"offset 8: the header must begin with {", with_header(" {}")},
    {"offset 10: the header is not JSON: syntax error while parsing value - unexpected '}'; "
     "expected end of input",
     with_header("{}}")},
    {"offset 10: the tensors end here, the file 3 bytes later", with_header("{}", Bytes(3))},
    {"offset 9: tensor \"a\" has no dtype",
     with_header(R"({"a":{"shape":[],"data_offsets":[0,0]}})")},
    {"offset 9: tensor \"a\" has no shape",
     with_header(R"({"a":{"dtype":"U8","data_offsets":[0,0]}})")},
    {"offset 9: tensor \"a\" has no data_offsets",
     with_header(R"({"a":{"dtype":"U8","shape":[0]}})")},
    {"offset 14: tensor \"a\" has \"color\"; a tensor has dtype, shape and data_offsets",
     with_header(R"({"a":{"color":1}})")},
    {"offset 28: tensor \"a\" has dtype twice",
     with_header(R"({"a":{"dtype":"U8", "dtype":"U8"}})")},
    {"offset 9: tensor \"a\" has data_offsets that are not two numbers, the first not above the "
     "second",
     with_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}})")},
    {"offset 9: tensor \"a\" has data_offsets that are not two numbers, the first not above the "
     "second",
     with_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}})", {1})},
    {"offset 9: tensor \"a\" of F32 (2, 3) needs 24 bytes, its data_offsets give 20",
     with_header(R"({"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}})", Bytes(20))},
    {"offset 9: header promises 4294967296 x 4294967296 x 4 bytes: the product overflows",
     with_header(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})")},
    {"offset 9: header has 9 axes, at most 8 are supported",
     with_header(R"({"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", {1})},
    {"offset 37: the header has a negative number where shape and data_offsets have whole numbers "
     "from 0 alone",
     with_header(R"({"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}})")},
    {"offset 38: the header has a number that is not whole or beyond 2^64 where shape and "
     "data_offsets have whole numbers from 0 alone",
     with_header(R"({"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,0]}})")},
    {"offset 13: the header has a list where a tensor is an object with dtype, shape and "
     "data_offsets",
     with_header(R"({"a":[1]})")},
    {"offset 29: the header has a number where the metadata are an object with texts alone",
     with_header(R"({"__metadata__":{"a":1}})")},
    {"offset 61: the header has the name \"a\" twice",
     with_header(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                 R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})")},
    {"offset 33: the metadata have the name \"k\" twice",
     with_header(R"({"__metadata__":{"k":"1","k":"2"}})")},
    {"offset 61: tensor \"b\" begins at byte 5 of the data, must follow the one before it at 4: "
     "neither gaps nor overlaps are allowed",
     with_header(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                 R"("b":{"dtype":"U8","shape":[3],"data_offsets":[5,8]}})",
                 Bytes(8))},
    {"offset 61: tensor \"b\" begins at byte 2 of the data, must follow the one before it at 4: "
     "neither gaps nor overlaps are allowed",
     second("[2,6]")},
    {"offset 61: tensor \"b\" ends at byte 18446744073709551615 of the data, of which the file has "
     "8",
     second("[4,18446744073709551615]")},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(data_safetensors_refusals)

BOOST_DATA_TEST_CASE(a_broken_file_says_where_and_why, bdata::make(broken), b) {
  BOOST_TEST(refusal(b.file) == b.rule);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_says_so) {
  const TempFolder folder;
  const auto open = [](const std::string& file) {
    return message([&] { return SafetensorsFile(file).entries().size(); });
  };
  BOOST_TEST(open(folder / "gone") ==
             folder / "gone" + ": cannot be opened: No such file or directory");
  BOOST_TEST(open(folder / ".") == folder / "." + ": is not a plain file");
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const TempFolder folder;
  write_safetensors(folder / "f", small_tensors(), {{"k", "v"}});
  check_every_truncation(folder, read_file(folder / "f"),
                         [](const std::string& file) { return SafetensorsFile(file); });
}

/// Reads everything; what the header says must then be in the file.
bool is_sound(const std::string& name) {
  const SafetensorsFile file(name);
  const std::uint64_t bytes = std::filesystem::file_size(name);
  for (const SafetensorsFile::Entry& entry : file.entries()) {
    if (entry.begin > entry.end || entry.end > bytes) return false;
    if (file.read(entry.name).shape() != entry.shape) return false;
  }
  return true;
}

BOOST_AUTO_TEST_CASE(no_damage_does_harm) {
  const TempFolder folder;
  write_safetensors(folder / "f", small_tensors(), {{"k", "v"}});
  const auto sound = [&](const std::string& file) { return is_sound(file); };
  check_every_damage(folder, read_file(folder / "f"), sound, [](bool good) { return good; });
}

BOOST_AUTO_TEST_CASE(no_random_header_does_harm) {
  // Pieces of headers in random order are nearer to a header than random bytes.
  const std::vector<std::string> pieces{"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"a\"",
                                        "\"b\"",
                                        "\"dtype\"",
                                        "\"shape\"",
                                        "\"data_offsets\"",
                                        "\"__metadata__\"",
                                        "\"F32\"",
                                        "\"U8\"",
                                        "0",
                                        "4",
                                        "8",
                                        "-1",
                                        "1e9",
                                        "18446744073709551615",
                                        "null",
                                        " ",
                                        "\"\\u0000\"",
                                        "\xff",
                                        "true",
                                        R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})",
                                        R"("b":{"dtype":"F32","shape":[],"data_offsets":[4,8]})"};
  const TempFolder folder;
  std::mt19937 random(5);
  int accepted = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string header = "{";
    for (auto n = random() % 12; n > 0; --n) header += pieces[random() % pieces.size()];
    const std::string file = folder.file("f", with_header(header + "}", Bytes(random() % 3 * 4)));
    const std::string text = message([&] {
      accepted += is_sound(file) ? 1 : 0;
      return 0;
    });
    BOOST_TEST((text.empty() || text.starts_with(file + ": offset ")), header << ": " << text);
  }
  BOOST_TEST(accepted > 0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_named_is_not_written) {
  const TempFolder folder;
  const std::string file = folder / "f";
  const auto refused = [&](const std::vector<NamedTensor>& tensors, const Metadata& metadata = {}) {
    return message<ValueError>([&] {
      write_safetensors(file, tensors, metadata);
      return 0;
    });
  };
  const Tensor x(Shape{1});
  const std::string start = "write_safetensors " + file + ": ";
  BOOST_TEST(refused({{"a", x}, {"a", x}}) == start + "two tensors have the name 'a'");
  BOOST_TEST(refused({{"__metadata__", x}}) ==
             start + "the format keeps the name '__metadata__' for itself");
  BOOST_TEST(refused({{"\xff", x}}).starts_with(start + "a name or a text is not UTF-8"));
  BOOST_TEST(
      refused({{"a", x}}, {{"k", "\xff"}}).starts_with(start + "a name or a text is not UTF-8"));
  BOOST_TEST(folder.entries() == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_leaves_the_old_file) {
  const TempFolder folder;
  const std::vector<NamedTensor> old{{"x", Tensor(Shape{1})}};
  write_safetensors(folder / "f", old);
  const Bytes before = read_file(folder / "f");
  const std::vector<NamedTensor> large{{"x", Tensor(Shape{1000})}};
  {
    const LimitedDisk full(4096);
    BOOST_TEST(message([&] {
                 write_safetensors(folder / "f", large);
                 return 0;
               }) == folder / "f" + ": cannot be written: File too large");
  }
  BOOST_TEST(read_file(folder / "f") == before, boost::test_tools::per_element());
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
