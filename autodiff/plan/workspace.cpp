#include "autodiff/workspace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "autodiff/errors.hpp"
#include "autodiff/plan/binding.hpp"

namespace dtheta {
namespace detail {

template <Scalar T>
void BindingDelete<T>::operator()(Binding<T>* b) const {
  std::default_delete<Binding<T>>{}(b);
}

/// The value of a leaf of the plan.
std::uint32_t leaf_of(const Program& program, Var x, Kind kind) {
  const std::uint32_t v = value_of(program, x);
  if (program.values[v].role != Role::leaf) throw StateError("workspace: only a leaf can be set");
  if (const ValueType& type = program.type_of(v); type.kind != kind) {
    throw TypeError(fmt::format("workspace: the leaf {} holds {}", to_string(type.shape),
                                type.kind == Kind::index ? "indices" : "real values"));
  }
  return v;
}

/// The value of something that is still there after a run.
std::uint32_t kept_value(const Program& program, Var y, Kind kind) {
  const std::uint32_t v = value_of(program, y);
  if (!program.storage_of(v).persistent && program.options.reuse_memory) {
    throw StateError("workspace: this value is not an output of the plan, its memory is reused");
  }
  if (program.storage_of(v).internal) {
    throw StateError("workspace: this value is not an output of the plan, it was fused away");
  }
  if (program.type_of(v).kind != kind) {
    throw TypeError(fmt::format("workspace: the value {} holds {}",
                                to_string(program.type_of(v).shape),
                                kind == Kind::real ? "indices" : "real values"));
  }
  return v;
}

std::size_t size_of_value(const Program& program, std::uint32_t v) {
  return static_cast<std::size_t>(program.size_of(v));
}

}  // namespace detail

template <Scalar T>
Workspace<T>::Workspace(Plan plan)
    : plan_(std::move(plan)),
      binding_(std::make_unique<detail::Binding<T>>(plan_.program(), nullptr).release()) {}

template <Scalar T>
Workspace<T>::Workspace(Plan plan, unsigned threads)
    : plan_(std::move(plan)),
      binding_(
          std::make_unique<detail::Binding<T>>(plan_.program(), std::make_unique<Parallel>(threads))
              .release()) {}

template <Scalar T>
const detail::Binding<T>& Workspace<T>::binding() const {
  if (binding_ == nullptr) throw StateError("workspace: it has been moved from");
  return *binding_;
}

template <Scalar T>
void Workspace<T>::run() {
  const detail::Binding<T>& bound = binding();
  ran_ = true;  // already here: a guard that fails leaves the outputs computed
  bound.run();
}

template <Scalar T>
void Workspace<T>::run(const Arrivals& arrivals, const std::function<void(std::size_t)>& there) {
  const detail::Binding<T>& bound = binding();
  if (!arrivals.calls.empty() && arrivals.calls.back() > bound.calls.size()) {
    throw StateError("workspace: these arrivals are those of another plan, or of more threads");
  }
  ran_ = true;
  bound.run(arrivals.calls, there);
}

template <Scalar T>
Arrivals Workspace<T>::arrivals(std::span<const Var> values) const {
  const detail::Program& p = binding().program;
  std::vector<std::uint32_t> wanted;
  for (const Var y : values) {
    const std::uint32_t v = detail::value_of(p, y);
    wanted.push_back(p.values[detail::kept_value(p, y, p.type_of(v).kind)].storage);
  }
  const std::vector<std::size_t> calls = binding().calls_until(wanted);
  Arrivals a;
  a.order.resize(values.size());
  std::iota(a.order.begin(), a.order.end(), std::size_t{0});
  std::ranges::stable_sort(a.order, {}, [&](std::size_t i) { return calls[i]; });
  for (const std::size_t i : a.order) a.calls.push_back(calls[i]);
  return a;
}

template <Scalar T>
void Workspace<T>::settle() {
  binding().settle();
}

template <Scalar T>
void Workspace<T>::rerun(Var leaf) {
  const detail::Program& p = binding().program;
  if (p.options.reuse_memory || !p.updates.empty()) {
    throw StateError(
        "workspace: partial replay needs a plan compiled with reuse_memory = false and no updates");
  }
  if (!ran_) throw StateError("workspace: partial replay needs a run before it, to start from");
  const std::uint32_t v = detail::value_of(p, leaf);
  if (p.values[v].role != Role::leaf) throw StateError("workspace: partial replay is from a leaf");
  if (p.values[v].fixed) throw StateError("workspace: no partial replay from a settled leaf");
  binding_->rerun(v);
}

template <Scalar T>
std::span<T> Workspace<T>::leaf(Var x) & {
  const std::uint32_t v = detail::leaf_of(binding().program, x, Kind::real);
  return {binding_->real_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
std::span<Index> Workspace<T>::index_leaf(Var x) & {
  const std::uint32_t v = detail::leaf_of(binding().program, x, Kind::index);
  return {binding_->index_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
void Workspace<T>::set(Var leaf, const Tensor& value) {
  const Kind kind = value.dtype() == DType::int64 ? Kind::index : Kind::real;
  const std::uint32_t v = detail::leaf_of(binding().program, leaf, kind);
  const Shape& shape = plan_.program().type_of(v).shape;
  if (value.shape() != shape) {
    throw ShapeError(fmt::format("workspace: the leaf has shape {}, the value {}", to_string(shape),
                                 to_string(value.shape())));
  }
  binding_->store(v, value.dtype(), value.bytes());
}

template <Scalar T>
std::uint32_t Workspace<T>::readable(Var y, Kind kind) const {
  const detail::Program& p = binding().program;
  const std::uint32_t v = detail::kept_value(p, y, kind);
  const detail::Value& stored = p.storage_of(v);
  if (!ran_ && stored.role == Role::op && !stored.fixed) {
    throw StateError(fmt::format("workspace: the value {} is read before the first run",
                                 to_string(p.type_of(v).shape)));
  }
  return v;
}

template <Scalar T>
std::span<const T> Workspace<T>::operator[](Var y) const& {
  const std::uint32_t v = readable(y, Kind::real);
  return {binding_->real_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
std::span<const Index> Workspace<T>::indices(Var y) const& {
  const std::uint32_t v = readable(y, Kind::index);
  return {binding_->index_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
Tensor Workspace<T>::tensor(Var y) const {
  const detail::Program& p = binding().program;
  const std::uint32_t v = detail::value_of(p, y);
  const Shape& shape = p.type_of(v).shape;
  if (p.is_index(v)) return Tensor(shape, indices(y));
  if constexpr (std::same_as<T, float>) {
    return Tensor(shape, (*this)[y]);
  } else {
    Tensor result(shape);
    std::ranges::transform((*this)[y], result.data<double>().begin(), [](T x) {
      if constexpr (std::same_as<T, Complex>)
        return x.real();
      else
        return static_cast<double>(x);
    });
    return result;
  }
}

template class Workspace<float>;
template class Workspace<double>;
template class Workspace<long double>;
template class Workspace<Quad>;
template class Workspace<Complex>;
template struct detail::BindingDelete<float>;
template struct detail::BindingDelete<double>;
template struct detail::BindingDelete<long double>;
template struct detail::BindingDelete<Quad>;
template struct detail::BindingDelete<Complex>;

}  // namespace dtheta
