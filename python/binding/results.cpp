#include "results.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <string>

#include "gradcheck/frameworks/screen.hpp"
#include "gradcheck/jacobian/report.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/report/entries.hpp"
#include "gradcheck/report/headline.hpp"
#include "layout.hpp"

namespace dtheta::python {
namespace {

using py::literals::operator""_a;
using gradcheck::to_string;

template <class Items, class Convert>
py::list list_of(const Items& items, const Convert& convert) {
  py::list list;
  for (const auto& item : items) list.append(convert(item));
  return list;
}

py::tuple tuple_of(const std::vector<std::size_t>& numbers) { return py::tuple(py::cast(numbers)); }

py::dict cause_of(const gradcheck::Cause& c) {
  return py::dict("pattern"_a = to_string(c.pattern), "amount"_a = c.amount,
                  "confidence"_a = c.confidence, "sureness"_a = c.sureness(),
                  "sentence"_a = c.sentence);
}

py::dict cause_of(const gradcheck::JacobianCause& c) {
  return py::dict("pattern"_a = to_string(c.pattern), "amount"_a = c.amount,
                  "confidence"_a = c.confidence, "sureness"_a = c.sureness(), "where"_a = c.where,
                  "sentence"_a = c.sentence);
}

template <class Causes>
py::list causes_of(const Causes& causes) {
  return list_of(causes, [](const auto& c) { return cause_of(c); });
}

py::dict entry_of(const gradcheck::Component& c) {
  return py::dict("name"_a = to_string(c.key), "block"_a = c.key.name,
                  "index"_a = tuple_of(c.key.index), "position"_a = c.position,
                  "analytic"_a = c.analytic, "numeric"_a = c.numeric, "bar"_a = c.bar,
                  "step"_a = c.step, "verdict"_a = to_string(c.verdict), "corner"_a = c.corner,
                  "replay"_a = c.replay);
}

py::dict entry_of(const gradcheck::JacobianEntry& e) {
  return py::dict("name"_a = place_of(e), "row"_a = e.row, "column"_a = e.column,
                  "output"_a = e.output.name, "output_index"_a = tuple_of(e.output.index),
                  "input"_a = e.input.name, "input_index"_a = tuple_of(e.input.index),
                  "analytic"_a = e.analytic, "numeric"_a = e.numeric, "bar"_a = e.bar,
                  "step"_a = e.step, "verdict"_a = to_string(e.verdict), "corner"_a = e.corner,
                  "replay"_a = e.replay);
}

template <class Entries>
py::list entries_of(const Entries& entries) {
  return list_of(entries, [](const auto& e) { return entry_of(e); });
}

py::object sight_of(const gradcheck::BlockResult& b) {
  if (!b.sight) return py::none();
  return py::dict("error"_a = b.sight->error, "probability"_a = b.sight->probability,
                  "measured"_a = b.sight->measured);
}

py::dict block_of(const gradcheck::Result& result, const gradcheck::BlockResult& b) {
  return py::dict("name"_a = b.name, "layer"_a = b.layer, "shape"_a = tuple_of(b.shape),
                  "size"_a = b.size, "difference"_a = b.difference.value,
                  "band"_a = to_string(b.band), "verdict"_a = to_string(b.verdict),
                  "detectable"_a = b.detectable,
                  "failed"_a = gradcheck::detail::wrong_entries(result, b),
                  "inconclusive"_a = b.inconclusive, "corners"_a = b.corners,
                  "excused"_a = b.excused, "sight"_a = sight_of(b), "sensitive"_a = b.sensitive,
                  "entries"_a = entries_of(b.worst), "causes"_a = causes_of(b.causes));
}

py::dict block_of(const gradcheck::JacobianBlock& b) {
  return py::dict("output"_a = b.output, "input"_a = b.input, "first_row"_a = b.first_row,
                  "rows"_a = b.rows, "first_column"_a = b.first_column, "columns"_a = b.columns,
                  "size"_a = b.entries, "difference"_a = b.difference.value,
                  "verdict"_a = to_string(b.verdict), "detectable"_a = b.detectable,
                  "failed"_a = b.failed, "inconclusive"_a = b.inconclusive, "corners"_a = b.corners,
                  "excused"_a = b.excused, "entries"_a = entries_of(b.worst),
                  "causes"_a = causes_of(b.causes));
}

py::dict outside_of(const gradcheck::OutsideEntry& e) {
  return py::dict("row"_a = e.row, "column"_a = e.column, "output"_a = to_string(e.output),
                  "input"_a = to_string(e.input), "numeric"_a = e.numeric, "bar"_a = e.bar);
}

/// A result of either kind as a class that prints itself and can be told more.
template <class Held, class Get>
py::class_<Held> bind_result(py::module_& module, const char* name, const Get& get) {
  return py::class_<Held>(module, name)
      .def("fields", [](const Held& held) { return fields_of(held); })
      .def("headline", [get](const Held& held) { return gradcheck::headline(get(held)); })
      .def(
          "report",
          [get](const Held& held, bool colour, std::size_t components, std::size_t failures) {
            return gradcheck::report(get(held), {colour, components, failures});
          },
          "colour"_a, "components"_a, "failures"_a)
      .def(
          "html",
          [get](const Held& held, const std::string& title) {
            return gradcheck::report_html(get(held), title);
          },
          "title"_a)
      .def(
          "junit",
          [get](const Held& held, const std::string& suite, const std::string& inconclusive) {
            return gradcheck::report_junit(get(held), suite,
                                           {gradcheck::parse_inconclusive(inconclusive)});
          },
          "suite"_a, "inconclusive"_a)
      .def("add_note",
           [get](Held& held, std::string note) { get(held).notes.push_back(std::move(note)); });
}

}  // namespace

py::dict fields_of(const GradientResult& found) {
  const gradcheck::Result& r = found.result;
  return py::dict("method"_a = to_string(r.method), "verdict"_a = to_string(r.verdict),
                  "difference"_a = r.difference.value, "band"_a = to_string(r.band),
                  "cost"_a = r.cost, "noise"_a = r.noise, "epsilon"_a = r.epsilon,
                  "tolerance"_a = r.tolerance, "evaluations"_a = r.evaluations,
                  "gradient_evaluations"_a = r.gradient_evaluations,
                  "deterministic"_a = r.deterministic, "complete"_a = r.complete,
                  "sampled"_a = r.sampled, "notes"_a = r.notes, "causes"_a = causes_of(r.causes),
                  "blocks"_a = list_of(r.blocks, [&](const auto& b) { return block_of(r, b); }),
                  "entries"_a = entries_of(r.worst()), "analytic"_a = array_of(r.analytic),
                  "numeric"_a = array_of(r.numeric), "bar"_a = array_of(r.bar),
                  "positions"_a = found.positions);
}

py::dict fields_of(const gradcheck::JacobianResult& r) {
  return py::dict("subject"_a = r.subject, "verdict"_a = to_string(r.verdict), "rows"_a = r.rows,
                  "columns"_a = r.columns, "dense"_a = r.dense, "colours"_a = r.colours,
                  "difference"_a = r.difference.value, "tolerance"_a = r.tolerance,
                  "values"_a = array_of(r.values), "noise"_a = array_of(r.noise),
                  "evaluations"_a = r.evaluations, "deterministic"_a = r.deterministic,
                  "complete"_a = r.complete, "notes"_a = r.notes, "causes"_a = causes_of(r.causes),
                  "blocks"_a = list_of(r.blocks, [](const auto& b) { return block_of(b); }),
                  "entries"_a = entries_of(r.worst()), "outside"_a = list_of(r.outside, outside_of),
                  "analytic"_a = array_of(r.analytic), "numeric"_a = array_of(r.numeric),
                  "bar"_a = array_of(r.bar));
}

py::dict fields_of(const gradcheck::ProbeReplay& r) {
  const auto value = [](const gradcheck::ReplayedValue& v) {
    return py::make_tuple(v.offset, v.theta, v.cost);
  };
  return py::dict("entry"_a = to_string(r.component.key), "theta"_a = r.theta,
                  "step"_a = r.component.step, "cost"_a = r.cost, "noise"_a = r.noise,
                  "values"_a = list_of(r.values, value), "two_sided"_a = r.two_sided,
                  "fourth_order"_a = r.fourth_order, "analytic"_a = r.component.analytic,
                  "bar"_a = r.component.bar, "verdict"_a = to_string(r.component.verdict),
                  "text"_a = gradcheck::report(r));
}

void bind_results(py::module_& module) {
  bind_result<GradientResult>(
      module, "GradientResult", [](auto& held) -> auto& { return held.result; });
  bind_result<gradcheck::JacobianResult>(
      module, "JacobianResult", [](auto& held) -> auto& { return held; })
      .def("json", [](const gradcheck::JacobianResult& held) { return report_json(held); });
  module.def(
      "one_screen", [](std::string_view report) { return gradcheck::one_screen(report); },
      "report"_a);
}

}  // namespace dtheta::python
