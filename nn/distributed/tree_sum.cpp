#include "nn/distributed/tree_sum.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "nn/train/flush_subnormals.hpp"

namespace dtheta::nn::detail {
namespace {

void add(std::span<float> to, std::span<const float> other) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += other[i];
}

}  // namespace

PartRange PartRange::left() const {
  const auto below = std::bit_floor(static_cast<std::size_t>(size() - 1));
  return {first, first + static_cast<Index>(below)};
}

PartRange parts_of(int rank, int size, Index parts) {
  return {parts * rank / size, parts * (rank + 1) / size};
}

std::vector<PartRange> nodes_within(PartRange own, PartRange node) {
  if (!own.meets(node)) return {};
  if (own.holds(node)) return {node};
  std::vector<PartRange> all = nodes_within(own, node.left());
  const std::vector<PartRange> more = nodes_within(own, node.right());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TreeSum::TreeSum(Index parts, std::size_t width, Team* team, std::size_t bucket)
    : parts_(parts),
      width_(width),
      bucket_(bucket),
      team_(team),
      own_(team != nullptr ? parts_of(team->rank(), team->size(), parts) : PartRange{0, parts}),
      nodes_(nodes_within(own_, {0, parts})) {}

std::vector<float> TreeSum::unused() {
  std::vector<float> values;
  if (!spare_.empty()) {
    values = std::move(spare_.back());
    spare_.pop_back();
  }
  values.resize(width_);
  return values;
}

/// Depth first, so that no more vectors are kept than the tree is deep.
std::vector<float> TreeSum::sum_of(PartRange node, const Compute& compute) {
  if (node.size() == 1) {
    std::vector<float> values = unused();
    compute(node.first, values, [](std::size_t) {});
    return values;
  }
  std::vector<float> left = sum_of(node.left(), compute);
  std::vector<float> right = sum_of(node.right(), compute);
  {
    const FlushSubnormals scope;
    add(left, right);
  }
  spare_.push_back(std::move(right));
  return left;
}

/// The last node of this rank: when its last part is computed all else of it is there, so that what the part
/// says of a bucket makes the sum of that bucket.
void TreeSum::sum_and_send(PartRange node, const Compute& compute, Exchange& exchange,
                           std::string_view what) {
  std::vector<std::vector<float>> lefts;
  for (; node.size() > 1; node = node.right()) lefts.push_back(sum_of(node.left(), compute));
  sums_.push_back(unused());
  const std::span<float> values = sums_.back();
  const auto send_first = [&](std::size_t n) {
    while (exchange.traded < exchange.buckets.size()) {
      const Bucket& bucket = exchange.buckets[exchange.traded];
      if (bucket.first + bucket.size > n) return;
      {
        const FlushSubnormals scope;
        for (auto left = lefts.rbegin(); left != lefts.rend(); ++left) {
          add(values.subspan(bucket.first, bucket.size),
              std::span(*left).subspan(bucket.first, bucket.size));
        }
      }
      trade_next(exchange, what);
    }
  };
  compute(node.first, values, send_first);
  send_first(width_);
  for (std::vector<float>& left : lefts) spare_.push_back(std::move(left));
}

std::span<const float> TreeSum::run(const Compute& compute, std::string_view what) {
  for (std::vector<float>& sum : sums_) spare_.push_back(std::move(sum));
  sums_.clear();
  if (team_ == nullptr || team_->size() == 1) {
    sums_.push_back(sum_of({0, parts_}, compute));
    return sums_.front();
  }
  Exchange exchange = new_exchange();
  for (const PartRange node : nodes_) {
    if (node == nodes_.back())
      sum_and_send(node, compute, exchange, what);
    else
      sums_.push_back(sum_of(node, compute));
  }
  while (exchange.traded < exchange.buckets.size()) trade_next(exchange, what);  // without parts
  while (exchange.added < exchange.buckets.size()) add_up_next(exchange, what);
  team_->wait(exchange.last, what);
  return total_;
}

TreeSum::Exchange TreeSum::new_exchange() {
  total_.resize(width_);
  Exchange exchange;
  for (std::size_t first = 0; first < width_; first += bucket_) {
    exchange.buckets.push_back({first, std::min(bucket_, width_ - first)});
  }
  std::size_t others = 0;
  for (int r = 0; r < team_->size(); ++r) {
    if (r == team_->rank()) continue;
    others += nodes_within(parts_of(r, team_->size(), parts_), {0, parts_}).size();
  }
  // A segment is at most a number longer than its share of a bucket.
  inbox_.resize(others *
                (width_ / static_cast<std::size_t>(team_->size()) + exchange.buckets.size()));
  exchange.inbox = inbox_;
  return exchange;
}

void TreeSum::trade_next(Exchange& exchange, std::string_view what) {
  trade(exchange.buckets[exchange.traded++], exchange.inbox);
  if (exchange.traded > exchange.added + 2) add_up_next(exchange, what);
}

void TreeSum::add_up_next(Exchange& exchange, std::string_view what) {
  Bucket& bucket = exchange.buckets[exchange.added++];
  team_->wait(bucket.tickets, what);
  add_up(bucket);
  exchange.last.insert(exchange.last.end(), bucket.tickets.begin(), bucket.tickets.end());
}

std::span<float> TreeSum::segment(std::span<float> all, const Bucket& bucket, int rank) const {
  const auto size = static_cast<std::size_t>(team_->size()), r = static_cast<std::size_t>(rank);
  const std::size_t first = bucket.size * r / size, last = bucket.size * (r + 1) / size;
  return all.subspan(bucket.first + first, last - first);
}

/// Begins to send every other rank its segment of the own nodes, and to receive this rank's one of
/// all others.
void TreeSum::trade(Bucket& bucket, std::span<float>& inbox) {
  const std::size_t length = segment(total_, bucket, team_->rank()).size();
  for (int r = 0; r < team_->size(); ++r) {
    if (r == team_->rank()) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        bucket.slices.push_back({nodes_[i], segment(sums_[i], bucket, r)});
      }
      continue;
    }
    for (const PartRange node : nodes_within(parts_of(r, team_->size(), parts_), {0, parts_})) {
      bucket.slices.push_back({node, inbox.first(length)});
      inbox = inbox.subspan(length);
      if (length == 0) continue;
      const std::span<float> values = bucket.slices.back().values;
      bucket.tickets.push_back(team_->receive(r, std::as_writable_bytes(values)));
    }
  }
  for (int r = 0; r < team_->size(); ++r) {
    if (r == team_->rank()) continue;
    for (std::vector<float>& sum : sums_) {
      const std::span<const float> values = segment(sum, bucket, r);
      if (!values.empty()) bucket.tickets.push_back(team_->send(r, std::as_bytes(values)));
    }
  }
}

/// Adds this rank's segment up to the root, and begins to send it to all.
void TreeSum::add_up(Bucket& bucket) {
  auto next = bucket.slices.begin();
  const auto fold = [&](const auto& self, PartRange node) -> std::span<float> {
    if (next->node == node) return (next++)->values;
    const std::span<float> left = self(self, node.left()), right = self(self, node.right());
    add(left, right);
    return left;
  };
  const std::span<float> mine = segment(total_, bucket, team_->rank());
  {
    const FlushSubnormals scope;
    std::ranges::copy(fold(fold, {0, parts_}), mine.begin());
  }
  bucket.tickets.clear();
  for (int r = 0; r < team_->size(); ++r) {
    if (r == team_->rank()) continue;
    const std::span<float> theirs = segment(total_, bucket, r);
    if (!theirs.empty()) {
      bucket.tickets.push_back(team_->receive(r, std::as_writable_bytes(theirs)));
    }
    if (!mine.empty()) bucket.tickets.push_back(team_->send(r, std::as_bytes(mine)));
  }
}

}  // namespace dtheta::nn::detail
