// Small costs of many kinds, each with its right gradient and with wrong ones: the right one is never
// accused and the wrong ones never pass, given as values and as a function.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using gc::Verdict;
using Values = std::vector<double>;
using Span = std::span<const double>;

namespace {

/// What is made of one entry of the right gradient.
struct Slip {
  std::size_t entry = 0;
  std::function<double(double)> spoil;
};
Slip times(std::size_t entry, double factor) {
  return {entry, [=](double g) { return factor * g; }};
}
Slip flipped(std::size_t entry) { return times(entry, -1.0); }
Slip forgotten(std::size_t entry) { return times(entry, 0.0); }
Slip set_to(std::size_t entry, double value) {
  return {entry, [=](double) { return value; }};
}

struct Case {
  std::string name;
  gc::Cost cost;
  Values theta;
  std::function<Values(Span)> gradient;
  std::vector<Slip> slips;
  bool may_be_open = false;  // the right one, because J is coarse
  double tolerance = 1e-7;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

double square(double x) { return x * x; }

std::vector<Case> waves() {
  std::vector<Case> all;
  for (const double rate : {300.0, 5e3, 7e4}) {
    for (const double at : {0.377, 1.9, 12.3}) {
      all.push_back({"cos(" + std::to_string(rate) + " t) at " + std::to_string(at),
                     [=](Span t) { return std::cos(rate * t[0] + 1.0) + 0.2 * t[0]; },
                     {at},
                     [=](Span t) { return Values{0.2 - rate * std::sin(rate * t[0] + 1.0)}; },
                     {flipped(0), forgotten(0), times(0, 1.01), set_to(0, 1.0)}});
    }
  }
  for (const double sharp : {30.0, 800.0, 2e5}) {
    all.push_back({"tanh of " + std::to_string(sharp),
                   [=](Span t) { return std::tanh(sharp * (t[0] - 0.3)) + t[0] * t[1]; },
                   {0.3 + 0.4 / sharp, 0.7},
                   [=](Span t) {
                     const double h = std::tanh(sharp * (t[0] - 0.3));
                     return Values{sharp * (1.0 - h * h) + t[1], t[0]};
                   },
                   {flipped(0), set_to(0, 0.7), times(0, 1.001)}});
  }
  return all;
}

std::vector<Case> far_away() {
  const auto bell = [](double at, double width) {
    return Case{"bell at " + std::to_string(at),
                [=](Span t) { return std::exp(-square((t[0] - at) / width)) + t[1] * t[1]; },
                {at + 0.7 * width, 0.3},
                [=](Span t) {
                  const double z = (t[0] - at) / width;
                  return Values{-2.0 * z / width * std::exp(-z * z), 2.0 * t[1]};
                },
                {flipped(0), forgotten(0), times(0, 1.01)}};
  };
  return {bell(5e6, 1e-3), bell(2451545.0, 0.8), bell(1.7e9, 30.0), bell(-3e5, 0.02)};
}

/// The mean of a cost in digits that somebody has cut off.
std::vector<Case> coarse() {
  const auto whole = [](Span t) {
    return std::log(std::exp(t[0]) + std::exp(2.0 * t[1]) + std::exp(-t[2]));
  };
  const auto slopes = [](Span t) {
    const double a = std::exp(t[0]), b = std::exp(2.0 * t[1]), c = std::exp(-t[2]);
    return Values{a / (a + b + c), 2.0 * b / (a + b + c), -c / (a + b + c)};
  };
  const auto cut = [&](std::string name, auto digits, double tolerance = 1e-7) {
    return Case{std::move(name), [=](Span t) { return digits(whole(t)); },  {0.3, 0.7, -0.4},
                slopes,          {times(0, 2.0), flipped(1), forgotten(2)}, true,
                tolerance};
  };
  const auto printed = [](const char* format) {
    return [=](double v) {
      char text[40];
      std::snprintf(text, sizeof text, format, v);
      return std::atof(text);
    };
  };
  const auto beside = [](double offset) {
    return [=](double v) {
      const volatile double sum = offset + v;
      return sum - offset;
    };
  };
  return {cut("float", [](double v) { return static_cast<double>(static_cast<float>(v)); }),
          cut("%.5g", printed("%.5g")),
          cut("%.3f, held to 1e-2", printed("%.3f"), 1e-2),
          cut("%.4e, held to 1e-3", printed("%.4e"), 1e-3),
          cut("rounded to 1e-4", [](double v) { return 1e-4 * std::round(v / 1e-4); }),
          cut("beside 1e10", beside(1e10)),
          cut("beside 3e12", beside(3e12))};
}

/// Digits lost inside of J, by far more than a rounding of its value.
std::vector<Case> cancelled() {
  std::vector<Case> all;
  for (const double x : {5e-7, 2e-6, 1.3e-5, 1e-4}) {
    const auto at = [&](std::string name, gc::Cost cost, std::function<Values(Span)> gradient) {
      all.push_back({name + " at " + std::to_string(1e6 * x) + "e-6",
                     std::move(cost),
                     {x, 0.6},
                     std::move(gradient),
                     {times(1, 2.0)},
                     true});
    };
    at(
        "(1 - cos x)/x^2", [](Span t) { return (1.0 - std::cos(t[0])) / square(t[0]) + t[1]; },
        [](Span t) {
          return Values{-t[0] / 12.0, 1.0};
        });
    at(
        "(exp x - 1)/x", [](Span t) { return (std::exp(t[0]) - 1.0) / t[0] + t[1]; },
        [](Span t) {
          return Values{0.5 + t[0] / 3.0 + square(t[0]) / 8.0, 1.0};
        });
    at(
        "log(1 + x)/x", [](Span t) { return std::log(1.0 + t[0]) / t[0] + t[1]; },
        [](Span t) {
          return Values{-0.5 + 2.0 * t[0] / 3.0 - 0.75 * square(t[0]), 1.0};
        });
  }
  return all;
}

std::vector<Case> mixed_units() {
  return {
      {"wavelength, aperture, distance",
       [](Span t) { return 0.3 * std::sin(t[0] / 5.5e-7) + std::cos(3.0 * t[1]) + square(t[2]); },
       {6e-7, 0.5, 20.0},
       [](Span t) {
         return Values{0.3 * std::cos(t[0] / 5.5e-7) / 5.5e-7, -3.0 * std::sin(3.0 * t[1]),
                       2.0 * t[2]};
       },
       {flipped(0), flipped(1), flipped(2), forgotten(1)}},
      // A phase of 3e8 moves J by 1e8 of its lengths: beside it nothing else may look small.
      {"mass, charge, phase",
       [](Span t) {
         return 0.5 * std::log(t[0] / 9e-31) + square(t[1] / 1.6e-19) + std::sin(t[2]);
       },
       {9.1e-31, 1.5e-19, 2.99e8},
       [](Span t) {
         return Values{0.5 / t[0], 2.0 * t[1] / square(1.6e-19), std::cos(t[2])};
       },
       {flipped(0), flipped(1), forgotten(2)}},
      {"one next to nothing",
       [](Span t) { return std::sin(t[0] + 0.4) + square(t[1]); },
       {1e-60, 0.8},
       [](Span t) {
         return Values{std::cos(t[0] + 0.4), 2.0 * t[1]};
       },
       {flipped(0), times(0, 2.0)}}};
}

/// Between the slopes of a corner at theta, at one of them, and a thousandth beyond.
std::vector<Case> corners() {
  struct Corner {
    std::string name;
    double (*cost)(double);
    double at, low, high;
  };
  const std::vector<Corner> kinds{
      {"max(x, x^3)", [](double x) { return std::max(x, x * x * x); }, 1.0, 1.0, 3.0},
      {"|x| exp x", [](double x) { return std::abs(x) * std::exp(x); }, 0.0, -1.0, 1.0},
      {"hinge of a parabola", [](double x) { return std::max(0.0, 1.0 - 0.25 * x * x); }, 2.0, -1.0,
       0.0},
      {"max(sin x, 2x + x^2)", [](double x) { return std::max(std::sin(x), 2.0 * x + x * x); }, 0.0,
       1.0, 2.0}};
  std::vector<Case> all;
  for (const Corner& k : kinds) {
    const double width = k.high - k.low;
    for (const double part : {0.0, 0.3, 0.9}) {
      const double inside = k.low + part * width;
      all.push_back({k.name + " at " + std::to_string(part),
                     [k](Span t) { return k.cost(t[0]); },
                     {k.at},
                     [inside](Span) { return Values{inside}; },
                     {set_to(0, k.low - 1e-3 * width), set_to(0, k.high + 1e-3 * width),
                      set_to(0, k.high + width)}});
    }
  }
  return all;
}

std::vector<Case> extremes() {
  std::vector<Case> all;
  for (const double size : {1e-250, 1e170, 1e303}) {
    all.push_back({"J of " + std::to_string(std::log10(size)),
                   [=](Span t) { return size * (std::cosh(t[0]) + std::sin(t[1])); },
                   {1.3, 0.2},
                   [=](Span t) {
                     return Values{size * std::sinh(t[0]), size * std::cos(t[1])};
                   },
                   {flipped(0), times(1, 1.01), forgotten(1)}});
  }
  all.push_back({"throws where sigma is not positive",
                 [](Span t) {
                   if (t[1] <= 0.0) throw std::domain_error("sigma");
                   return 0.5 * square((0.4 - t[0]) / t[1]) + std::log(t[1]);
                 },
                 {0.1, 1e-3},
                 [](Span t) {
                   const double z = (0.4 - t[0]) / t[1];
                   return Values{-z / t[1], (1.0 - z * z) / t[1]};
                 },
                 {flipped(0), flipped(1), forgotten(1)}});
  all.push_back({"throws on one side of theta",
                 [](Span t) {
                   if (t[0] < 0.5) throw std::runtime_error("no probability");
                   return std::log(t[0]) + square(t[1]);
                 },
                 {0.5, 1.0},
                 [](Span t) {
                   return Values{1.0 / t[0], 2.0 * t[1]};
                 },
                 {flipped(0), forgotten(1), times(0, 2.0)}});
  return all;
}

std::vector<Case> every_kind() {
  std::vector<Case> all;
  for (const auto& kind :
       {waves(), far_away(), coarse(), cancelled(), mixed_units(), corners(), extremes()}) {
    all.insert(all.end(), kind.begin(), kind.end());
  }
  return all;
}

gc::Result judge(const Case& c, const Slip* slip, bool by_function) {
  const auto given = [&](Span t) {
    Values g = c.gradient(t);
    if (slip != nullptr) g[slip->entry] = slip->spoil(g[slip->entry]);
    return g;
  };
  gc::Options options;
  options.tolerance = c.tolerance;
  if (by_function) return gc::check(c.cost, given, c.theta, options);
  return gc::check(c.cost, given(c.theta), c.theta, options);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(verdicts)

BOOST_DATA_TEST_CASE(the_right_gradient_passes_and_wrong_ones_fail, data::make(every_kind()), c) {
  for (const bool by_function : {false, true}) {
    const auto right = judge(c, nullptr, by_function);
    BOOST_TEST((right.verdict == Verdict::pass ||
                (c.may_be_open && right.verdict == Verdict::inconclusive)),
               right);
    for (const Slip& slip : c.slips) {
      const auto wrong = judge(c, &slip, by_function);
      BOOST_TEST((wrong.verdict == Verdict::fail), wrong);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
