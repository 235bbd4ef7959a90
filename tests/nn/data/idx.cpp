#include "nn/data/idx.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <initializer_list>
#include <ostream>

#include "autodiff/errors.hpp"
#include "files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

Bytes idx_header(std::uint8_t type, std::initializer_list<std::uint32_t> dims) {
  Bytes bytes{0, 0, type, static_cast<std::uint8_t>(dims.size())};
  for (const std::uint32_t d : dims) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<std::uint8_t>(d >> shift));
    }
  }
  return bytes;
}

/// Two images of 2 x 3 pixels.
Bytes small_images() {
  return idx_header(0x08, {2, 2, 3}) + Bytes{0, 1, 2, 3, 4, 5, 255, 254, 253, 252, 251, 51};
}

/// A file that breaks one rule, and what the error must say after the file's name.
struct Broken {
  const char* rule;
  Bytes bytes;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const Broken& b) { return out << b.rule; }

const std::vector<Broken> broken_files{
    {"empty", {}, "offset 0: the IDX magic number needs 4 bytes, the file ends after 0"},
    {"magic", {1, 0, 8, 1, 0, 0, 0, 0}, "offset 0: an IDX file starts with two zero bytes, not 01"},
    {"element type", {0, 0, 7, 1, 0, 0, 0, 0}, "offset 2: unknown IDX element type 0x07"},
    {"no axes", {0, 0, 8, 0, 5}, "offset 3: 0 axes, must be 1 to 8"},
    {"too many axes", {0, 0, 8, 9}, "offset 3: 9 axes, must be 1 to 8"},
    {"cut dimension", {0, 0, 8, 2, 0, 0, 0, 1, 0}, "offset 8: the dimension of axis 1 needs 4"},
    {"too few bytes", idx_header(8, {60000, 28, 28}) + Bytes(1000),
     "offset 4: header promises 60000 x 28 x 28 = 47040000 bytes, the file holds 1000"},
    {"too many bytes", small_images() + Bytes{7},
     "offset 4: header promises 2 x 2 x 3 = 12 bytes, the file holds 13"},
    {"bytes after nothing", idx_header(8, {0}) + Bytes{7}, "offset 4: header promises 0 = 0 bytes"},
    {"overflow", idx_header(8, {0xffffffff, 0xffffffff, 0xffffffff}),
     "offset 4: header promises 4294967295 x 4294967295 x 4294967295 bytes: the product overflows"},
    {"overflow hidden by a zero", idx_header(8, {0xffffffff, 0xffffffff, 0, 0xffffffff}),
     "offset 4: header promises 4294967295 x 4294967295 x 0 x 4294967295 bytes: the product"},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(data_idx)

BOOST_AUTO_TEST_CASE(bytes_are_read_plain_and_compressed) {
  const TempFolder folder;
  const Bytes whole = small_images();
  const Bytes two_members = gzip(first(whole, 9)) + gzip(Bytes(whole.begin() + 9, whole.end()));
  for (const Bytes& content : {whole, gzip(whole), two_members}) {
    const IdxArray array = read_idx(folder.file("images", content));
    BOOST_TEST((array.shape == Shape{2, 2, 3}));
    BOOST_TEST(array.values == Bytes(whole.begin() + 16, whole.end()));
  }
}

BOOST_AUTO_TEST_CASE(more_than_one_buffer_is_read) {
  const TempFolder folder;
  Bytes pixels(300'000);
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<std::uint8_t>(i * i >> 3);
  }
  const Bytes whole = idx_header(0x08, {300, 1000}) + pixels;
  BOOST_TEST((read_idx(folder.file("plain", whole)).values == pixels));
  BOOST_TEST((read_idx(folder.file("packed", gzip(whole))).values == pixels));
}

BOOST_AUTO_TEST_CASE(every_element_type_becomes_a_tensor) {
  const TempFolder folder;
  const auto read = [&](std::uint8_t type, const Bytes& elements) {
    return read_idx_tensor(folder.file("any", idx_header(type, {2}) + elements));
  };
  BOOST_TEST((read(0x08, {1, 200}) == Tensor(Shape{2}, {Index{1}, Index{200}})));
  BOOST_TEST((read(0x09, {1, 200}) == Tensor(Shape{2}, {Index{1}, Index{-56}})));
  BOOST_TEST((read(0x0B, {1, 0, 0xff, 0xfe}) == Tensor(Shape{2}, {Index{256}, Index{-2}})));
  BOOST_TEST((read(0x0C, {0, 1, 0, 0, 0xff, 0xff, 0xff, 0xfe}) ==
              Tensor(Shape{2}, {Index{65536}, Index{-2}})));
  BOOST_TEST((read(0x0D, {0x3f, 0xc0, 0, 0, 0xc0, 0, 0, 0}) == Tensor(Shape{2}, {1.5f, -2.0f})));
  BOOST_TEST((read(0x0E, Bytes{0x3f, 0xf8, 0, 0, 0, 0, 0, 0} + Bytes{0xc0, 0, 0, 0, 0, 0, 0, 0}) ==
              Tensor(Shape{2}, {1.5, -2.0})));
}

BOOST_AUTO_TEST_CASE(images_are_flattened_and_scaled) {
  const IdxArray images{Shape{2, 1, 2}, {0, 51, 102, 255}};
  BOOST_TEST((images_to_tensor(images, DType::float64) ==
              Tensor(Shape{2, 2}, {0.0, 51.0 / 255, 102.0 / 255, 1.0})));
  BOOST_TEST(
      (images_to_tensor(images) == Tensor(Shape{2, 2}, {0.0f, 51.0f / 255, 102.0f / 255, 1.0f})));
  BOOST_CHECK_THROW(static_cast<void>(images_to_tensor(images, DType::int64)), TypeError);
  const IdxArray flat{Shape{4}, images.values};
  BOOST_CHECK_THROW(static_cast<void>(images_to_tensor(flat)), ShapeError);
  const IdxArray incomplete{Shape{2, 2, 2}, images.values};
  BOOST_CHECK_THROW(static_cast<void>(images_to_tensor(incomplete)), ShapeError);
}

BOOST_AUTO_TEST_CASE(labels_become_indices) {
  const IdxArray labels{Shape{3}, {9, 0, 255}};
  BOOST_TEST((labels_to_tensor(labels) == Tensor(Shape{3}, {Index{9}, Index{0}, Index{255}})));
  const IdxArray table{Shape{3, 1}, labels.values};
  BOOST_CHECK_THROW(static_cast<void>(labels_to_tensor(table)), ShapeError);
  const IdxArray incomplete{Shape{2}, labels.values};
  BOOST_CHECK_THROW(static_cast<void>(labels_to_tensor(incomplete)), ShapeError);
}

BOOST_DATA_TEST_CASE(a_broken_file_is_named_with_offset_and_rule, bdata::make(broken_files),
                     broken) {
  const TempFolder folder;
  const std::string file = folder.file("train", broken.bytes);
  const std::string expected = file + ": " + broken.says;
  const std::string bytes = message([&] { return read_idx(file); });
  BOOST_TEST(bytes.starts_with(expected), bytes);
  const std::string tensor = message([&] { return read_idx_tensor(file); });
  BOOST_TEST(tensor.starts_with(expected), tensor);
}

BOOST_AUTO_TEST_CASE(only_bytes_are_read_as_bytes) {
  const TempFolder folder;
  const std::string file = folder.file("signed", idx_header(0x09, {1}) + Bytes{1});
  BOOST_TEST(message([&] { return read_idx(file); }) ==
             file + ": offset 2: the elements are not unsigned bytes (type 0x08)");
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused) {
  const TempFolder folder;
  const std::string missing = folder / "missing";
  BOOST_TEST(message([&] { return read_idx(missing); }) ==
             missing + ": cannot be opened: No such file or directory");
  const std::string itself = folder / ".";
  BOOST_TEST(message([&] { return read_idx(itself); }) == itself + ": is a directory");
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const TempFolder folder;
  check_every_truncation(folder, small_images(), read_idx);
  check_every_truncation(folder, gzip(small_images()), read_idx);
  check_every_truncation(folder, small_images(), read_idx_tensor);
}

BOOST_AUTO_TEST_CASE(every_damage_to_a_compressed_file_is_seen_or_harmless) {
  const TempFolder folder;
  const Bytes whole = small_images();
  const Bytes pixels(whole.begin() + 16, whole.end());
  check_every_damage(folder, gzip(whole), read_idx,
                     [&](const IdxArray& a) { return a.values == pixels; });
}

BOOST_AUTO_TEST_CASE(a_compressed_file_that_lies_is_refused) {
  const TempFolder folder;
  const auto says = [&](const Bytes& bytes) {
    const std::string file = folder.file("lie.gz", bytes);
    return message([&] { return read_idx(file); }).substr(file.size());
  };
  // Nothing unpacks to more than 1032 times its size.
  const Bytes packed = gzip(idx_header(8, {60000, 28, 28}) + Bytes(100'000));
  BOOST_TEST(
      says(packed) ==
      ": offset 4: header promises 60000 x 28 x 28 = 47040000 bytes, the file holds at most " +
          std::to_string(packed.size() * 1032));
  // This small, it could unpack to what it promises, but does not.
  BOOST_TEST(says(gzip(idx_header(8, {1000}) + Bytes(10))) ==
             ": offset 4: header promises 1000 = 1000 bytes, the file holds 10");
  BOOST_TEST(says(gzip(small_images() + Bytes{0})) ==
             ": offset 4: header promises 2 x 2 x 3 = 12 bytes, the file holds more");
}

BOOST_AUTO_TEST_CASE(damage_to_the_compression_is_placed_in_the_compressed_file) {
  const TempFolder folder;
  const Bytes packed = gzip(small_images());
  const auto says = [&](const Bytes& bytes) {
    const std::string file = folder.file("damaged.gz", bytes);
    return message([&] { return read_idx(file); }).substr(file.size());
  };
  const std::string size = std::to_string(packed.size());
  const std::string of_file = " of the compressed file: the gzip stream ";
  BOOST_TEST(says(packed + Bytes{1, 2}) ==
             ": offset " + size + of_file + "ends here, but more bytes follow");
  BOOST_TEST(says(first(packed, packed.size() - 1)) ==
             ": offset " + std::to_string(packed.size() - 1) + of_file + "ends early");
  Bytes checksum = packed;
  checksum[packed.size() - 8] ^= 1;
  BOOST_TEST(says(checksum).ends_with(of_file + "is damaged: incorrect data check"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
