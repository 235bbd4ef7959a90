#include "call.hpp"

#include <algorithm>
#include <limits>

#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::onnx_tests {
namespace {

/// Saturates: the limits of int64 stand for "to the end", and a double does not hold them exactly.
Index to_index(double v) {
  constexpr double limit = 0x1p62;
  return static_cast<Index>(std::clamp(v, -limit, limit));
}

}  // namespace

Var Call::operator[](std::size_t i) const {
  if (!has(i)) throw std::runtime_error(node_.op + " lacks an input");
  return in_[i].var;
}

std::vector<Var> Call::vars() const {
  std::vector<Var> result;
  for (const Value& v : in_) result.push_back(v.var);
  return result;
}

std::vector<double> Call::numbers(std::size_t i) const {
  const auto data = (*this)[i].data<double>();
  return {data.begin(), data.end()};
}

std::vector<Index> Call::integers(std::size_t i) const {
  std::vector<Index> result;
  for (double v : (*this)[i].data<double>()) result.push_back(to_index(v));
  return result;
}

Var Call::indices(std::size_t i) const {
  return tape_.constant(Tensor((*this)[i].shape(), std::span<const Index>(integers(i))));
}

template <class T>
const T* Call::find(std::string_view name) const {
  const auto found = node_.attributes.find(std::string(name));
  return found == node_.attributes.end() ? nullptr : std::get_if<T>(&found->second);
}

bool Call::has(std::string_view name) const { return node_.attributes.contains(std::string(name)); }
Index Call::integer(std::string_view name, Index otherwise) const {
  const auto* found = find<Index>(name);
  return found ? *found : otherwise;
}
double Call::number(std::string_view name, double otherwise) const {
  const auto* found = find<double>(name);
  return found ? *found : otherwise;
}
std::string Call::text(std::string_view name, std::string_view otherwise) const {
  const auto* found = find<std::string>(name);
  return found ? *found : std::string(otherwise);
}
std::vector<Index> Call::integers(std::string_view name, std::vector<Index> otherwise) const {
  const auto* found = find<std::vector<Index>>(name);
  return found ? *found : std::move(otherwise);
}
std::vector<std::string> Call::texts(std::string_view name) const {
  const auto* found = find<std::vector<std::string>>(name);
  return found ? *found : std::vector<std::string>{};
}
const Data& Call::data(std::string_view name) const {
  const auto* found = find<Data>(name);
  if (!found) throw Unsupported(node_.op + " without the tensor " + std::string(name));
  return *found;
}

std::optional<std::vector<Index>> Call::integers(std::size_t i, std::string_view name) const {
  if (has(i)) return integers(i);
  if (has(name)) return integers(name);
  return std::nullopt;
}

Value Call::constant(const Shape& shape, std::span<const Index> values) const {
  Tensor tensor(shape);
  std::ranges::transform(values, tensor.data<double>().begin(),
                         [](Index v) { return static_cast<double>(v); });
  return {tape_.constant(tensor), ElementType::int64};
}

Value Call::from_indices(Var v) const { return constant(v.shape(), v.data<Index>()); }

Axes to_axes(std::span<const Index> axes) {
  std::vector<int> list(axes.size());
  std::ranges::transform(axes, list.begin(), [](Index a) { return static_cast<int>(a); });
  return Axes(std::span<const int>(list));
}

Shape to_shape(std::span<const Index> dims) { return Shape(dims); }

std::vector<Index> axes_from(int first, int rank) {
  std::vector<Index> axes;
  for (int i = first; i < rank; ++i) axes.push_back(i);
  return axes;
}

Var move_axis(Var x, int from, int to) {
  std::vector<Index> order;
  for (int i = 0; i < x.rank(); ++i) {
    if (i != from) order.push_back(i);
  }
  order.insert(order.begin() + to, from);
  return permute(x, to_axes(order));
}

}  // namespace dtheta::onnx_tests
