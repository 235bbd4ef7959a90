#include "nn/data/augment.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <vector>

#include "autodiff/errors.hpp"
#include "files.hpp"
#include "nn/train/trainer_options.hpp"

namespace dtheta::nn::test {
namespace {

using Pixels = std::vector<float>;

static_assert(std::is_convertible_v<Augmentation, decltype(TrainerOptions::transform)>);

/// Two channels of 2 x 3: 1 ... 6 and 7 ... 12.
constexpr ImageSize small{.channels = 2, .height = 2, .width = 3};
Pixels counted(const ImageSize& size) {
  Pixels image(static_cast<std::size_t>(size.size()));
  std::iota(image.begin(), image.end(), 1.0f);
  return image;
}

Pixels augmented(const Augmentation& a, Index step, const std::vector<Index>& rows) {
  Pixels all;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Pixels image = counted(a.size);
    all.insert(all.end(), image.begin(), image.end());
  }
  a(step, rows, "input", all);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_augment)

BOOST_AUTO_TEST_CASE(an_image_is_mirrored) {
  Pixels image = counted(small);
  flip_image(image, small);
  BOOST_TEST(image == (Pixels{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_image_is_shifted) {
  const auto shifted = [](Index down, Index right) {
    Pixels image = counted(small);
    shift_image(image, small, down, right, -1);
    return image;
  };
  const auto is = [&](Index down, Index right, const Pixels& wanted) {
    BOOST_TEST(shifted(down, right) == wanted, boost::test_tools::per_element());
  };
  is(0, 0, counted(small));
  is(1, 0, {-1, -1, -1, 1, 2, 3, -1, -1, -1, 7, 8, 9});
  is(-1, 0, {4, 5, 6, -1, -1, -1, 10, 11, 12, -1, -1, -1});
  is(0, 2, {-1, -1, 1, -1, -1, 4, -1, -1, 7, -1, -1, 10});
  is(-1, -1, {5, 6, -1, -1, -1, -1, 11, 12, -1, -1, -1, -1});
  is(5, -7, Pixels(12, -1));
}

BOOST_AUTO_TEST_CASE(a_window_becomes_the_whole) {
  Pixels image = counted(small);
  crop_image(image, small, 0, 0, 2, 3);
  BOOST_TEST(image == counted(small), boost::test_tools::per_element());
  constexpr ImageSize size{.channels = 1, .height = 4, .width = 4};
  Pixels window = counted(size);
  crop_image(window, size, 1, 2, 2, 2);
  const Pixels inner{7, 8, 11, 12};
  for (std::size_t y = 0; y < 4; ++y) {
    for (std::size_t x = 0; x < 4; ++x) {
      // Middles at -1/4, 1/4, 3/4, 5/4 of the window's pixels; the image goes on beyond them.
      const double row = 1 - 0.25 + 0.5 * static_cast<double>(y);
      const double column = std::min(3.0, 2 - 0.25 + 0.5 * static_cast<double>(x));
      // The pixels are a plane: 1 + 4 row + column.
      BOOST_TEST(window[4 * y + x] == static_cast<float>(1 + 4 * row + column));
    }
  }
  BOOST_TEST(message<ValueError>([&] {
               crop_image(window, size, 3, 0, 2, 2);
               return 0;
             }) == "crop_image: the window of 2 x 2 at (3, 0) is not in 4 x 4");
}

BOOST_AUTO_TEST_CASE(what_happens_is_a_function_of_seed_step_and_row) {
  const Augmentation a{.size = {1, 6, 6}, .flip = 0.5, .shift = 2, .crop = 0.7, .seed = 3};
  const auto part = [](const Pixels& all, std::size_t i) {
    return Pixels(all.begin() + static_cast<std::ptrdiff_t>(36 * i),
                  all.begin() + static_cast<std::ptrdiff_t>(36 * (i + 1)));
  };
  const Pixels batch = augmented(a, 5, {10, 11, 12});
  BOOST_TEST(batch == augmented(a, 5, {10, 11, 12}), boost::test_tools::per_element());
  // Wherever the row stands.
  BOOST_TEST(part(augmented(a, 5, {12, 10}), 1) == part(batch, 0),
             boost::test_tools::per_element());
  BOOST_TEST((part(batch, 0) != part(batch, 1)));
  BOOST_TEST((augmented(a, 6, {10}) != part(batch, 0)));
  Augmentation reseeded = a;
  reseeded.seed = 4;
  BOOST_TEST((augmented(reseeded, 5, {10}) != part(batch, 0)));
}

BOOST_AUTO_TEST_CASE(the_settings_are_kept_to) {
  // Nothing asked for, nothing done.
  BOOST_TEST(augmented({.size = small}, 1, {0}) == counted(small),
             boost::test_tools::per_element());
  // Of 1000 fair coins fewer than 400 or more than 600 show heads once in 10^10.
  constexpr ImageSize pair{.channels = 1, .height = 1, .width = 2};
  int flipped = 0;
  std::vector<int> down(5), right(5);
  for (Index row = 0; row < 1000; ++row) {
    flipped += augmented({.size = pair, .flip = 0.5}, 0, {row})[0] == 2;
    // The middle of 5 x 5 is 13, and stays in the image.
    const Pixels moved = augmented({.size = {1, 5, 5}, .shift = 2}, 0, {row});
    const auto place = std::ranges::find(moved, 13.0f) - moved.begin();
    ++down[static_cast<std::size_t>(place / 5)];
    ++right[static_cast<std::size_t>(place % 5)];
  }
  BOOST_TEST(flipped > 400);
  BOOST_TEST(flipped < 600);
  // Each fifth is 200 within 8 standard deviations of sqrt(1000 * 0.16) = 12.6.
  for (const int n : down) BOOST_TEST(std::abs(n - 200) < 101);
  for (const int n : right) BOOST_TEST(std::abs(n - 200) < 101);
  // A crop stays within the range of the pixels, and moves them.
  const Pixels cropped = augmented({.size = {1, 8, 8}, .crop = 0.5}, 0, {0});
  BOOST_TEST(*std::ranges::min_element(cropped) >= 1);
  BOOST_TEST(*std::ranges::max_element(cropped) <= 64);
  BOOST_TEST((cropped != counted({1, 8, 8})));
}

BOOST_AUTO_TEST_CASE(other_columns_are_left_alone_and_wrong_ones_refused) {
  const Augmentation a{.size = small, .flip = 1};
  Pixels labels{1, 2};
  const std::vector<Index> rows{0, 1};
  a(0, rows, "target", labels);
  BOOST_TEST(labels == (Pixels{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(message<ShapeError>([&] {
               a(0, rows, "input", labels);
               return 0;
             }) == "augmentation: 2 values are not 2 images of 2 x 2 x 3");
  Pixels one = counted(small);
  const std::vector<Index> first{0};
  const auto refused = [&](const Augmentation& wrong) {
    return message<ValueError>([&] {
      wrong(0, first, "input", one);
      return 0;
    });
  };
  BOOST_TEST(refused({.size = small, .flip = 1.5}) ==
             "augmentation: flip is a probability, in [0, 1]");
  BOOST_TEST(refused({.size = small, .shift = -1}) == "augmentation: shift is at least 0 pixels");
  BOOST_TEST(refused({.size = small, .crop = 0}) == "augmentation: crop is a share, in (0, 1]");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
