#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace dtheta::gradcheck::detail {

/// Copies of θ to be moved and put back, lent to one user at a time: no more of them are made than
/// are in use at once.
class ThetaCopies {
 public:
  explicit ThetaCopies(std::span<const double> theta) : theta_(theta) {}

  /// A copy for as long as this lives. Its user puts back what it moves.
  class Loan {
   public:
    explicit Loan(ThetaCopies& lender) : lender_(lender), copy_(lender.take()) {}
    ~Loan() { lender_.give_back(std::move(copy_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    std::span<double> operator*() { return copy_; }

   private:
    ThetaCopies& lender_;
    std::vector<double> copy_;
  };

  std::span<const double> theta() const { return theta_; }
  /// False if somebody wrote into one and did not put it back.
  bool left_untouched() const;

 private:
  std::vector<double> take();
  void give_back(std::vector<double> copy) noexcept;

  std::span<const double> theta_;
  mutable std::mutex mutex_;
  std::vector<std::vector<double>> idle_;
  std::size_t made_ = 0;
};

}  // namespace dtheta::gradcheck::detail
