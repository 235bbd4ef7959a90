// Some 24,000 checks of costs of every kind that the law has a question for, held against the
// ledger of what they concluded before. A change of the law shows here; where it is meant,
//
//   test_ledger -- --accept
//
// writes ledger.txt anew, and the difference of the two is what the change does.

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

using gradcheck::Verdict;

const std::string path = DTHETA_LEDGER;

/// FNV-1a.
class Hash {
 public:
  void add(std::string_view text) {
    for (const char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  void add(std::uint64_t bits) {
    for (int k = 0; k < 8; ++k, bits >>= 8) value_ = (value_ ^ (bits & 255u)) * 0x100000001b3u;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

std::string hexadecimal(std::uint64_t value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(value));
  return text.data();
}

/// Of the functions of the C library that the checker uses: where these differ in a bit, so may a
/// step, and all that follows.
std::string fingerprint() {
  Hash hash;
  const auto add = [&hash](double value) { hash.add(std::bit_cast<std::uint64_t>(value)); };
  double x = 1e-18;
  for (int k = 0; k < 4000; ++k, x *= 1.02) {
    add(std::cbrt(x)), add(std::pow(x, 0.2)), add(std::pow(x, 2.0 / 3.0)), add(std::log(x));
    add(std::log2(x)), add(std::log10(x)), add(std::log1p(-x / 1e18)), add(std::exp(-x / 1e16));
    add(std::exp2(k - 2000.0)), add(std::pow(10.0, k / 20 - 100)), add(std::cos(x / 1e15));
    add(std::hypot(x, 1.0));
  }
  return hexadecimal(hash.value());
}

const std::vector<Candidate>& candidates() {
  const auto times = [](double factor) {
    return [factor](Values& g) {
      for (double& v : g) v *= factor;
    };
  };
  const auto one_off = [](Values& g) {
    double largest = 0.0;
    for (const double v : g) largest = std::max(largest, std::fabs(v));
    g[g.size() / 2] += 0.03 * largest;
  };
  static const std::vector<Candidate> list{
      {"right", [](Values&) {}},       {"negated", times(-1.0)},
      {"twice", times(2.0)},           {"1 + 1e-3", times(1.001)},
      {"1 + 1e-5", times(1.0 + 1e-5)}, {"0", times(0.0)},
      {"0.913", times(0.913)},         {"one off", one_off},
  };
  return list;
}

/// What a line says of a kind and a candidate.
struct Line {
  std::array<std::size_t, 3> verdicts{};  // pass, fail, open
  std::size_t evaluations = 0;
  std::size_t notes = 0;
  std::string hash;

  bool operator==(const Line&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Line& line) {
  for (const std::size_t count : line.verdicts) out << count << ' ';
  return out << line.evaluations << ' ' << line.notes << ' ' << line.hash;
}

std::istream& operator>>(std::istream& in, Line& line) {
  for (std::size_t& count : line.verdicts) in >> count;
  return in >> line.evaluations >> line.notes >> line.hash;
}

Line line_of(const Kind& kind, const Candidate& candidate) {
  Line line;
  Hash all;
  for (int k = 0; k < kind.draws; ++k) {
    Hash seed;
    seed.add(kind.name);
    seed.add(static_cast<std::uint64_t>(k));
    Draws draws(seed.value());
    const Outcome outcome = kind.check(draws, candidate);
    ++line.verdicts[static_cast<std::size_t>(outcome.verdict)];
    line.evaluations += outcome.evaluations;
    line.notes += outcome.notes;
    all.add(static_cast<std::uint64_t>(outcome.verdict));
    all.add(outcome.evaluations);
    all.add(outcome.notes);
    for (const double bar : outcome.bars) {
      std::array<char, 32> text{};
      std::snprintf(text.data(), text.size(), "%.2e", std::isnan(bar) ? 0.0 : bar);  // of any sign
      all.add(std::string_view(text.data()));
    }
  }
  line.hash = hexadecimal(all.value());
  return line;
}

/// The ledger as it is stored: `kind | candidate | line`.
struct Ledger {
  std::string fingerprint;
  std::map<std::string, Line> lines;

  static Ledger read() {
    Ledger ledger;
    std::ifstream in(path);
    std::string word, text;
    in >> word >> ledger.fingerprint;
    while (std::getline(in, text)) {
      const std::size_t end = text.rfind(" | ");
      if (end == std::string::npos) continue;
      std::istringstream(text.substr(end + 3)) >> ledger.lines[text.substr(0, end)];
    }
    return ledger;
  }
};

bool accepts() {
  const auto& suite = boost::unit_test::framework::master_test_suite();
  return std::any_of(suite.argv + 1, suite.argv + suite.argc,
                     [](const char* word) { return std::string_view(word) == "--accept"; });
}

/// Where another C library moved some steps by a bit: few checks end otherwise.
bool about(std::size_t now, std::size_t before) {
  const double apart = std::fabs(static_cast<double>(now) - static_cast<double>(before));
  return apart <= std::max(2.0, 0.05 * static_cast<double>(before));
}

void compare(const std::string& name, const Line& now, const Ledger& before, bool exactly) {
  const auto found = before.lines.find(name);
  if (found == before.lines.end()) {
    BOOST_ERROR(name << " is not in the ledger");
    return;
  }
  const Line& line = found->second;
  bool same = now == line;
  if (!exactly) {
    same = about(now.evaluations, line.evaluations);
    for (std::size_t k = 0; k < 3; ++k) same = same && about(now.verdicts[k], line.verdicts[k]);
  }
  if (!same) BOOST_ERROR(name << "\n  was " << line << "\n  is  " << now);
}

std::vector<Kind> all_kinds() {
  std::vector<Kind> all;
  for (const auto part : {smooth_kinds, corner_kinds, edge_kinds, coarse_kinds, jump_kinds,
                          block_kinds, network_kinds, option_kinds, opinion_kinds, mode_kinds}) {
    for (Kind& kind : part()) all.push_back(std::move(kind));
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ledger)

BOOST_AUTO_TEST_CASE(every_check_ends_as_before) {
  const bool anew = accepts();
  const Ledger before = anew ? Ledger{} : Ledger::read();
  const std::string here = fingerprint();
  const bool exactly = here == before.fingerprint;
  if (!anew && !exactly)
    BOOST_TEST_MESSAGE(
        "the ledger was written with another C library: its counts are compared within 5 %");
  std::ostringstream out;
  out << "functions " << here << "\n";
  std::size_t count = 0;
  for (const Kind& kind : all_kinds()) {
    for (const Candidate& candidate : candidates()) {
      const std::string name = kind.name + " | " + candidate.name;
      const Line now = line_of(kind, candidate);
      out << name << " | " << now << "\n";
      ++count;
      if (!anew) compare(name, now, before, exactly);
    }
  }
  if (anew) std::ofstream(path) << out.str();
  if (!anew) BOOST_TEST(count == before.lines.size());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::test::ledger
