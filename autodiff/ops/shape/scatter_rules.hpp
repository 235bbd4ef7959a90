#pragma once

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/op.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/operands.hpp"

/// The four ops of one way to address elements by indices; included by the files that define one.
///
/// An Address is a base class with attributes and
///   Shape updates_shape(name, x, indices) const;   // throws when they do not fit
///   void for_each(name, x, indices, const Index* values, visit) const;
///       // visit(offset in x, offset in the updates, run length), updates in row-major order
///   static std::vector<Place<Address>> places();  // to test
/// and Names, what the ops are called.
namespace dtheta::detail {

template <class Address>
struct Place {
  Address address;
  Shape x;
  SampleInput indices;
};

/// indices[position] counted from the front; ValueError when it is outside [-n, n).
inline Index checked_index(std::string_view op, const Index* indices, Index position, Index n) {
  const Index i = indices[position];
  if (i < -n || i >= n) {
    throw ValueError(fmt::format("{}: index {} at position {} is out of range for {} elements", op,
                                 i, position, n));
  }
  return i < 0 ? i + n : i;
}

template <class Address>
struct Gather : Address {
  friend constexpr bool operator==(const Gather&, const Gather&) = default;
  static constexpr OpInfo info{
      .name = Address::Names::gather, .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x at i", "dy = dx at i"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(info.name, in[1]);
    return {this->updates_shape(info.name, in[0].shape, in[1].shape), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    with_elements(call, [&](auto* x, auto* out) {
      this->for_each(
          info.name, call.shape(0), call.shape(1), call.indices(1),
          [&](Index from, Index to, Index run) { std::copy_n(x + from, run, out + to); });
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const;
  static std::vector<Sample<Gather>> samples() {
    std::vector<Sample<Gather>> list;
    for (const auto& [address, x, indices] : Address::places()) {
      list.push_back({{address}, {real(x), indices}});
    }
    return list;
  }
};

/// What the ops of (x, indices, updates) share.
template <class Self, class Address>
struct Scatter : Address {
  friend constexpr bool operator==(const Scatter&, const Scatter&) = default;
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(Self::info.name, in[1]);
    const Shape wanted = this->updates_shape(Self::info.name, in[0].shape, in[1].shape);
    if (in[2].shape != wanted) {
      throw ShapeError(fmt::format("{}: updates {} for x {} at indices {}: {} is needed",
                                   Self::info.name, to_string(in[2].shape), to_string(in[0].shape),
                                   to_string(in[1].shape), to_string(wanted)));
    }
    require_real(Self::info.name, in[0]);
    require_real(Self::info.name, in[2]);
    return in[0];
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    for (const auto& [address, x, indices] : Address::places()) {
      const Shape updates = address.updates_shape(Self::info.name, x, indices.shape);
      list.push_back({{{address}}, {real(x), indices, real(updates)}});
    }
    return list;
  }

 protected:
  template <class T, class Visit>
  void visit_all(const Call<T>& call, Visit visit) const {
    const auto each_run = [&](const auto& use) {
      this->for_each(Self::info.name, call.shape(0), call.shape(1), call.indices(1), use);
    };
    if (call.output() == call.input(0)) {
      each_run([](Index, Index, Index) {});  // an index out of range must leave x as it was
    } else {
      std::copy_n(call.input(0), call.out_shape().size(), call.output());
    }
    each_run(visit);
  }
};

template <class Address>
struct ScatterSum : Scatter<ScatterSum<Address>, Address> {
  static constexpr OpInfo info{
      .name = Address::Names::add, .arity = 3, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x with u added at i", "dy = dx with du added at i"};
  template <class T>
  void forward(const Call<T>& call) const {
    this->visit_all(call, [&](Index to, Index from, Index run) {
      for (Index j = 0; j < run; ++j) call.output()[to + j] += call.input(2)[from + j];
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 1) return {};
    return i == 0 ? c : apply(Gather<Address>{*this}, {c, p[1]});
  }
};

template <class Address>
Var Gather<Address>::vjp(int i, const Primal& p, Var c) const {
  if (i == 1) return {};
  return apply(ScatterSum<Address>{{*this}}, {zeros(c.tape(), p[0].shape()), p[1], c});
}

/// The adjoint of put in its updates.
template <class Address>
struct GatherLast : Address {
  friend constexpr bool operator==(const GatherLast&, const GatherLast&) = default;
  static constexpr OpInfo info{
      .name = Address::Names::gather_last, .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x at i, 0 for all but the last that read one place",
                               "dy = dx at i, 0 likewise"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_indices(info.name, in[1]);
    require_real(info.name, in.first(1));
    return {this->updates_shape(info.name, in[0].shape, in[1].shape), Kind::real};
  }
  /// For each element of x, what has been read from it so far.
  [[nodiscard]] std::size_t scratch(Types in) const {
    return static_cast<std::size_t>(in[0].shape.size());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    T* left = call.workspace();
    const auto places = [&](auto visit) {
      this->for_each(info.name, call.shape(0), call.shape(1), call.indices(1), visit);
    };
    // Every reader counts itself; the one that counts to the end is the last.
    std::fill_n(left, call.shape(0).size(), T(0));
    places([&](Index at, Index, Index run) {
      for (Index j = 0; j < run; ++j) left[at + j] += T(1);
    });
    places([&](Index at, Index to, Index run) {
      for (Index j = 0; j < run; ++j) {
        left[at + j] -= T(1);
        call.output()[to + j] = left[at + j] == T(0) ? call.input(0)[at + j] : T(0);
      }
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const;
  static std::vector<Sample<GatherLast>> samples() {
    std::vector<Sample<GatherLast>> list;
    for (const auto& [address, x, indices] : Address::places()) {
      list.push_back({{address}, {real(x), indices}});
    }
    return list;
  }
};

template <class Address>
struct Put : Scatter<Put<Address>, Address> {
  static constexpr OpInfo info{
      .name = Address::Names::put, .arity = 3, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x with u put at i", "dy = dx with du put at i"};
  template <class T>
  void forward(const Call<T>& call) const {
    this->visit_all(call, [&](Index to, Index from, Index run) {
      std::copy_n(call.input(2) + from, run, call.output() + to);
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 1) return {};
    if (i == 0) return apply(*this, {c, p[1], zeros(c.tape(), p[2].shape())});
    return apply(GatherLast<Address>{*this}, {c, p[1]});
  }
};

template <class Address>
Var GatherLast<Address>::vjp(int i, const Primal& p, Var c) const {
  if (i == 1) return {};
  return apply(Put<Address>{{*this}}, {zeros(c.tape(), p[0].shape()), p[1], c});
}

}  // namespace dtheta::detail
