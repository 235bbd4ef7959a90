// ADBench's cases on a tape: costs and gradients as ADBench has them, to nine digits, and the
// Jacobian of bundle adjustment, for which it gives no numbers, against differences.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <ostream>

#include "autodiff/workspace.hpp"
#include "benchmarks/adbench/ba.hpp"
#include "benchmarks/adbench/gmm.hpp"
#include "benchmarks/adbench/hand.hpp"
#include "benchmarks/adbench/lstm.hpp"
#include "gradcheck/check.hpp"

namespace dtheta::bench::adbench {
namespace {

/// A case as a replay computes it.
struct Replayed {
  double cost;
  std::vector<double> gradient;
  Checksums expected;
};

Replayed replayed(const Recorded& r, const Checksums& expected) {
  std::vector<Var> outputs = r.gradient;
  outputs.push_back(r.cost);
  Workspace<double> ws{Plan(outputs)};
  ws.run();
  Replayed result{ws[r.cost][0], {}, expected};
  for (const Var g : r.gradient) {
    result.gradient.insert(result.gradient.end(), ws[g].begin(), ws[g].end());
  }
  return result;
}

Replayed replayed(const std::string& name) {
  Tape tape;
  if (name == "lstm") {
    const LstmInput in = read_lstm();
    return replayed(record_lstm(tape, in), in.expected);
  }
  const GmmInput in = read_gmm(name);
  return replayed(record_gmm(tape, in), in.expected);
}

/// A bundle small enough to move each of its numbers.
struct SmallBundle {
  SmallBundle()
      : in(make_bundle(3, 8, 20)),
        coefficients(numbers<double>(60, 9, 1)),
        recorded(record_bundle(tape, in)),
        ws(plan(recorded)) {
    theta = in.camera_values;
    theta.insert(theta.end(), in.point_values.begin(), in.point_values.end());
    theta.insert(theta.end(), in.weights.begin(), in.weights.end());
  }

  /// A combination of all errors with coefficients that no symmetry can hide in.
  double cost(std::span<const double> at) {
    set(at);
    double sum = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      sum += coefficients[i] * ws[recorded.r[0]][i] + coefficients[20 + i] * ws[recorded.r[1]][i] +
             coefficients[40 + i] * ws[recorded.e][i];
    }
    return sum;
  }

  /// Its gradient, from the rows of the Jacobian.
  std::vector<double> gradient() {
    set(theta);
    std::vector<double> g(theta.size(), 0.0);
    const auto position = [&](std::size_t i, std::size_t column) {
      const auto width = static_cast<std::size_t>(camera_size);
      if (column < width) return static_cast<std::size_t>(in.camera[i]) * width + column;
      const std::size_t points = in.camera_values.size();
      if (column < width + 3)
        return points + static_cast<std::size_t>(in.point[i]) * 3 + column - width;
      return points + in.point_values.size() + i;
    };
    for (std::size_t i = 0; i < 20; ++i) {
      for (std::size_t a = 0; a < 2; ++a) {
        for (std::size_t column = 0; column < static_cast<std::size_t>(row_size); ++column) {
          g[position(i, column)] += coefficients[20 * a + i] * ws[recorded.rows[a][column]][i];
        }
      }
      g[position(i, row_size - 1)] += coefficients[40 + i] * ws[recorded.d_e][i];
    }
    return g;
  }

  BundleInput in;
  std::vector<double> coefficients, theta;
  Tape tape;
  RecordedBundle recorded;
  Workspace<double> ws;

