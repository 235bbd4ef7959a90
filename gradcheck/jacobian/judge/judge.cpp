#include "gradcheck/jacobian/judge/judge.hpp"

#include <algorithm>
#include <cmath>

#include "gradcheck/jacobian/judge/row_plan.hpp"
#include "gradcheck/jacobian/judge/rows_closer.hpp"
#include "gradcheck/jacobian/trespass.hpp"
#include "gradcheck/judge/inquiry.hpp"
#include "gradcheck/judge/jump_sum.hpp"
#include "gradcheck/judge/local_slope.hpp"
#include "gradcheck/numeric/quantum.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t chunk_entries = 8192;

/// An entry of the pattern that is to be judged.
struct Place {
  std::size_t row = 0;
  std::size_t entry = 0;
  std::size_t block = 0;
  bool pilot = false;
};

bool looks_wrong(const Finding& finding, double analytic) {
  const bool open = finding.verdict == Verdict::inconclusive &&
                    (finding.reason == Reason::unresolved || finding.reason == Reason::suspect);
  return open && std::abs(analytic - finding.numeric) > 0.66 * finding.bar;
}

class JacobianJudge {
 public:
  explicit JacobianJudge(const JacobianRequest& request) : request_(request), plans_(request) {
    found_.entries.assign(request.jacobian.size(), Finding{});
  }

  JacobianFindings run() {
    plans_.begin();
    found_.noise.assign(plans_.noise().begin(), plans_.noise().end());
    for (std::size_t b = 0; b < plans_.blocks() && found_.complete; ++b) judge_block(b);
    if (found_.complete && !request_.jacobian.dense) heed_pattern();
    finish();
    return std::move(found_);
  }

 private:
  std::size_t colour_of(std::size_t entry) const {
    return request_.table.colouring().colour_of[request_.jacobian.column_of[entry]];
  }

  std::vector<Place> places_of_row(std::size_t row, std::size_t block) const {
    const RowMatrix& a = request_.jacobian;
    const Block& inputs = request_.inputs[block];
    std::vector<Place> places;
    for (std::size_t e = a.starts[row]; e < a.starts[row + 1]; ++e) {
      const std::size_t j = a.column_of[e];
      if (j >= inputs.offset && j < inputs.offset + inputs.size) places.push_back({row, e, block});
    }
    return places;
  }

  /// The entries of a block of inputs, colour by colour.
  std::vector<Place> places_of(std::size_t block) const {
    std::vector<Place> places;
    for (std::size_t i = 0; i < request_.jacobian.rows; ++i) {
      const std::vector<Place> own = places_of_row(i, block);
      places.insert(places.end(), own.begin(), own.end());
    }
    std::ranges::stable_sort(places, {}, [&](const Place& p) { return colour_of(p.entry); });
    return places;
  }

  /// The colour that holds the largest derivative of most outputs flies ahead and finds the steps
  /// that suit the others.
  void judge_block(std::size_t block) {
    const std::vector<Place> places = places_of(block);
    if (places.empty()) return;
    const std::size_t pilot = pilot_colour(block);
    std::vector<Place> first, rest;
    for (const Place& place : places) {
      const bool flies = colour_of(place.entry) == pilot;
      (flies ? first : rest).push_back(place);
      if (flies) {
        first.back().pilot = std::abs(plans_.analytic(place.row, place.entry)) >
                             0.1 * plans_.of(place.row, block).largest;
      }
    }
    sweep(first, true);
    plans_.share_parts(block);
    for (std::size_t k = 0; k < rest.size() && found_.complete;) {
      std::size_t end = std::min(rest.size(), k + chunk_entries);
      while (end < rest.size() && colour_of(rest[end].entry) == colour_of(rest[end - 1].entry))
        ++end;
      sweep(std::span(rest).subspan(k, end - k), false);
      k = end;
    }
    if (found_.complete) look_closer(block);
    if (found_.complete) hear(places, block);
    if (found_.complete) look_again(places, block);
    if (found_.complete) ask_about_jumps(places);
  }

  /// Leaves accusations open that f's jumps make up for, until a few stand.
  void ask_about_jumps(std::span<const Place> places) {
    constexpr std::size_t enough = 2;
    std::size_t stand = 0;
    for (const Place& place : places) {
      Finding& finding = found_.entries[place.entry];
      if (!is_accused(finding)) continue;
      const double noise = plans_.of(place.row, place.block).noise;
      const double length = plans_.length(request_.jacobian.column_of[place.entry]);
      const OneEntry one(request_, place.row, place.entry, plans_.unit(place.row));
      if (jumps_make_up_the_error(one.request(noise), 0, finding, length)) {
        leave_open(finding, plans_.analytic(place.row, place.entry), Reason::jumps);
      } else if (++stand == enough) {
        return;
      }
    }
  }

