#pragma once

#include <cstddef>
#include <string>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// What a list says of an entry. The textbook has no verdict for single entries: there its formula
/// and its bands are applied to the entry alone, once the noise of J cannot have made the
/// difference.
struct EntryWord {
  Verdict verdict = Verdict::pass;
  std::string word;  ///< "pass", "fail (corner)"; of the textbook "critical", "within the noise"
};
EntryWord word_of(const Result& result, const Component& component);

/// Whether the two derivatives of entry `i` contradict each other: by more than the bar, or as
/// word_of has it for the textbook.
bool contradicts(const Result& result, std::size_t i);

/// How many entries of a block are wrong, as word_of counts them.
std::size_t wrong_entries(const Result& result, const BlockResult& block);

/// What was seen of a block of which not every entry was measured: "2.1e-06 with 99.9 %"; empty for
/// one that was measured whole.
std::string sight_text(const BlockResult& block);
/// Whether any block has a sight.
bool has_sights(const Result& result);

}  // namespace dtheta::gradcheck::detail
