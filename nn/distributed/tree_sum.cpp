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

/// Depth first, so that no more vectors are kept than the tree is deep.
std::vector<float> TreeSum::sum_of(PartRange node, const Compute& compute) {
  if (node.size() == 1) {
    std::vector<float> values;
    if (!spare_.empty()) {
      values = std::move(spare_.back());
      spare_.pop_back();
    }
    values.resize(width_);
    compute(node.first, values);
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

std::span<const float> TreeSum::run(const Compute& compute, std::string_view what) {
  for (std::vector<float>& sum : sums_) spare_.push_back(std::move(sum));
  sums_.clear();
  for (const PartRange node : nodes_) sums_.push_back(sum_of(node, compute));
  if (team_ == nullptr || team_->size() == 1) return sums_.front();

  total_.resize(width_);
  std::vector<Bucket> buckets;
  for (std::size_t first = 0; first < width_; first += bucket_) {
    buckets.push_back({first, std::min(bucket_, width_ - first)});
  }
  std::size_t others = 0;
  for (int r = 0; r < team_->size(); ++r) {
    if (r == team_->rank()) continue;
    others += nodes_within(parts_of(r, team_->size(), parts_), {0, parts_}).size();
  }
  // A segment is at most a number longer than its share of a bucket.
  inbox_.resize(others * (width_ / static_cast<std::size_t>(team_->size()) + buckets.size()));
  std::span<float> inbox = inbox_;
  for (Bucket& bucket : buckets) trade(bucket, inbox);
  std::vector<Team::Ticket> last;
  for (Bucket& bucket : buckets) {
    team_->wait(bucket.tickets, what);
    add_up(bucket);
    last.insert(last.end(), bucket.tickets.begin(), bucket.tickets.end());
  }
  team_->wait(last, what);
  return total_;
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
