// Batches of probes, cut in pieces that ranks answer for each other.
#include "gradcheck/shared/shared_probes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "gradcheck/shared/letter.hpp"

namespace dtheta::gradcheck::detail {
namespace {

using Bytes = std::vector<std::byte>;
using Clock = std::chrono::steady_clock;

enum class Kind : std::uint64_t { request, reply, refusal, end };

/// At the beginning of every letter.
struct Head {
  Kind kind;
  std::uint64_t check, batch, piece, count;
  std::uint64_t throws, touched;  // of replies
};

Bytes letter_of(const Head& head) {
  Bytes bytes;
  put(bytes, std::span<const Head>(&head, 1));
  return bytes;
}

Head head_of(const Bytes& letter) {
  if (letter.size() < sizeof(Head)) {
    throw std::runtime_error(
        fmt::format("shared check: a letter of {} bytes is none of a check: another program, or "
                    "another version, writes to this rank",
                    letter.size()));
  }
  return values_of<Head>(letter, 0, 1).front();
}

void add(const Tally& some, Tally& all) {
  if (all.throws.count == 0) all.throws.first = some.throws.first;
  all.throws.count += some.throws.count;
  all.touched = all.touched || some.touched;
}

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

/// Below this, asking costs more than answering.
constexpr double worth_a_letter = 100e-6;
/// A worker has one piece in hand and one in the post.
constexpr std::size_t pieces_ahead = 2;

}  // namespace

SharedProbes::SharedProbes(const Crew& crew, Answerer own)
    : crew_(crew),
      own_(std::move(own)),
      check_(static_cast<std::uint64_t>(Clock::now().time_since_epoch().count())) {
  for (std::size_t r = 1; r < crew.size; ++r) workers_.push_back({.rank = r});
}

void SharedProbes::operator()(std::span<const Probe> probes, std::span<double> answers) {
  ++batch_;
  cut(probes.size());
  while (!all_done()) {
    hand_out(probes);
    const bool computed = compute_one(probes, answers);
    // With nothing left to do here, others are waited for.
    take_letters(computed ? 0.0 : 0.01, answers);
    give_up_the_silent();
  }
  for (const Piece& piece : pieces_) add(piece.tally, tally_);
}

/// Pieces are small enough that a slow rank does not keep the others waiting, and large enough to
/// be worth a letter and to be computed side by side.
void SharedProbes::cut(std::size_t probes) {
  constexpr std::size_t pieces_each = 4;
  const auto at_least =
      seconds_each_ > 0
          ? static_cast<std::size_t>(std::min(1e6, std::max(1.0, worth_a_letter / seconds_each_)))
          : std::size_t{1};
  const std::size_t wanted = crew_.size * pieces_each;
  const std::size_t count = std::max((probes + wanted - 1) / wanted, at_least);
  pieces_.clear();
  for (std::size_t first = 0; first < probes; first += count) {
    pieces_.push_back({first, std::min(count, probes - first)});
  }
}

void SharedProbes::hand_out(std::span<const Probe> probes) {
  for (std::size_t ahead = 0; ahead < pieces_ahead; ++ahead) {
    for (Worker& w : workers_) {
      if (w.lost || w.pieces.size() > ahead) continue;
      // One is left for this rank, which would have nothing to do but wait.
      if (std::ranges::count(pieces_, State::open, &Piece::state) < 2) return;
      Piece* const piece = next_open();
      piece->state = State::handed_out;
      const auto number = static_cast<std::size_t>(piece - pieces_.data());
      if (w.pieces.empty()) w.heard = Clock::now();
      w.pieces.push_back(number);
      Bytes letter = letter_of({Kind::request, check_, batch_, number, piece->count, 0, 0});
      put(letter, probes.subspan(piece->first, piece->count));
      crew_.send(w.rank, letter);
    }
  }
}

bool SharedProbes::compute_one(std::span<const Probe> probes, std::span<double> answers) {
  Piece* const piece = next_open();
  if (piece == nullptr) return false;
  compute(*piece, probes, answers);
  return true;
}

void SharedProbes::compute(Piece& piece, std::span<const Probe> probes, std::span<double> answers) {
  const auto start = Clock::now();
  piece.tally =
      own_(probes.subspan(piece.first, piece.count), answers.subspan(piece.first, piece.count));
  piece.state = State::done;
  seconds_each_ = seconds_since(start) / static_cast<double>(piece.count);
}

void SharedProbes::take_letters(double seconds, std::span<double> answers) {
  while (auto letter = crew_.receive(seconds)) {
    take(*letter, answers);
    seconds = 0.0;
  }
}

void SharedProbes::take(const Crew::Letter& letter, std::span<double> answers) {
  const Head head = head_of(letter.bytes);
  const auto worker = std::ranges::find(workers_, letter.from, &Worker::rank);
  // What comes late, of a rank that was given up or of a check that has ended, is not needed.
  if (worker == workers_.end() || worker->lost || head.check != check_ || head.batch != batch_) {
    return;
  }
  std::erase(worker->pieces, head.piece);
  worker->heard = Clock::now();
  Piece& piece = pieces_.at(head.piece);
  if (piece.state == State::done) return;
  if (head.kind == Kind::refusal) {
    piece.state = State::open;  // what it threw is found again here, by who computes it
    worker->lost = true;
    losses_.push_back(fmt::format(
        "rank {} could not evaluate J ({}): its probes were evaluated by others", letter.from,
        std::string(reinterpret_cast<const char*>(letter.bytes.data()) + sizeof head,
                    letter.bytes.size() - sizeof head)));
    for (const std::size_t other : worker->pieces) pieces_[other].state = State::open;
    return;
  }
  const auto values = values_of<double>(letter.bytes, sizeof head, piece.count);
  std::ranges::copy(values, answers.begin() + static_cast<std::ptrdiff_t>(piece.first));
  const std::size_t text = sizeof head + piece.count * sizeof(double);
  const auto first = values_of<char>(letter.bytes, text, letter.bytes.size() - text);
  piece.tally = {{static_cast<std::size_t>(head.throws), {first.begin(), first.end()}},
                 head.touched != 0};
  piece.state = State::done;
  worker->answered += piece.count;
}

void SharedProbes::give_up_the_silent() {
  for (Worker& w : workers_) {
    if (w.lost || w.pieces.empty() || seconds_since(w.heard) < crew_.patience_seconds) continue;
    w.lost = true;
    losses_.push_back(
        fmt::format("rank {} did not answer for {:.3g} s after {} evaluations: it was given up, "
                    "and its probes were evaluated by others",
                    w.rank, crew_.patience_seconds, w.answered));
    for (const std::size_t piece : w.pieces) {
      if (pieces_[piece].state == State::handed_out) pieces_[piece].state = State::open;
    }
  }
}

bool SharedProbes::all_done() const {
  return std::ranges::all_of(pieces_, [](const Piece& p) { return p.state == State::done; });
}

SharedProbes::Piece* SharedProbes::next_open() {
  const auto at = std::ranges::find(pieces_, State::open, &Piece::state);
  return at == pieces_.end() ? nullptr : &*at;
}

void SharedProbes::end(std::span<const std::byte> said) {
  Bytes letter = letter_of({Kind::end, check_, batch_, 0, said.size(), 0, 0});
  put(letter, said);
  for (std::size_t r = 1; r < crew_.size; ++r) crew_.send(r, letter);
}

std::vector<std::byte> serve_probes(const Crew& crew, const Answerer& own) {
  while (true) {
    const auto letter = crew.receive(crew.idle_seconds);
    if (!letter) {
      throw std::runtime_error(
          fmt::format("shared check: rank {} of {}: nothing came from rank 0 for {:.3g} s: it is "
                      "gone or hangs",
                      crew.rank, crew.size, crew.idle_seconds));
    }
    Head head = head_of(letter->bytes);
    if (head.kind == Kind::end) return values_of<std::byte>(letter->bytes, sizeof head, head.count);
    if (head.kind != Kind::request) continue;
    const auto probes = values_of<Probe>(letter->bytes, sizeof head, head.count);
    std::vector<double> answers(probes.size());
    Bytes reply;
    try {
      const Tally tally = own(probes, answers);
      head.kind = Kind::reply;
      head.throws = tally.throws.count;
      head.touched = tally.touched ? 1 : 0;
      reply = letter_of(head);
      put(reply, std::span<const double>(answers));
      put(reply, std::span<const char>(tally.throws.first));
    } catch (const std::exception& e) {
      head.kind = Kind::refusal;
      reply = letter_of(head);
      put(reply, std::span<const char>(std::string_view(e.what())));
    }
    crew.send(0, reply);
  }
}

}  // namespace dtheta::gradcheck::detail
