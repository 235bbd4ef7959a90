#include "nn/data/npz.hpp"

#include <zlib.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "autodiff/errors.hpp"
#include "files.hpp"
#include "limited_disk.hpp"

namespace dtheta::nn::test {
namespace {

/// As NumPy 1.24 writes np.savez_compressed(f, w=np.array([0.5, -1.0]), m=np.eye(2, dtype=bool)).
const Bytes numpy_file{
    0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xbc, 0xd4,
    0xba, 0xa1, 0x4d, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00, 0x05, 0x00, 0x14, 0x00, 0x77, 0x2e,
    0x6e, 0x70, 0x79, 0x01, 0x00, 0x10, 0x00, 0x90, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x4d,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9b, 0xec, 0x17, 0xea, 0x1b, 0x10, 0xc9, 0xc8, 0x50,
    0xc6, 0x50, 0xad, 0x9e, 0x92, 0x5a, 0x9c, 0x5c, 0xa4, 0x6e, 0xa5, 0xa0, 0x6e, 0x93, 0x66, 0xa1,
    0xae, 0xa3, 0xa0, 0x9e, 0x96, 0x5f, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9f, 0x5f, 0x94, 0x92, 0x0a,
    0x12, 0x77, 0x4b, 0xcc, 0x29, 0x4e, 0x05, 0x8a, 0x17, 0x67, 0x24, 0x16, 0xa4, 0x02, 0xf9, 0x1a,
    0x46, 0x3a, 0x9a, 0x3a, 0x0a, 0xb5, 0x0a, 0x14, 0x00, 0x2e, 0x06, 0x30, 0x78, 0x60, 0x0f, 0xa1,
    0x3f, 0xec, 0x07, 0x00, 0x50, 0x4b, 0x03, 0x04, 0x14, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00,
    0x21, 0x00, 0xbb, 0xe4, 0x4c, 0xad, 0x4a, 0x00, 0x00, 0x00, 0x84, 0x00, 0x00, 0x00, 0x05, 0x00,
    0x14, 0x00, 0x6d, 0x2e, 0x6e, 0x70, 0x79, 0x01, 0x00, 0x10, 0x00, 0x84, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x4a, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x9b, 0xec, 0x17, 0xea, 0x1b,
    0x10, 0xc9, 0xc8, 0x50, 0xc6, 0x50, 0xad, 0x9e, 0x92, 0x5a, 0x9c, 0x5c, 0xa4, 0x6e, 0xa5, 0xa0,
    0x5e, 0x93, 0x64, 0xa8, 0xae, 0xa3, 0xa0, 0x9e, 0x96, 0x5f, 0x54, 0x52, 0x94, 0x98, 0x17, 0x9f,
    0x5f, 0x94, 0x92, 0x0a, 0x12, 0x77, 0x4b, 0xcc, 0x29, 0x4e, 0x05, 0x8a, 0x17, 0x67, 0x24, 0x16,
    0xa4, 0x02, 0xf9, 0x1a, 0x46, 0x3a, 0x0a, 0x46, 0x9a, 0x3a, 0x0a, 0xb5, 0x0a, 0x64, 0x03, 0x2e,
    0x46, 0x06, 0x06, 0x46, 0x00, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00, 0x00, 0x00, 0x08,
    0x00, 0x00, 0x00, 0x21, 0x00, 0xbc, 0xd4, 0xba, 0xa1, 0x4d, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00,
    0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x01, 0x00,
    0x00, 0x00, 0x00, 0x77, 0x2e, 0x6e, 0x70, 0x79, 0x50, 0x4b, 0x01, 0x02, 0x14, 0x03, 0x14, 0x00,
    0x00, 0x00, 0x08, 0x00, 0x00, 0x00, 0x21, 0x00, 0xbb, 0xe4, 0x4c, 0xad, 0x4a, 0x00, 0x00, 0x00,
    0x84, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x80, 0x01, 0x84, 0x00, 0x00, 0x00, 0x6d, 0x2e, 0x6e, 0x70, 0x79, 0x50, 0x4b, 0x05, 0x06, 0x00,
    0x00, 0x00, 0x00, 0x02, 0x00, 0x02, 0x00, 0x66, 0x00, 0x00, 0x00, 0x05, 0x01, 0x00, 0x00, 0x00,
    0x00};

std::vector<NamedTensor> small_arrays() {
  return {{"W1", Tensor(Shape{2, 2}, {1.5, -2.25, 3.0, 1e300})},
          {"labels", Tensor(Shape{3}, {Index{0}, Index{7}, Index{-1}})},
          {"deep/\xce\xb8", Tensor(Shape{1, 1, 2}, {0.5f, -1.0f})}};
}

bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::ranges::equal(a, b, [](const NamedTensor& x, const NamedTensor& y) {
    return x.name == y.name && x.value == y.value;
  });
}

/// An array of unsigned bytes whose header gives that shape, true or not.
Bytes npy(const std::string& shape, const Bytes& elements) {
  std::string text = "{'descr': '|u1', 'fortran_order': False, 'shape': " + shape + "}\n";
  return to_bytes("\x93NUMPY") + Bytes{1, 0, static_cast<std::uint8_t>(text.size()), 0} +
         to_bytes(text) + elements;
}

/// What the headers of one entry say; the content is what follows the first of them.
struct ZipEntry {
  std::string name;
  Bytes content;
  std::uint32_t unpacked_size = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;

