#include "gradcheck/cli/json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/headline.hpp"

namespace dtheta::gradcheck::cli {
namespace {

using Json = nlohmann::ordered_json;

/// The textbook's words for the textbook's method, unless the verdict is none of the band's: no
/// "excellent" over a check that could not tell.
std::string_view verdict_of(Method method, Verdict verdict, Band band) {
  const bool praised = band == Band::excellent && verdict != Verdict::pass;
  return method == Method::textbook && !praised ? to_string(band) : to_string(verdict);
}

/// Names come from files and programs: what is no UTF-8 in them is replaced, so that the text is
/// JSON whatever they say.
std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json worst_of(const BlockResult& block) {
  if (block.worst.empty()) return nullptr;
  const Component& c = block.worst.front();
  Json json{{"index", c.key.index}, {"position", c.position}, {"analytic", c.analytic},
            {"numeric", c.numeric}, {"bar", c.bar},           {"step", c.step},
            {"corner", c.corner},   {"kink", c.corner}};  // its name before 0.3
  json["replay"] = c.replay.empty() ? Json(nullptr) : Json(c.replay);
  return json;
}

/// Infinite numbers have no place in JSON.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json sight_of(const BlockResult& block) {
  if (!block.sight) return nullptr;
  return {{"error", number_or_null(block.sight->error)},
          {"probability", block.sight->probability},
          {"measured", block.sight->measured}};
}

Json block_of(const Result& result, const BlockResult& b) {
  return {{"name", b.name},
          {"layer", b.layer},
          {"shape", b.shape},
          {"difference", b.difference.value},
          {"verdict", verdict_of(result.method, b.verdict, b.band)},
          {"detectable", b.detectable},
          {"failed", detail::wrong_entries(result, b)},
          {"inconclusive", b.inconclusive},
          {"excused", b.excused},
          {"sight", sight_of(b)},
          {"worst", worst_of(b)}};
}

/// The likeliest cause of a failure; null where nothing failed.
Json cause_of(const Result& result) {
  if (result.causes.empty()) return nullptr;
  const Cause& c = result.causes.front();
  return {{"pattern", to_string(c.pattern)},
          {"amount", c.amount},
          {"confidence", c.confidence},
          {"sentence", c.sentence}};
}

}  // namespace

std::string to_json(const Result& result) {
  Json blocks = Json::array();
  for (const BlockResult& b : result.blocks) blocks.push_back(block_of(result, b));
  const Json json{{"difference", result.difference.value},
                  {"verdict", verdict_of(result.method, result.verdict, result.band)},
                  {"method", to_string(result.method)},
                  {"headline", headline(result)},
                  {"complete", result.complete},
                  {"sampled", result.sampled},
                  {"cost", result.method == Method::comparison ? Json(nullptr) : Json(result.cost)},
                  {"evaluations", result.evaluations},
                  {"gradient_evaluations", result.gradient_evaluations},
                  {"blocks", std::move(blocks)},
                  {"notes", result.notes},
                  {"cause", cause_of(result)}};
  return text_of(json);
}

std::string to_json(const ProbeReplay& replay) {
  const Component& c = replay.component;
  Json values = Json::array();
  for (const ReplayedValue& v : replay.values) {
    values.push_back({{"offset", v.offset}, {"theta", v.theta}, {"cost", v.cost}});
  }
  const Json json{{"entry", to_string(c.key)},
                  {"position", c.position},
                  {"theta", replay.theta},
                  {"step", c.step},
                  {"cost", replay.cost},
                  {"values", std::move(values)},
                  {"two_sided", replay.two_sided},
                  {"fourth_order", replay.fourth_order},
                  {"noise", replay.noise},
                  {"analytic", c.analytic},
                  {"bar", c.bar},
                  {"verdict", to_string(c.verdict)}};
  return text_of(json);
}

std::string to_json(std::span<const OpReport> reports) {
  Json ops = Json::array();
  std::size_t passed = 0;
  for (const OpReport& r : reports) {
    Json failures = Json::array();
    for (const OpFailure& f : r.failures) {
      failures.push_back(
          {{"sample", f.sample}, {"shapes", f.shapes}, {"what", f.what}, {"replay", f.replay}});
    }
    ops.push_back({{"op", r.op},
                   {"cases", r.cases},
                   {"difference", r.difference},
                   {"difference_quad", r.quad_difference},
                   {"difference_second", r.second_difference},
                   {"float_ulps", r.float_ulps},
                   {"verdict", r ? "pass" : "fail"},
                   {"failures", std::move(failures)}});
    passed += r ? 1 : 0;
  }
  const Json json{{"ops", std::move(ops)}, {"passed", passed}, {"failed", reports.size() - passed}};
  return text_of(json);
}

}  // namespace dtheta::gradcheck::cli
