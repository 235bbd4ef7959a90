#pragma once

#include <concepts>
#include <cstddef>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dtheta::gradcheck {

/// One named array inside θ.
struct Block {
  std::string name;
  std::size_t layer = 0;
  std::vector<std::size_t> shape;  ///< empty for a scalar
  std::size_t offset = 0;          ///< position in θ of its first entry
  std::size_t size = 0;            ///< number of entries, the product of `shape`
};

/// Where one entry of θ comes from.
struct Key {
  std::size_t block = 0;  ///< position in ParameterVector::blocks()
  std::string name;
  std::size_t layer = 0;
  std::vector<std::size_t> index;  ///< one number per dimension of the block
};

/// "W1[2, 3]"; a scalar is its name alone.
std::string to_string(const Key& key);
std::ostream& operator<<(std::ostream& out, const Key& key);

/// An array of any rank that gives its storage, such as boost::multi_array.
template <class A>
concept ArrayLike = requires(A& array) {
  { array.num_dimensions() } -> std::convertible_to<std::size_t>;
  { array.num_elements() } -> std::convertible_to<std::size_t>;
  { array.shape()[0] } -> std::convertible_to<std::size_t>;
  { *array.data() } -> std::convertible_to<double>;
};

/// An array that also says how its storage is walked; needed for column-major and reversed ones.
template <class A>
concept StridedArrayLike = ArrayLike<A> && requires(A& array) {
  { *array.origin() } -> std::convertible_to<double>;
  { array.strides()[0] } -> std::convertible_to<std::ptrdiff_t>;
  { array.index_bases()[0] } -> std::convertible_to<std::ptrdiff_t>;
};

/// θ = concat(reshape(W1), reshape(b1), ...): named arrays flattened row-major and laid end to end
/// in the order in which they were added. A gradient laid out in the same way is one too.
class ParameterVector {
 public:
  ParameterVector() = default;

  /// Appends an array given by its row-major values. `values.size()` must be the product of
  /// `shape`. Throws ShapeError if it is not, NameError if the name is empty or taken.
  void add(std::string name, std::size_t layer, std::vector<std::size_t> shape,
           std::span<const double> values);

  /// Appends an array of any rank, storage order and index base.
  template <ArrayLike A>
  void add(std::string name, const A& array, std::size_t layer = 0);

  /// Copies a block's entries, row-major, into `out`. Throws NameError, or ShapeError if sizes
  /// differ.
  void extract(std::string_view name, std::span<double> out) const;

  /// Copies a block into an array of the same shape. Throws NameError, or ShapeError if shapes
  /// differ.
  template <class A>
  requires ArrayLike<A> &&(!std::is_const_v<A>)void extract(std::string_view name, A& array) const;

  std::size_t size() const noexcept { return values_.size(); }
  bool empty() const noexcept { return values_.empty(); }
  std::span<const double> values() const noexcept { return values_; }
  std::span<double> values() noexcept { return values_; }
  const std::vector<Block>& blocks() const noexcept { return blocks_; }

  /// Throws NameError that lists the names there are.
  const Block& block(std::string_view name) const;

  /// The entries of one block, row-major. Throws NameError.
  std::span<const double> values(std::string_view name) const;
  std::span<double> values(std::string_view name);

  /// Name, layer and multi-index of θ_i. Throws ShapeError if `i` is not below size().
  Key key(std::size_t i) const;

  /// Position in θ of one entry; the inverse of key(). Throws NameError, or ShapeError if outside.
  std::size_t position(std::string_view name, std::span<const std::size_t> index) const;

  /// Throws ShapeError that names the first block in which `other` is laid out differently.
  void require_same_layout(const ParameterVector& other) const;

 private:
  std::size_t block_position(std::string_view name) const;
  static void require_shape(const Block& block, std::span<const std::size_t> shape);

  std::vector<Block> blocks_;
  std::vector<double> values_;
};

/// θ without names: one block called "theta".
ParameterVector unnamed(std::span<const double> values);

namespace detail {

template <class A>
std::vector<std::size_t> shape_of(const A& array) {
  std::vector<std::size_t> shape(static_cast<std::size_t>(array.num_dimensions()));
  for (std::size_t d = 0; d < shape.size(); ++d) {
    shape[d] = static_cast<std::size_t>(array.shape()[d]);
  }
  return shape;
}

/// Advances a row-major multi-index; the last dimension moves fastest.
inline void advance(std::vector<std::size_t>& index, const std::vector<std::size_t>& shape) {
  for (std::size_t d = shape.size(); d-- > 0;) {
    if (++index[d] < shape[d]) return;
    index[d] = 0;
  }
}

/// Calls visit(entry, position) for each entry in row-major order, whatever the storage order.
template <class A, class Visit>
void for_each_entry(A& array, Visit visit) {
  const auto count = static_cast<std::size_t>(array.num_elements());
  if constexpr (StridedArrayLike<A>) {
    const auto shape = shape_of(array);
    std::vector<std::size_t> index(shape.size(), 0);
    for (std::size_t i = 0; i < count; ++i, advance(index, shape)) {
      std::ptrdiff_t offset = 0;
      for (std::size_t d = 0; d < shape.size(); ++d) {
        const auto coordinate =
            static_cast<std::ptrdiff_t>(index[d]) + std::ptrdiff_t{array.index_bases()[d]};
        offset += coordinate * std::ptrdiff_t{array.strides()[d]};
      }
      visit(*(array.origin() + offset), i);
    }
  } else {
    for (std::size_t i = 0; i < count; ++i) visit(*(array.data() + i), i);
  }
}

}  // namespace detail

template <ArrayLike A>
void ParameterVector::add(std::string name, const A& array, std::size_t layer) {
  std::vector<double> flat(static_cast<std::size_t>(array.num_elements()));
  detail::for_each_entry(
      array, [&](const auto& entry, std::size_t i) { flat[i] = static_cast<double>(entry); });
  add(std::move(name), layer, detail::shape_of(array), flat);
}

template <class A>
requires ArrayLike<A> &&
    (!std::is_const_v<A>)void ParameterVector::extract(std::string_view name, A& array) const {
  require_shape(block(name), detail::shape_of(array));
  const auto flat = values(name);
  detail::for_each_entry(array, [&](auto& entry, std::size_t i) {
    entry = static_cast<std::remove_cvref_t<decltype(entry)>>(flat[i]);
  });
}

}  // namespace dtheta::gradcheck
