#include "gradcheck/cli/formats.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "gradcheck/bridge/ops/op_table.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/cli/junit.hpp"
#include "gradcheck/cli/op_list_page.hpp"
#include "gradcheck/cli/output.hpp"
#include "gradcheck/report/report_html.hpp"

namespace dtheta::gradcheck::cli {
namespace {

std::string page_of(const CheckedCost& c) {
  const bool exhibited = c.exhibits && c.result.complete;
  return report_html(c.result, c.title, exhibited ? c.exhibits() : Exhibits{});
}

constexpr std::array<Format, format_count> all{{
    {.option = "json",
     .help = "Write the result as JSON; - is standard output, which then carries nothing else.",
     .of_check = [](const CheckedCost& c) { return to_json(c.result); },
     .of_ops = [](const TestedOps& t) { return to_json(t.reports); },
     .of_probe = [](const ProbeReplay& p) { return to_json(p); },
     .of_list = op_list_json},
    {.option = "html",
     .help = "Write the result as one web page that needs nothing else.",
     .of_check = page_of,
     .of_ops = [](const TestedOps& t) { return op_table_html(t.reports); }},
    {.option = "junit",
     .help = "Write the result as JUnit XML, as continuous integration reads it.",
     .of_check = [](const CheckedCost& c) { return report_junit(c.result, c.title, c.junit); },
     .of_ops = [](const TestedOps& t) { return to_junit(t.reports, t.untested, t.junit); }},
}};

/// Writes a subject in each format that has a file. `writer`: the column of the table.
template <class Subject, class Writer>
void write_all(const Outputs& outputs, const Subject& subject, Writer Format::*writer) {
  std::exception_ptr failure;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (outputs.files[i].empty()) continue;
    try {
      write_file(outputs.files[i], (all[i].*writer)(subject));
    } catch (...) {
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

/// Throws unless each format that is asked for has a writer in this column.
template <class Writer>
void require(const Outputs& outputs, Writer Format::*writer, std::string_view subject,
             std::string_view instead) {
  std::vector<std::string> there, missing;
  bool asked = false;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool has = all[i].*writer != nullptr;
    (has ? there : missing).push_back(fmt::format("--{}", all[i].option));
    asked = asked || (!has && !outputs.files[i].empty());
  }
  if (!asked) return;
  throw std::invalid_argument(fmt::format("{} is shown on the terminal or by {}; {} {}", subject,
                                          fmt::join(there, ", "), fmt::join(missing, " and "),
                                          instead));
}

}  // namespace

std::span<const Format, format_count> formats() { return all; }

bool Outputs::table() const { return std::ranges::find(files, "-") == files.end(); }

void Outputs::write(const CheckedCost& check) const { write_all(*this, check, &Format::of_check); }
void Outputs::write(const TestedOps& ops) const { write_all(*this, ops, &Format::of_ops); }
void Outputs::write(const ProbeReplay& probe) const { write_all(*this, probe, &Format::of_probe); }
void Outputs::write(std::span<const ListedOp> ops) const {
  write_all(*this, ops, &Format::of_list);
}

void Outputs::require_probe() const {
  require(*this, &Format::of_probe, "entry: one probe", "go with a check");
}
void Outputs::require_list() const {
  require(*this, &Format::of_list, "list: the rules of ops, of which nothing is tested,",
          "go with a test");
}

}  // namespace dtheta::gradcheck::cli