  /// Leaves open what does not stand beside the slope that f keeps (local_slope.hpp).
  void look_again(std::span<const Place> places, std::size_t block) {
    FewForAll asked;
    for (const Place& place : places) {
      if (asked.suffice()) break;
      const RowBlock& plan = plans_.of(place.row, block);
      const OneEntry one(request_, place.row, place.entry, plans_.unit(place.row));
      Finding& finding = found_.entries[place.entry];
      const double length = plans_.length(request_.jacobian.column_of[place.entry]);
      const SecondLook look =
          look_from_afar(one.request(plan.noise), 0, finding, length, {plan.noise, plan.quantized});
      asked.count(look);
      heed(look, plans_.analytic(place.row, place.entry), finding);
    }
  }

  /// Outputs that f contradicts from closer are judged anew from there.
  void look_closer(std::size_t block) {
    const auto steps = rows_contradicted_from_closer(request_, plans_, block, found_.entries);
    for (std::size_t i = 0; i < steps.size() && found_.complete; ++i) {
      if (!(steps[i] > 0.0)) continue;
      const std::vector<Place> places = places_of_row(i, block);
      plans_.of(i, block).part = steps[i];
      done_ -= places.size();
      sweep(places, false);
    }
  }

  std::size_t pilot_colour(std::size_t block) const {
    std::vector<std::size_t> votes(request_.table.colouring().columns.size(), 0);
    for (std::size_t i = 0; i < request_.jacobian.rows; ++i) {
      const RowBlock& plan = plans_.of(i, block);
      if (plan.entries > 0) ++votes[colour_of(plan.largest_entry)];
    }
    return static_cast<std::size_t>(std::ranges::max_element(votes) - votes.begin());
  }

  /// Takes the searches of these entries forward together, so that they share probes.
  void sweep(std::span<const Place> places, bool pilots) {
    std::vector<Search> searches;
    searches.reserve(places.size());
    for (const Place& p : places) searches.push_back(plans_.search(p.row, p.entry, p.block));
    std::vector<Probe> probes;
    std::vector<std::size_t> open, first;
    std::vector<double> answers;
    while (found_.complete) {
      probes.clear();
      open.clear();
      first.assign(1, 0);
      for (std::size_t s = 0; s < searches.size(); ++s) {
        if (searches[s].decided()) continue;
        open.push_back(s);
        searches[s].ask(probes);
        first.push_back(probes.size());
      }
      if (open.empty()) break;
      request_.table.prepare(probes);
      for (std::size_t k = 0; k < open.size(); ++k) {
        Search& search = searches[open[k]];
        const Place& p = places[open[k]];
        answers.clear();
        for (std::size_t q = first[k]; q < first[k + 1]; ++q) {
          answers.push_back(request_.table.at(p.row, probes[q]) / plans_.unit(p.row));
        }
        search.take(answers, request_.table.at_x()[p.row] / plans_.unit(p.row));
        search.judge(plans_.standard(p.row, p.entry, p.block, p.pilot));
        if (search.in_the_dark()) plans_.of(p.row, p.block).open = true;
      }
      found_.complete = request_.proceed(done_);
    }
    for (std::size_t s = 0; s < searches.size(); ++s) {
      if (searches[s].decided()) take(places[s], searches[s].finding(), pilots);
    }
  }

  void take(const Place& place, const Finding& finding, bool pilots) {
    found_.entries[place.entry] = finding;
    ++done_;
    const bool guides = pilots && place.pilot && finding.stencil > 0.0 &&
                        finding.reason != Reason::corner && std::isfinite(finding.numeric);
    if (!guides) return;
    const std::size_t column = request_.jacobian.column_of[place.entry];
    plans_.of(place.row, place.block).part = finding.stencil / plans_.length(column);
  }

  /// Asks f once more about what stands accused, and judges anew where jumps hid its slope.
  void hear(std::span<const Place> places, std::size_t block) {
    constexpr int most_rounds = 3;
    std::vector<std::vector<Place>> by_row(request_.jacobian.rows);
    for (const Place& place : places) by_row[place.row].push_back(place);
    // Where so many outputs stand accused and no hearing has changed it, the others are as guilty.
    constexpr std::size_t enough = 256;
    std::size_t heard = 0;
    bool shaken = false;
    for (std::size_t i = 0; i < by_row.size() && found_.complete; ++i) {
      if (heard >= enough && !shaken) break;
      for (int round = 0; round < most_rounds; ++round) {
        bool accused = false;
        const bool again =
            is_shaken(by_row[i], plans_.of(i, block), round + 1 == most_rounds, accused, shaken);
        heard += accused ? 1 : 0;
        if (!again) break;
        done_ -= by_row[i].size();
        sweep(by_row[i], false);
      }
      if (plans_.of(i, block).quantized) name_quanta(by_row[i]);
    }
  }