 private:
  static Plan plan(const RecordedBundle& b) {
    std::vector<Var> outputs{b.r[0], b.r[1], b.e, b.d_e};
    for (const std::vector<Var>& rows : b.rows)
      outputs.insert(outputs.end(), rows.begin(), rows.end());
    return Plan(outputs);
  }
  void set(std::span<const double> at) {
    auto next = at.begin();
    for (const Var leaf : {recorded.cameras, recorded.points, recorded.weights}) {
      const std::span<double> to = ws.leaf(leaf);
      std::copy_n(next, to.size(), to.begin());
      next += static_cast<std::ptrdiff_t>(to.size());
    }
    ws.run();
  }
};

gradcheck::Result check(SmallBundle& bundle, const std::vector<double>& gradient) {
  const gradcheck::Cost cost = [&](std::span<const double> at) { return bundle.cost(at); };
  return gradcheck::check(cost, gradient, bundle.theta);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(adbench_cases)

BOOST_DATA_TEST_CASE(cost_and_gradient_are_those_of_adbench,
                     boost::unit_test::data::make({"gmm-25", "gmm-50", "lstm"}), name) {
  const Replayed r = replayed(name);
  const Checksums found = checksums_of(r.cost, r.gradient);
  BOOST_TEST(agree(found, r.expected), "cost " << found.cost << ", norm " << found.norm
                                               << ", sum of cosines " << found.cosine_sum);
}

BOOST_AUTO_TEST_CASE(checksums_see_a_wrong_entry_and_entries_exchanged) {
  Replayed r = replayed("gmm-25");
  std::vector<double> wrong = r.gradient;
  wrong[700] *= 1 + 1e-3;
  BOOST_TEST(!agree(checksums_of(r.cost, wrong), r.expected));
  wrong = r.gradient;
  std::swap(wrong[100], wrong[101]);
  BOOST_TEST(!agree(checksums_of(r.cost, wrong), r.expected));
  BOOST_TEST(!agree(checksums_of(r.cost * (1 + 1e-8), r.gradient), r.expected));
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  BOOST_CHECK_EXCEPTION(NumberFile("none.txt"), std::runtime_error, [](const auto& e) {
    return std::string(e.what()).find("data/none.txt") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(rows_of_the_bundle_agree_with_differences) {
  SmallBundle bundle;
  const gradcheck::Result result = check(bundle, bundle.gradient());
  BOOST_TEST(static_cast<bool>(result), result);
}

BOOST_AUTO_TEST_CASE(a_wrong_entry_of_one_row_is_found) {
  SmallBundle bundle;
  std::vector<double> gradient = bundle.gradient();
  gradient[camera_size + 9] *= 1.001;  // the second camera's first distortion
  BOOST_TEST(!check(bundle, gradient));
}

// The skin as one product of matrices against bone after bone, and its Jacobian against differences.
BOOST_AUTO_TEST_CASE(the_hand_is_that_of_plain_numbers) {
  const HandInput in = make_hand(30);
  Tape tape;
  const RecordedHand hand = record_hand(tape, in);
  const std::vector<double> expected = hand_errors(in, in.theta);
  const auto found = hand.errors.data<double>();
  BOOST_REQUIRE(found.size() == expected.size());
  for (std::size_t p = 0; p < in.points; ++p) {
    for (std::size_t i = 0; i < 3; ++i) {
      BOOST_TEST(std::abs(found[i * in.points + p] - expected[3 * p + i]) < 1e-13);
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_of_the_hand_agree_with_differences) {
  const HandInput in = make_hand(30);
  Tape tape;
  const RecordedHand hand = record_hand(tape, in);
  const auto found = hand.jacobian.data<double>();
  for (std::size_t row = 0; row < 3 * in.points; ++row) {
    const gradcheck::Cost cost = [&](std::span<const double> at) {
      const std::size_t i = row / in.points, p = row % in.points;
      return hand_errors(in, std::vector(at.begin(), at.end()))[3 * p + i];
    };
    const auto of_row = found.subspan(row * in.theta.size(), in.theta.size());
    std::vector<double> gradient(of_row.begin(), of_row.end());
    BOOST_TEST(static_cast<bool>(gradcheck::check(cost, gradient, in.theta)));
    gradient[4] += 1e-3;
    BOOST_TEST(!gradcheck::check(cost, gradient, in.theta));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::bench::adbench
