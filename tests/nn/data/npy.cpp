#include "nn/data/npy.hpp"

#include <sys/stat.h>  // mkfifo

#include <bit>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>
#include <ostream>

#include "files.hpp"
#include "limited_disk.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

/// As NumPy 1.24 writes np.array([[1.5, -2.25], [3, 1e300]]).
const Bytes numpy_file{
    0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 0x01, 0x00, 0x76, 0x00, 0x7b, 0x27, 0x64, 0x65, 0x73, 0x63,
    0x72, 0x27, 0x3a, 0x20, 0x27, 0x3c, 0x66, 0x38, 0x27, 0x2c, 0x20, 0x27, 0x66, 0x6f, 0x72, 0x74,
    0x72, 0x61, 0x6e, 0x5f, 0x6f, 0x72, 0x64, 0x65, 0x72, 0x27, 0x3a, 0x20, 0x46, 0x61, 0x6c, 0x73,
    0x65, 0x2c, 0x20, 0x27, 0x73, 0x68, 0x61, 0x70, 0x65, 0x27, 0x3a, 0x20, 0x28, 0x32, 0x2c, 0x20,
    0x32, 0x29, 0x2c, 0x20, 0x7d, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
    0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
    0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20,
    0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x20, 0x0a,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x3f, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xc0,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x40, 0x9c, 0x75, 0x00, 0x88, 0x3c, 0xe4, 0x37, 0x7e,
};

Tensor numpy_value() { return {Shape{2, 2}, {1.5, -2.25, 3.0, 1e300}}; }

/// An array with that header text, padded as NumPy pads it.
Bytes npy(std::string text, const Bytes& elements, std::uint8_t version = 1) {
  const std::size_t before = version == 1 ? 10 : 12;
  text.append(63 - (before + text.size()) % 64, ' ');
  text += '\n';
  Bytes bytes = to_bytes("\x93NUMPY") + Bytes{version, 0};
  for (std::size_t i = 0; i < before - 8; ++i) {
    bytes.push_back(static_cast<std::uint8_t>(text.size() >> 8 * i));
  }
  return bytes + to_bytes(text) + elements;
}

std::string dict(const std::string& descr, const std::string& shape, bool column_major = false) {
  return "{'descr': '" + descr + "', 'fortran_order': " + (column_major ? "True" : "False") +
         ", 'shape': " + shape + ", }";
}

/// Two elements as NumPy stores them under `descr`, and what they are read as.
struct Stored {
  const char* descr;
  Bytes elements;
  Tensor value;
};
std::ostream& operator<<(std::ostream& out, const Stored& s) { return out << s.descr; }

Tensor integers(Index a, Index b) { return {Shape{2}, {a, b}}; }

const std::vector<Stored> stored_types{
    {"<f8", Bytes{0, 0, 0, 0, 0, 0, 0xf8, 0x3f} + Bytes{0, 0, 0, 0, 0, 0, 0, 0xc0},
     Tensor(Shape{2}, {1.5, -2.0})},
    {">f8", Bytes{0x3f, 0xf8, 0, 0, 0, 0, 0, 0} + Bytes{0xc0, 0, 0, 0, 0, 0, 0, 0},
     Tensor(Shape{2}, {1.5, -2.0})},
    {"<f4", {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}, Tensor(Shape{2}, {1.5f, -2.0f})},
    {">f4", {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}, Tensor(Shape{2}, {1.5f, -2.0f})},
    {"<f2", {0x00, 0x3e, 0x00, 0xc0}, Tensor(Shape{2}, {1.5f, -2.0f})},
    {">f2", {0x7b, 0xff, 0x80, 0x01}, Tensor(Shape{2}, {65504.0f, -0x1p-24f})},
    {"<f2", {0xff, 0x03, 0x00, 0xfc}, Tensor(Shape{2}, {1023 * 0x1p-24f, -HUGE_VALF})},
    {"|V2", {0xc0, 0x3f, 0x01, 0x80}, Tensor(Shape{2}, {1.5f, -0x1p-133f})},
    {"bfloat16", {0x80, 0x7f, 0x00, 0xc0}, Tensor(Shape{2}, {HUGE_VALF, -2.0f})},
    {"<i8", Bytes{1, 2, 0, 0, 0, 0, 0, 0} + Bytes(8, 0xff), integers(513, -1)},
    {">i8", Bytes{0, 0, 0, 0, 0, 0, 2, 1} + Bytes(8, 0xff), integers(513, -1)},
    {"<u8", Bytes{1, 2, 0, 0, 0, 0, 0, 0} + Bytes{255, 255, 255, 255, 255, 255, 255, 127},
     integers(513, std::numeric_limits<Index>::max())},
    {"<i4", {1, 2, 0, 0, 0xfe, 0xff, 0xff, 0xff}, integers(513, -2)},
    {">i4", {0, 0, 2, 1, 0xff, 0xff, 0xff, 0xfe}, integers(513, -2)},
    {"<u4", {1, 2, 0, 0, 0xfe, 0xff, 0xff, 0xff}, integers(513, 4294967294)},
    {"<i2", {1, 2, 0xfe, 0xff}, integers(513, -2)},
    {">u2", {2, 1, 0xff, 0xfe}, integers(513, 65534)},
    {"|i1", {1, 0xfe}, integers(1, -2)},
    {"|u1", {1, 0xfe}, integers(1, 254)},
    {"|b1", {1, 0}, integers(1, 0)},
    {"=u1", {1, 0xfe}, integers(1, 254)},
};