  bool is_shaken(std::span<const Place> places, RowBlock& plan, bool last, bool& accused,
                 bool& shaken) {
    double quantum = 0.0;
    std::size_t heard = 0;
    bool stands = false;  // an accusation: then only those are heard that rest on wide steps
    for (const Place& place : places) {
      Finding& finding = found_.entries[place.entry];
      const double analytic = plans_.analytic(place.row, place.entry);
      const bool fails = is_accused(finding);
      if (!fails && !looks_wrong(finding, analytic)) continue;
      const std::size_t column = request_.jacobian.column_of[place.entry];
      if (stands && finding.step <= plans_.widest(column)) continue;
      constexpr std::size_t enough = 64;
      if (++heard > enough) break;
      accused = accused || fails;
      const OneEntry one(request_, place.row, place.entry, plans_.unit(place.row));
      const Inquiry inquiry = inquire(one.request(plan.noise), 0, finding, plan.noise);
      stands = stands || (inquiry.stands && fails);
      if (inquiry.stands) continue;
      shaken = true;
      if (inquiry.narrow > 0.0) judge_within(place, inquiry.narrow);
      if (inquiry.quantum > 0.0) leave_open(finding, analytic, Reason::quanta);
      quantum = std::max(quantum, inquiry.quantum);
    }
    if (quantum == 0.0 || last) return false;
    plan.noise = std::max(plan.noise, rounding_deviation * quantum);
    plan.quantized = true;
    return true;
  }

  /// Judges an entry from the step at which f was seen to side with the analytic value.
  void judge_within(const Place& place, double step) {
    Search search = plans_.search_from(place.row, place.entry, step);
    search_alone(search, place, true);
    Finding& finding = found_.entries[place.entry];
    if (search.finding().verdict == Verdict::pass) {
      finding = search.finding();
    } else {
      leave_open(finding, plans_.analytic(place.row, place.entry), Reason::unresolved);
    }
  }

  void name_quanta(std::span<const Place> places) {
    for (const Place& place : places) {
      Finding& finding = found_.entries[place.entry];
      if (finding.verdict == Verdict::inconclusive) finding.reason = Reason::quanta;
    }
  }

  /// Of a sparse Jacobian: what moves outside of the pattern. Entries that were measured while it
  /// moved are judged anew, alone.
  void heed_pattern() {
    PatternWatch(request_).look(found_.outside);
    for (const Trespass& t : found_.outside) {
      const std::size_t colour = request_.table.colouring().colour_of[t.column];
      for (std::size_t b = 0; b < plans_.blocks(); ++b) {
        for (const Place& p : places_of_row(t.row, b)) {
          if (colour_of(p.entry) != colour) continue;
          Search alone = plans_.search(p.row, p.entry, b);
          search_alone(alone, p, false);
          found_.entries[p.entry] = alone.finding();
        }
      }
    }
  }

  /// `anew`: whatever is known of the rest of the block.
  void search_alone(Search& search, const Place& p, bool anew) {
    Standard standard = plans_.standard(p.row, p.entry, p.block, false);
    standard.brief = standard.brief && !anew;
    std::vector<Probe> probes;
    std::vector<double> answers;
    while (!search.decided()) {
      probes.clear();
      answers.clear();
      search.ask(probes);
      for (const Probe& probe : probes) {
        answers.push_back(request_.table.alone(p.row, probe) / plans_.unit(p.row));
      }
      search.take(answers, request_.table.at_x()[p.row] / plans_.unit(p.row));
      search.judge(standard);
    }
  }

  /// Back to the units of f.
  void finish() {
    const RowMatrix& a = request_.jacobian;
    found_.reference.assign(a.size(), 0.0);
    for (std::size_t b = 0; b < plans_.blocks(); ++b) {
      for (const Place& p : places_of(b)) {
        found_.reference[p.entry] = plans_.reference(p.row, p.entry, b);
        found_.entries[p.entry].numeric *= plans_.unit(p.row);
        found_.entries[p.entry].bar *= plans_.unit(p.row);
      }
    }
  }

  const JacobianRequest& request_;
  RowPlans plans_;
  JacobianFindings found_;
  std::size_t done_ = 0;
};

}  // namespace

JacobianFindings judge_jacobian(const JacobianRequest& request) {
  return JacobianJudge(request).run();
}

}  // namespace dtheta::gradcheck::detail