  ZipEntry(std::string n, Bytes c)
      : name(std::move(n)),
        content(std::move(c)),
        unpacked_size(static_cast<std::uint32_t>(content.size())) {}
};

void put(Bytes& bytes, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

/// The part that the local and the central header of an entry have in common.
void put_common(Bytes& bytes, const ZipEntry& e) {
  put(bytes, 20, 2);
  put(bytes, e.flags, 2);
  put(bytes, e.method, 2);
  put(bytes, 0, 4);
  put(bytes, crc32(0, e.content.data(), static_cast<uInt>(e.content.size())), 4);
  put(bytes, e.content.size(), 4);
  put(bytes, e.unpacked_size, 4);
  put(bytes, e.name.size(), 2);
  put(bytes, 0, 2);
}

/// An archive that says just that, for what libzip would not write.
Bytes zip(const std::vector<ZipEntry>& entries) {
  Bytes local;
  Bytes central;
  for (const ZipEntry& e : entries) {
    const std::size_t offset = local.size();
    put(local, 0x04034b50, 4);
    put_common(local, e);
    local = local + to_bytes(e.name) + e.content;
    put(central, 0x02014b50, 4);
    put(central, 20, 2);
    put_common(central, e);
    put(central, 0, 6);
    put(central, 0, 4);
    put(central, offset, 4);
    central = central + to_bytes(e.name);
  }
  Bytes end;
  put(end, 0x06054b50, 4);
  put(end, 0, 4);
  put(end, entries.size(), 2);
  put(end, entries.size(), 2);
  put(end, central.size(), 4);
  put(end, local.size(), 4);
  put(end, 0, 2);
  return local + central + end;
}

/// The error for a file of these bytes, without the file's name.
std::string error_for(const Bytes& bytes) {
  const TempFolder folder;
  const std::string file = folder.file("net.npz", bytes);
  const std::string text = message([&] { return NpzFile(file); });
  return text.starts_with(file) ? text.substr(file.size()) : "not named: " + text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_npz)

BOOST_AUTO_TEST_CASE(a_file_of_numpy_is_read_in_its_order) {
  const TempFolder folder;
  const NpzFile file(folder.file("a.npz", numpy_file));
  const std::vector<NamedTensor> expected{
      {"w", Tensor(Shape{2}, {0.5, -1.0})},
      {"m", Tensor(Shape{2, 2}, {Index{1}, Index{0}, Index{0}, Index{1}})}};
  BOOST_TEST(same(file.arrays(), expected));
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  const TempFolder folder;
  for (const Compression compression : {Compression::stored, Compression::deflated}) {
    write_npz(folder / "a.npz", small_arrays(), compression);
    BOOST_TEST(same(NpzFile(folder / "a.npz").arrays(), small_arrays()));
    const Bytes once = read_file(folder / "a.npz");
    write_npz(folder / "a.npz", small_arrays(), compression);
    BOOST_TEST(once == read_file(folder / "a.npz"));
  }
  BOOST_TEST(folder.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(large_and_empty_arrays_are_read_back) {
  const TempFolder folder;
  Tensor large(Shape{300, 1000}, DType::float32);
  for (Index i = 0; i < large.size(); ++i) {
    large.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>(i * i % 1009);
  }
  const std::vector<NamedTensor> arrays{{"large", large}, {"none", Tensor(Shape{0, 5})}};
  for (const Compression compression : {Compression::stored, Compression::deflated}) {
    write_npz(folder / "a.npz", arrays, compression);
    BOOST_TEST(same(NpzFile(folder / "a.npz").arrays(), arrays));
  }
}

BOOST_AUTO_TEST_CASE(arrays_are_found_by_name) {
  const TempFolder folder;
  const std::string name = folder / "a.npz";
  write_npz(name, small_arrays());
  const NpzFile file(name);
  BOOST_TEST((file.at("W1") == small_arrays()[0].value));
  BOOST_TEST(file.find("labels") == &file.arrays()[1].value);
  BOOST_TEST(file.contains("labels"));
  BOOST_TEST(!file.contains("label"));
  BOOST_TEST(message([&] { return file.at("b1"); }) ==
             name + ": no array 'b1', there are 'W1', 'labels', 'deep/\xce\xb8'");
}

BOOST_AUTO_TEST_CASE(an_archive_without_arrays_is_one) {
  const TempFolder folder;
  const std::string name = folder.file("a.npz", zip({}));
  BOOST_TEST(NpzFile(name).arrays().empty());
  BOOST_TEST(message([&] { return NpzFile(name).at("W1"); }) ==
             name + ": no array 'W1', there are none");
}

BOOST_AUTO_TEST_CASE(names_that_no_entry_can_have_are_refused) {
  const TempFolder folder;
  const auto says = [&](std::vector<NamedTensor> arrays) {
    return message<ValueError>([&] {
      write_npz(folder / "a.npz", arrays);
      return 0;
    });
  };
  const std::string start = "write_npz " + (folder / "a.npz") + ": ";
  BOOST_TEST(says({}) == start + "there are no arrays");
  BOOST_TEST(says({{"", Tensor()}}) == start + "an array has no name");
  BOOST_TEST(says({{"a", Tensor()}, {"b", Tensor()}, {"a", Tensor()}}) ==
             start + "two arrays have the name 'a'");
  BOOST_TEST(says({{std::string("a\0b", 3), Tensor()}}).ends_with("has a zero byte"));
  BOOST_TEST(says({{"a\xff", Tensor()}}).starts_with(start));
  const std::string endless(65532, 'x');
  BOOST_TEST(says({{endless, Tensor()}}) == start + "the name \"" + std::string(32, 'x') +
                                                "\"... has 65532 bytes, at most 65531 fit");

  BOOST_TEST(folder.entries() == 0u);
}

BOOST_AUTO_TEST_CASE(a_failed_write_leaves_the_old_file_and_nothing_else) {
  const TempFolder folder;
  const std::string name = folder / "a.npz";
  write_npz(name, small_arrays());
  const std::vector<NamedTensor> large{{"W1", Tensor(Shape{100'000})}};
  {
    const LimitedDisk limit(10'000);
    const std::string text = message([&] {
      write_npz(name, large);
      return 0;
    });
    BOOST_TEST(text.starts_with(name + ": the archive cannot be written: "), text);
  }
  BOOST_TEST(same(NpzFile(name).arrays(), small_arrays()));
  BOOST_TEST(folder.entries() == 1u);
  const std::string text = message([&] {
    write_npz(folder / "missing/a.npz", large);
    return 0;
  });
  BOOST_TEST(text.ends_with("cannot be written: No such file or directory"), text);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const TempFolder folder;
  const auto read = [](const std::string& file) { return NpzFile(file); };
  check_every_truncation(folder, numpy_file, read);
  write_npz(folder / "a.npz", small_arrays());
  check_every_truncation(folder, read_file(folder / "a.npz"), read);
}

BOOST_AUTO_TEST_CASE(every_damage_is_seen_or_harmless) {
  const TempFolder folder;
  const auto read = [](const std::string& file) { return NpzFile(file); };
  // A checksum protects the arrays; nothing protects all of the dates and names.
  const auto values_survive = [](const std::vector<NamedTensor>& expected) {
    return [&expected](const NpzFile& file) {
      return std::ranges::equal(file.arrays(), expected, {}, &NamedTensor::value,
                                &NamedTensor::value);
    };
  };
  const std::vector<NamedTensor> arrays = small_arrays();
  for (const Compression compression : {Compression::stored, Compression::deflated}) {
    write_npz(folder / "a.npz", arrays, compression);
    check_every_damage(folder, read_file(folder / "a.npz"), read, values_survive(arrays));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_archive_is_refused) {
  BOOST_TEST(error_for({}) == ": is empty, a zip archive is not");
  BOOST_TEST(error_for(npy("()", {1})).starts_with(": cannot be opened as a zip archive: "));
  const Bytes good = zip({{"a.npy", npy("(2,)", {1, 2})}});
  BOOST_TEST(error_for(good).starts_with("not named: "));  // for there is no error
  BOOST_TEST(error_for(good + Bytes{0}).starts_with(": cannot be opened as a zip archive: "));
  BOOST_TEST(message([] { return NpzFile("missing.npz"); }) ==
             "missing.npz: cannot be opened: No such file or directory");
}

BOOST_AUTO_TEST_CASE(entries_that_are_no_arrays_are_refused) {
  const Bytes array = npy("(2,)", {1, 2});
  BOOST_TEST(error_for(zip({{"a.npy", array}, {"b.npy", array}, {"a.npy", array}})) ==
             ": cannot be opened as a zip archive: two entries have the same name");
  // An e with an acute accent, in the old encoding of zip and in UTF-8.
  BOOST_TEST(error_for(zip({{"\x82.npy", array}, {"\xc3\xa9.npy", array}})) ==
             ": cannot be opened as a zip archive: two entries have the same name");
  BOOST_TEST(error_for(zip({{"a.npy", to_bytes("some text, not an array")}})) ==
             ":a.npy: offset 0: not an array: the .npy magic string is missing");
}

// Strings, objects, complex numbers and text files lie beside arrays in the archives of others.
BOOST_AUTO_TEST_CASE(what_is_no_array_of_numbers_keeps_nothing_from_being_read) {
  const auto with_type = [](const std::string& descr, const Bytes& elements) {
    std::string text = "{'descr': " + descr + ", 'fortran_order': False, 'shape': (1,)}\n";
    return to_bytes("\x93NUMPY") + Bytes{1, 0, static_cast<std::uint8_t>(text.size()), 0} +
           to_bytes(text) + elements;
  };
  const Bytes sixteen(16, 7);
  const TempFolder folder;
  const std::string name =
      folder.file("a.npz", zip({{"README.txt", to_bytes("weights of May")},
                                {"who.npy", with_type("'<U4'", sixteen)},
                                {"a.npy", npy("(2,)", {1, 2})},
                                {"object.npy", with_type("'|O'", sixteen)},
                                {"z.npy", with_type("'<c16'", sixteen)},
                                {"record.npy", with_type("[('x', '<f8'), ('y', '<f8')]", sixteen)},
                                {"sub/", {}},
                                {"b.npy", npy("(1,)", {3})}}));
  const NpzFile file(name);
  BOOST_REQUIRE(file.arrays().size() == 2u);
  BOOST_TEST((file.at("a") == Tensor(Shape{2}, {Index{1}, Index{2}})));
  BOOST_TEST((file.at("b") == Tensor(Shape{1}, {Index{3}})));
  BOOST_TEST(file.unread().size() == 6u);
  for (const char* absent : {"who", "object", "z", "record"}) {
    BOOST_TEST(!file.contains(absent));
    const std::string text = message([&] { return file.at(absent); });
    BOOST_TEST(text.starts_with(name + ":" + absent + ".npy: offset "), text);
    BOOST_TEST(text.find("not supported") != std::string::npos, text);
  }
  BOOST_TEST(message([&] { return file.at("README.txt"); }) ==
             name + ":README.txt: not an array: its name does not end in .npy");
  BOOST_TEST(message([&] { return file.at("c"); }) == name + ": no array 'c', there are 'a', 'b'");
}

BOOST_AUTO_TEST_CASE(only_what_is_wanted_is_read) {
  // An entry that lies about its size: harmless for who does not ask for it.
  const Bytes bytes = zip({{"a.npy", npy("(2,)", {1, 2})}, {"b.npy", npy("(3,)", {1, 2})}});
  const TempFolder folder;
  const std::string name = folder.file("a.npz", bytes);
  BOOST_TEST(message([&] { return NpzFile(name); }).find("b.npy") != std::string::npos);
  const NpzFile file(name, [](std::string_view array) { return array == "a"; });
  BOOST_TEST(file.arrays().size() == 1u);
  BOOST_TEST(file.contains("a"));
  BOOST_TEST(!file.contains("b"));
  BOOST_TEST(message([&] { return file.at("c"); }) == name + ": no array 'c', there are 'a', 'b'");
}

BOOST_AUTO_TEST_CASE(how_exact_the_numbers_are) {
  const TempFolder folder;
  const std::string name = folder / "a.npz";
  write_npz(name, std::vector<NamedTensor>{{"d", Tensor(Shape{1}, {0.5})},
                                           {"f", Tensor(Shape{1}, {0.5f})},
                                           {"i", Tensor(Shape{1}, {Index{1}})}});
  const NpzFile file(name);
  BOOST_TEST(file.roundoff("d") == 0x1p-53);
  BOOST_TEST(file.roundoff("f") == 0x1p-24);
  BOOST_TEST(file.roundoff("i") == 0.0);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_unpacked_is_refused) {
  ZipEntry entry{"a.npy", npy("(2,)", {1, 2})};
  entry.method = 12;
  BOOST_TEST(error_for(zip({entry})) ==
             ":a.npy: compression method 12 is neither stored nor deflated");
  entry.method = 8;  // but the content is not deflated
  // What follows are the words of libzip: another version finds another fault first.
  BOOST_TEST(error_for(zip({entry}))
                 .starts_with(":a.npy: offset 6: the entry of the archive is damaged: "));
  entry.method = 0;
  entry.flags = 1;
  BOOST_TEST(error_for(zip({entry})).starts_with(":"));
}

BOOST_AUTO_TEST_CASE(entries_that_lie_are_refused) {
  const std::string start = ":a.npy: offset 60: header promises ";
  BOOST_TEST(error_for(zip({{"a.npy", npy("(3,)", {1, 2})}})) ==
             start + "3 = 3 bytes, the file holds 2");
  BOOST_TEST(error_for(zip({{"a.npy", npy("(1,)", {1, 2})}})) ==
             start + "1 = 1 bytes, the file holds more");
  BOOST_TEST(
      error_for(zip({{"a.npy", npy("(60000, 784000)", {1, 2})}}))
          .starts_with(start + "60000 x 784000 = 47040000000 bytes, the file holds at most"));
  ZipEntry large{"a.npy", npy("(4000000000,)", {1, 2})};
  large.unpacked_size = 4'000'000'128;
  BOOST_TEST(error_for(zip({large})).starts_with(":"));
}

BOOST_AUTO_TEST_CASE(entries_that_share_their_bytes_are_refused) {
  Bytes bytes = zip({{"a.npy", npy("(2,)", {1, 2})}, {"b.npy", npy("(2,)", {1, 2})}});
  // The offset of the second entry stands 9 bytes before the end record: 4 of offset, 5 of name.
  const std::size_t at = bytes.size() - 22 - 9;
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), 4, std::uint8_t{0});
  BOOST_TEST(error_for(bytes).starts_with(": cannot be opened as a zip archive: "));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