/// A file that breaks one rule, and what the error must say after the file's name.
struct Broken {
  const char* rule;
  Bytes bytes;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Broken& b) { return out << b.rule; }

const std::vector<Broken> broken_files{
    {"magic", to_bytes("\x93NUMPX") + Bytes{1, 0, 0, 0}, "offset 0: not an array"},
    {"version", to_bytes("\x93NUMPY") + Bytes{4, 0, 0, 0}, "offset 6: .npy version 4.0 is not"},
    {"minor version", to_bytes("\x93NUMPY") + Bytes{1, 1, 0, 0}, "offset 6: .npy version 1.1 is"},
    {"length", to_bytes("\x93NUMPY") + Bytes{1, 0, 200, 0, 1},
     "offset 10: the header needs 200 bytes, the file ends after 1"},
    {"huge length", to_bytes("\x93NUMPY") + Bytes{2, 0, 255, 255, 255, 255},
     "offset 8: the header would have 4294967295 bytes, at most 65535"},
    {"no dictionary", npy("[]", {}), "offset 10: the header needs '{' here"},
    {"no key", npy("{1: 2}", {}), "offset 11: the header needs a quoted string here"},
    {"open quote", npy("{'descr", {}), "offset 12: the quoted string does not end"},
    {"unknown key", npy("{'order': True}", {}), "offset 20: unknown key \"order\""},
    {"second key", npy("{'shape': (), 'shape': ()}", {}), "offset 33: the key 'shape' comes twice"},
    {"missing key", npy("{'shape': ()}", {}), "offset 64: the header needs the keys"},
    {"no comma", npy("{'shape': () 'descr': '<f8'}", {}), "offset 23: the header needs '}' here"},
    {"more text", npy("{} {}", {}), "offset 13: the header goes on after its closing brace"},
    {"order", npy("{'fortran_order': 0}", {}), "offset 28: fortran_order must be True or False"},
    {"complex", npy(dict("<c16", "(2,)"), {}), "offset 26: element type \"<c16\" (at offset 20)"},
    {"complex", npy(dict("<c8", "(2,)"), {}), "offset 25: element type \"<c8\""},
    {"no byte order", npy(dict("|f8", "(2,)"), {}), "offset 25: element type \"|f8\""},
    {"text", npy(dict("<U3", "(2,)"), {}), "offset 25: element type \"<U3\""},
    {"objects", npy(dict("|O", "(2,)"), {}), "offset 24: element type \"|O\""},
    {"control characters", npy(dict("\x1b[m", "()"), {}), "offset 25: element type \"\\x1b[m\""},
    {"structure", npy("{'descr': [('x', '<f8')]}", {}), "offset 21: arrays of structures are not"},
    {"no tuple", npy(dict("<f8", "3"), {}), "offset 60: the header needs '(' here"},
    {"parentheses", npy(dict("<f8", "(3)"), {}), "offset 62: a tuple of one dimension needs a"},
    {"negative", npy(dict("<f8", "(-3,)"), {}), "offset 61: a dimension must be a number that is"},
    {"no number", npy(dict("<f8", "(3, x)"), {}), "offset 64: a dimension must be a number that"},
    {"long number", npy(dict("<f8", "(18446744073709551616,)"), {}),
     "offset 80: the dimension overflows 64 bits"},
    {"too many axes", npy(dict("<f8", "(1, 1, 1, 1, 1, 1, 1, 1, 1)"), {}),
     "offset 60: header has 9 axes, at most 8 are supported"},
    {"overflow", npy(dict("<f8", "(4294967296, 4294967296)"), {}),
     "offset 60: header promises 4294967296 x 4294967296 x 8 bytes: the product overflows"},
    {"overflow in bytes", npy(dict("<f8", "(2305843009213693952,)"), {}),
     "offset 60: header promises 2305843009213693952 x 8 bytes: the product overflows"},
    {"overflow of one", npy(dict("|u1", "(18446744073709551615,)"), {}),
     "offset 60: header promises 18446744073709551615 bytes: the product overflows"},
    {"overflow by zero", npy(dict("<f8", "(0, 9223372036854775807)"), {}),
     "offset 60: header promises 0 x 9223372036854775807 x 8 bytes: the product overflows"},
    {"huge", npy(dict("<f8", "(1152921504606846975,)"), Bytes(16)),
     "offset 60: header promises 1152921504606846975 x 8 = 9223372036854775800 bytes, the file "
     "holds 16"},
    {"too few bytes", npy(dict("<f8", "(3,)"), Bytes(23)),
     "offset 60: header promises 3 x 8 = 24 bytes, the file holds 23"},
    {"too many bytes", npy(dict("<f8", "()"), Bytes(9)),
     "offset 60: header promises 1 x 8 = 8 bytes, the file holds 9"},
    {"boolean", npy(dict("|b1", "(3,)"), {0, 1, 2}), "offset 130: a boolean must be 0 or 1, not 2"},
    {"large integer", npy(dict("<u8", "(2,)"), Bytes(8) + Bytes(8, 0xff)),
     "offset 136: element 1 does not fit int64"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(data_npy)

BOOST_AUTO_TEST_CASE(a_file_of_numpy_is_read_and_written_to_the_byte) {
  const TempFolder folder;
  BOOST_TEST((read_npy(folder.file("a.npy", numpy_file)) == numpy_value()));
  if (std::endian::native != std::endian::little) return;
  write_npy(folder / "b.npy", numpy_value());
  BOOST_TEST(read_file(folder / "b.npy") == numpy_file);
}

BOOST_DATA_TEST_CASE(every_element_type_is_read, bdata::make(stored_types), stored) {
  const TempFolder folder;
  for (const std::uint8_t version : Bytes{1, 2, 3}) {
    const Bytes file = npy(dict(stored.descr, "(2,)"), stored.elements, version);
    BOOST_TEST((read_npy(folder.file("a.npy", file)) == stored.value), "version " << +version);
  }
}

BOOST_AUTO_TEST_CASE(column_major_becomes_row_major) {
  const TempFolder folder;
  const Bytes counted{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const auto read = [&](const std::string& shape) {
    return read_npy(folder.file("a.npy", npy(dict("|u1", shape, true), counted)));
  };
  const auto expect = [](const Shape& shape, std::initializer_list<Index> values) {
    return Tensor(shape, values);
  };
  BOOST_TEST((read("(3, 4)") == expect({3, 4}, {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11})));
  BOOST_TEST((read("(2, 3, 2)") == expect({2, 3, 2}, {0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11})));
  BOOST_TEST((read("(12,)") == expect({12}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})));
  const Tensor empty = read_npy(folder.file("a.npy", npy(dict("<f4", "(3, 0, 2)", true), {})));
  BOOST_TEST((empty.shape() == Shape{3, 0, 2}));
  const Tensor single = read_npy(
      folder.file("a.npy", npy(dict(">f4", "(2, 1)", true), {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0})));
  BOOST_TEST((single == Tensor(Shape{2, 1}, {1.5f, -2.0f})));
  const Bytes two = Bytes{0, 0, 0, 0, 0, 0, 0xf8, 0x3f} + Bytes{0, 0, 0, 0, 0, 0, 0, 0xc0};
  const Tensor wide = read_npy(folder.file("a.npy", npy(dict("<f8", "(1, 2)", true), two)));
  BOOST_TEST((wide == Tensor(Shape{1, 2}, {1.5, -2.0})));
}

BOOST_AUTO_TEST_CASE(other_ways_to_write_the_header_are_read) {
  const TempFolder folder;
  const Tensor expected(Shape{1, 2}, {Index{7}, Index{8}});
  for (const char* text :
       {"{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2)}",
        "{\"shape\":(1,2,),\"fortran_order\":False,\"descr\":\"|u1\"}",
        " {\t'fortran_order' : False , 'shape' : ( 1L , 2L ) ,\n'descr' : '>u1' , } \n"}) {
    BOOST_TEST((read_npy(folder.file("a.npy", npy(text, {7, 8}))) == expected), text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  const TempFolder folder;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const Tensor& value :
       {Tensor(2.5), Tensor(Shape{3}, {-0.0, infinity, 5e-324}), Tensor(Shape{0, 3}),
        Tensor(Shape{2, 1}, {1.5f, -2.0f}), integers(-7, std::numeric_limits<Index>::min()),
        Tensor(Shape{1, 2, 1, 2, 1, 2, 1, 2}), Tensor(Shape{200, 300}, DType::float32)}) {
    write_npy(folder / "a.npy", value);
    BOOST_TEST((read_npy(folder / "a.npy") == value), to_string(value.shape()));
  }
  BOOST_TEST(folder.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(a_compressed_array_is_read) {
  const TempFolder folder;
  BOOST_TEST((read_npy(folder.file("a.npy.gz", gzip(numpy_file))) == numpy_value()));
}

BOOST_DATA_TEST_CASE(a_broken_file_is_named_with_offset_and_rule, bdata::make(broken_files),
                     broken) {
  const TempFolder folder;
  const std::string file = folder.file("W1.npy", broken.bytes);
  const std::string text = message([&] { return read_npy(file); });
  BOOST_TEST(text.starts_with(file + ": " + broken.says), text);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const TempFolder folder;
  check_every_truncation(folder, numpy_file, read_npy);
  check_every_truncation(folder, npy(dict("|u1", "(3, 1)"), {1, 2, 3}, 3), read_npy);
}

BOOST_AUTO_TEST_CASE(every_damage_to_the_header_is_seen_or_harmless) {
  const TempFolder folder;
  // Nothing protects the elements, so they are not part of this; some headers stay headers.
  const Bytes whole = npy(dict("<f8", "(0, 3)"), {});
  check_every_damage(folder, whole, read_npy, [](const Tensor& t) { return t.size() == 0; });
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_old_file_and_nothing_else) {
  const TempFolder folder;
  write_npy(folder / "a.npy", numpy_value());
  {
    const LimitedDisk limit(1000);
    BOOST_TEST(message([&] {
                 write_npy(folder / "a.npy", Tensor(Shape{1000}));
                 return 0;
               }) == (folder / "a.npy") + ": cannot be written: File too large");
  }
  BOOST_TEST((read_npy(folder / "a.npy") == numpy_value()));
  BOOST_TEST(folder.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_target_is_refused) {
  const TempFolder folder;
  const auto says = [&](const std::string& target) {
    return message([&] {
      write_npy(target, Tensor(1.0));
      return 0;
    });
  };
  BOOST_TEST(says(folder / "missing/a.npy").ends_with(": No such file or directory"));
  BOOST_TEST(says(folder / ".").ends_with(": it is not a plain file"));
  const std::string pipe = folder / "pipe";
  BOOST_TEST(mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_TEST(says(pipe) == pipe + ": cannot be written: it is not a plain file");
  BOOST_TEST(folder.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(links_and_permissions_survive_a_write) {
  const TempFolder folder;
  const std::string real = folder.file("real.npy", numpy_file);
  const std::string link = folder / "link.npy";
  std::filesystem::create_symlink("real.npy", link);
  std::filesystem::permissions(real, std::filesystem::perms{0640});
  write_npy(link, Tensor(4.0));
  BOOST_TEST(std::filesystem::is_symlink(link));
  BOOST_TEST((read_npy(real) == Tensor(4.0)));
  BOOST_TEST((std::filesystem::status(real).permissions() == std::filesystem::perms{0640}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
