#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck/jacobian/function.hpp"

namespace dtheta::gradcheck {

/// How the entries of a Jacobian are laid out.
enum class Layout { row_major, column_major, compressed_rows, triplets };

/// The m x n Jacobian under test: entry (i, j) is the derivative of output i by input j. Values, or
/// a function that computes them at x; dense (RowMajor, ColumnMajor) or sparse (SparseRows,
/// Triplets).
class Jacobian {
 public:
  using Function = std::function<void(std::span<const double>, std::span<double>)>;

  Layout layout() const noexcept { return layout_; }
  bool dense() const noexcept {
    return layout_ == Layout::row_major || layout_ == Layout::column_major;
  }
  /// Whether it can be computed at any x.
  bool is_function() const noexcept { return static_cast<bool>(function_); }

  /// Values given, or entries of the pattern; 0 for a dense function.
  std::size_t size() const noexcept { return is_function() ? columns_.size() : values_.size(); }

  /// Of SparseRows: where each row begins, and the end. Of Triplets: the row of each entry.
  std::span<const std::size_t> rows() const noexcept { return rows_; }
  /// Of a sparse one: the column of each entry.
  std::span<const std::size_t> columns() const noexcept { return columns_; }

  /// The entries at x, `count` of them, in the order of the layout. Entries that the function did
  /// not write are as detail::is_unwritten() knows them. Throws ShapeError for another number of
  /// values, or where the function wrote outside of what it was lent.
  std::vector<double> at(std::span<const double> x, std::size_t count) const;

 protected:
  template <class Source>
  Jacobian(Layout layout, const Source& source) : layout_(layout) {
    take(source);
  }
  template <class Source>
  Jacobian(Layout layout, std::vector<std::size_t> rows, std::vector<std::size_t> columns,
           const Source& source)
      : layout_(layout), rows_(std::move(rows)), columns_(std::move(columns)) {
    take(source);
  }

 private:
  template <class Source>
  void take(const Source& source) {
    using F = std::remove_cvref_t<Source>;
    if constexpr (std::convertible_to<const Source&, std::span<const double>>) {
      values_ = std::span<const double>(source);
    } else if constexpr (std::is_invocable_r_v<std::vector<double>, const F&,
                                               std::span<const double>>) {
      function_ = [f = source](std::span<const double> x, std::span<double> out) {
        copy_whole(f(x), out);
      };
    } else {
      static_assert(
          std::is_invocable_r_v<void, const F&, std::span<const double>, std::span<double>>,
          "a Jacobian is an array of doubles, f(x) that returns one, or f(x, out)");
      function_ = source;
    }
  }
  static void copy_whole(std::span<const double> from, std::span<double> to);

  Layout layout_;
  std::vector<std::size_t> rows_;
  std::vector<std::size_t> columns_;
  std::span<const double> values_;
  Function function_;
};

/// Dense, row by row: entry (i, j) at i·n + j. An array must outlive the check; a function writes
/// all m·n entries into a span that arrives full of NaN, or returns them.
struct RowMajor : Jacobian {
  template <class Source>
  explicit RowMajor(const Source& source) : Jacobian(Layout::row_major, source) {}
};

/// Dense, column by column: entry (i, j) at j·m + i.
struct ColumnMajor : Jacobian {
  template <class Source>
  explicit ColumnMajor(const Source& source) : Jacobian(Layout::column_major, source) {}
};

/// Sparse, compressed rows: the entries of row i stand at starts[i] up to starts[i + 1], at columns
/// that ascend. `source` gives or writes only them.
struct SparseRows : Jacobian {
  template <class Source>
  SparseRows(std::vector<std::size_t> starts, std::vector<std::size_t> columns,
             const Source& source)
      : Jacobian(Layout::compressed_rows, std::move(starts), std::move(columns), source) {}
};

/// Sparse, one row and one column for each entry, in any order, each place at most once.
struct Triplets : Jacobian {
  template <class Source>
  Triplets(std::vector<std::size_t> rows, std::vector<std::size_t> columns, const Source& source)
      : Jacobian(Layout::triplets, std::move(rows), std::move(columns), source) {}
};

namespace detail {

/// The entries of a Jacobian by rows, whatever its layout.
struct RowMatrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool dense = true;
  std::vector<std::size_t> starts{};     ///< of each row, and the end
  std::vector<std::size_t> column_of{};  ///< ascending within a row
  std::vector<double> values{};
  std::size_t unwritten = 0;  ///< entries that the function never wrote

  std::size_t size() const { return column_of.size(); }
  /// Entry (i, j), or size() where the pattern has none.
  std::size_t find(std::size_t row, std::size_t column) const;
};

/// Reads a Jacobian at x, of `outputs` rows and `inputs` columns. Throws ShapeError for sizes that
/// do not fit, naming both, and for a pattern that has duplicates, is unsorted or out of range,
/// naming the place.
RowMatrix read_jacobian(const Jacobian& jacobian, std::span<const double> x, std::size_t outputs,
                        std::size_t inputs);

}  // namespace detail

}  // namespace dtheta::gradcheck
