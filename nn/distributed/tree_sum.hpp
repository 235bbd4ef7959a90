#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "autodiff/shape.hpp"
#include "nn/distributed/team.hpp"

namespace dtheta::nn::detail {

/// The parts first ... last - 1 of a batch. As a node of the tree it is their sum.
struct PartRange {
  Index first = 0, last = 0;
  [[nodiscard]] Index size() const { return last - first; }
  [[nodiscard]] bool holds(PartRange other) const {
    return first <= other.first && other.last <= last;
  }
  [[nodiscard]] bool meets(PartRange other) const {
    return first < other.last && other.first < last;
  }
  /// The node's two terms. The left one has as many parts as the largest power of two below.
  [[nodiscard]] PartRange left() const;
  [[nodiscard]] PartRange right() const { return {left().last, last}; }
  friend bool operator==(const PartRange&, const PartRange&) = default;
};

/// The parts that a rank computes: neighbours, as many as others have or one less.
[[nodiscard]] PartRange parts_of(int rank, int size, Index parts);

/// The largest nodes below `node` that a rank can add up alone from the parts that it has, in
/// order.
[[nodiscard]] std::vector<PartRange> nodes_within(PartRange own, PartRange node);

/// Adds up vectors of floats, one for each part of a batch, in one fixed tree: every element is the
/// same sum of two sums, rounded at the same places, whichever rank computes which part. Subnormal
/// sums count as zero.
///
/// A rank adds up the nodes of the tree that lie within its own parts. Then, bucket by bucket, each
/// rank receives a segment of the bucket of all those nodes, adds it up to the root and sends the
/// sum to all. A rank sends and receives about 2 width (size - 1) / size numbers, and up to log2 of
/// the parts more of the first kind where its own parts are no single node.
class TreeSum {
 public:
  /// `team` may be null: all parts are this one's. `bucket` is a number of elements.
  TreeSum(Index parts, std::size_t width, Team* team, std::size_t bucket = default_bucket);

  /// Says that the first n values of a part are what they will be.
  using There = std::function<void(std::size_t n)>;
  /// Writes what belongs to a part. It may say how far it has come: of the last part of a rank what is there
  /// goes on its way at once, while the rest is computed.
  using Compute = std::function<void(Index part, std::span<float> values, const There& there)>;

  /// `compute` is called for this rank's own parts, in order. Returns the sum over all parts, which is valid
  /// until the next call.
  std::span<const float> run(const Compute& compute, std::string_view what);

  [[nodiscard]] PartRange own() const { return own_; }

  static constexpr std::size_t default_bucket = std::size_t{1} << 18;  // of floats: 1 MiB

 private:
  struct Slice {
    PartRange node;
    std::span<float> values;
  };
  struct Bucket {
    std::size_t first = 0, size = 0;
    std::vector<Slice> slices{};  // of this rank's segment, in the order of the nodes
    std::vector<Team::Ticket> tickets{};
  };

  /// The buckets of one sum, and how far they have come. All ranks begin their transfers in one order, which
  /// is that of the buckets: the sum of one is waited for when the next but one has been sent.
  struct Exchange {
    std::vector<Bucket> buckets{};
    std::span<float> inbox{};
    std::size_t traded = 0, added = 0;
    std::vector<Team::Ticket> last{};
  };

  [[nodiscard]] std::vector<float> unused();
  std::vector<float> sum_of(PartRange node, const Compute& compute);
  void sum_and_send(PartRange node, const Compute& compute, Exchange& exchange,
                    std::string_view what);
  [[nodiscard]] Exchange new_exchange();
  void trade_next(Exchange& exchange, std::string_view what);
  void add_up_next(Exchange& exchange, std::string_view what);
  [[nodiscard]] std::span<float> segment(std::span<float> all, const Bucket& bucket,
                                         int rank) const;
  void trade(Bucket& bucket, std::span<float>& inbox);
  void add_up(Bucket& bucket);

  Index parts_;
  std::size_t width_, bucket_;
  Team* team_;
  PartRange own_;
  std::vector<PartRange> nodes_;                  // own ones
  std::vector<std::vector<float>> spare_, sums_;  // memory of `width`; that of the own nodes
  std::vector<float> inbox_, total_;
};

}  // namespace dtheta::nn::detail
