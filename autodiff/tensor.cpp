#include "autodiff/tensor.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "autodiff/errors.hpp"

namespace dtheta {
namespace {

std::size_t byte_count(const Shape& shape, DType dtype) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(static_cast<std::size_t>(shape.size()), size_of(dtype), &bytes)) {
    throw ShapeError(fmt::format("tensor {} of {}: the size in bytes overflows", to_string(shape),
                                 to_string(dtype)));
  }
  return bytes;
}

/// Calls f with a span of the elements in their own type.
template <class F>
auto visit(const Tensor& t, F f) {
  switch (t.dtype()) {
    case DType::float32:
      return f(t.data<float>());
    case DType::float64:
      return f(t.data<double>());
    case DType::int64:
      break;
  }
  return f(t.data<Index>());
}

template <class To>
Tensor converted(const Tensor& from) {
  Tensor result(from.shape(), dtype_of<To>);
  visit(from, [&](auto values) {
    std::ranges::transform(values, result.data<To>().begin(),
                           [](auto v) { return static_cast<To>(v); });
  });
  return result;
}

/// Large memory in pages of 2 MB where the system has some to give: rows of a matrix lie on pages
/// of their own, and to find each of these takes longer than to read what it holds.
void prefer_huge_pages([[maybe_unused]] std::byte* begin, [[maybe_unused]] std::size_t bytes) {
#if defined(MADV_HUGEPAGE)
  constexpr std::size_t huge = std::size_t{1} << 21;
  if (bytes < 2 * huge) return;
  const auto at = reinterpret_cast<std::uintptr_t>(begin);
  const std::uintptr_t first = (at + huge - 1) / huge * huge, end = (at + bytes) / huge * huge;
  // A wish: where it is not granted all is as before.
  static_cast<void>(madvise(begin + (first - at), end - first, MADV_HUGEPAGE));
#endif
}

}  // namespace

AlignedBytes allocate_aligned(std::size_t bytes) {
  AlignedBytes result(new (std::align_val_t{storage_alignment}) std::byte[bytes]);
  prefer_huge_pages(result.get(), bytes);
  return result;
}

Tensor::Tensor(const Shape& shape, DType dtype)
    : shape_(shape), dtype_(dtype), bytes_(allocate_aligned(byte_count(shape, dtype))) {
  if (shape.size() > 0) std::memset(bytes_.get(), 0, byte_count(shape, dtype));
}

Tensor::Tensor(const Tensor& other)
    : shape_(other.shape_),
      dtype_(other.dtype_),
      bytes_(allocate_aligned(byte_count(shape_, dtype_))) {
  if (size() > 0) std::memcpy(bytes_.get(), other.bytes_.get(), byte_count(shape_, dtype_));
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  switch (dtype) {
    case DType::float32:
      return converted<float>(*this);
    case DType::float64:
      return converted<double>(*this);
    case DType::int64:
      break;
  }
  throw TypeError(fmt::format("tensor {}: {} values cannot become int64 indices without rounding",
                              to_string(shape_), to_string(dtype_)));
}

Tensor Tensor::reshaped(const Shape& shape) const& { return Tensor(*this).reshaped(shape); }

Tensor Tensor::reshaped(const Shape& shape) && {
  if (shape.size() != size()) {
    throw ShapeError(fmt::format("tensor: cannot reshape {} to {}: {} elements != {}",
                                 to_string(shape_), to_string(shape), size(), shape.size()));
  }
  Tensor result = std::move(*this);
  result.shape_ = shape;
  return result;
}

double Tensor::item() const {
  if (size() != 1) {
    throw ShapeError(fmt::format("tensor {}: item() needs exactly one element", to_string(shape_)));
  }
  return visit(*this, [](auto values) { return static_cast<double>(values[0]); });
}

void Tensor::require(DType wanted) const {
  if (wanted != dtype_) {
    throw TypeError(fmt::format("tensor {}: holds {}, not {}", to_string(shape_), to_string(dtype_),
                                to_string(wanted)));
  }
}

void Tensor::copy_from(const void* source, std::size_t count) {
  if (count != static_cast<std::size_t>(size())) {
    throw ShapeError(
        fmt::format("tensor {}: needs {} elements, {} given", to_string(shape_), size(), count));
  }
  if (count > 0) std::memcpy(bytes_.get(), source, byte_count(shape_, dtype_));
}

bool operator==(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return visit(a, [&](auto values) {
    using T = typename decltype(values)::value_type;
    return std::ranges::equal(values, b.data<T>());
  });
}

}  // namespace dtheta
