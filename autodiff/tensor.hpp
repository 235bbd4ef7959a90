#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

#include "autodiff/dtype.hpp"
#include "autodiff/shape.hpp"

namespace dtheta {

/// Storage aligned for the widest vector unit and for cache lines.
inline constexpr std::size_t storage_alignment = 64;

/// Frees what `allocate_aligned` returned.
struct AlignedDelete {
  void operator()(std::byte* p) const {
    ::operator delete[](p, std::align_val_t{storage_alignment});
  }
};
using AlignedBytes = std::unique_ptr<std::byte[], AlignedDelete>;

/// Uninitialised bytes on a `storage_alignment` boundary.
[[nodiscard]] AlignedBytes allocate_aligned(std::size_t bytes);

/// A dense row-major value: shape, dtype and aligned storage. Copies are deep; it knows no tape.
///
/// `autodiff/multi_array.hpp` gives typed N-dimensional views and construction from
/// boost::multi_array.
class Tensor {
 public:
  /// A float64 scalar 0.
  Tensor() : Tensor(Shape{}, DType::float64) {}
  /// Zeros.
  explicit Tensor(const Shape& shape, DType dtype = DType::float64);
  /// A copy of `values`, row-major. Throws ShapeError when their number is not shape.size().
  template <Element T>
  Tensor(const Shape& shape, std::span<const T> values) : Tensor(shape, dtype_of<T>) {
    copy_from(values.data(), values.size());
  }
  template <Element T>
  Tensor(const Shape& shape, std::initializer_list<T> values)
      : Tensor(shape, std::span<const T>(values.begin(), values.size())) {}
  /// float64, from a list of which some or all are written without a point: {1, 2.5}. Indices say
  /// so: std::initializer_list<Index>{1, 2}.
  Tensor(const Shape& shape, std::initializer_list<double> values)
      : Tensor(shape, std::span<const double>(values.begin(), values.size())) {}
  /// A float64 scalar.
  explicit Tensor(double value) : Tensor(Shape{}, {value}) {}

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  /// What is moved from is of shape (0): it has no elements.
  Tensor(Tensor&& other) noexcept
      : shape_(std::exchange(other.shape_, Shape{0})),
        dtype_(other.dtype_),
        bytes_(std::move(other.bytes_)) {}
  Tensor& operator=(Tensor&& other) noexcept {
    if (this == &other) return *this;
    shape_ = std::exchange(other.shape_, Shape{0});
    dtype_ = other.dtype_;
    bytes_ = std::move(other.bytes_);
    return *this;
  }
  ~Tensor() = default;

  [[nodiscard]] const Shape& shape() const& { return shape_; }
  [[nodiscard]] Shape shape() const&& { return shape_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] Index size() const { return shape_.size(); }

  /// The elements, row-major. Throws TypeError when T is not the tensor's element type.
  template <Element T>
  [[nodiscard]] std::span<T> data() & {
    require(dtype_of<T>);
    return {reinterpret_cast<T*>(bytes_.get()), static_cast<std::size_t>(size())};
  }
  template <Element T>
  [[nodiscard]] std::span<const T> data() const& {
    require(dtype_of<T>);
    return {reinterpret_cast<const T*>(bytes_.get()), static_cast<std::size_t>(size())};
  }
  /// The elements go with the tensor: give it a name, and read them while it lives.
  template <Element T>
  std::span<const T> data() const&& = delete;
  [[nodiscard]] const void* bytes() const& { return bytes_.get(); }
  [[nodiscard]] void* bytes() & { return bytes_.get(); }
  const void* bytes() const&& = delete;

  /// The same elements in another dtype (a copy). Real to index is refused: it would round.
  [[nodiscard]] Tensor to(DType dtype) const;
  /// The same elements under another shape of equal size.
  [[nodiscard]] Tensor reshaped(const Shape& shape) const&;
  [[nodiscard]] Tensor reshaped(const Shape& shape) &&;
  /// The only element, as double. Throws ShapeError when there is not exactly one.
  [[nodiscard]] double item() const;

 private:
  void require(DType wanted) const;
  void copy_from(const void* source, std::size_t count);

  Shape shape_;
  DType dtype_;
  AlignedBytes bytes_;
};

/// Equal shape, dtype and elements (by value: NaN differs from itself).
[[nodiscard]] bool operator==(const Tensor& a, const Tensor& b);

}  // namespace dtheta
