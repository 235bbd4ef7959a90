#include "autodiff/workspace.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/plan/fused_group.hpp"
#include "autodiff/plan/program.hpp"

namespace dtheta {
namespace detail {

/// A program bound to memory: for each step what to call, with pointers in place of names.
template <Scalar T>
struct Binding {
  struct Bound {
    Kernel<T> kernel = nullptr;  // or, when null, the group
    const void* op = nullptr;
    Call<T> call{};
    std::size_t group = 0;  // the first of its groups, which share the elements
    std::size_t group_count = 0;
  };

  Binding(const Program& p, std::unique_ptr<Parallel> shared_by)
      : program(p), parallel(std::move(shared_by)) {
    real_bytes = allocate_aligned(static_cast<std::size_t>(p.real_elements) * sizeof(T));
    index_bytes = allocate_aligned(static_cast<std::size_t>(p.index_elements) * sizeof(Index));
    std::uninitialized_fill_n(real(), p.real_elements, T(0));
    std::fill_n(index(), p.index_elements, Index{0});
    reserve();
    for (const Step& step : p.steps) bind(step);
    for (const auto& [v, value] : p.initial) store(v, value);
    for (std::size_t s = 0; s < p.steps.size(); ++s) {
      if (p.steps[s].fixed)
        execute(steps[s]);
      else
        every_run.push_back(static_cast<std::uint32_t>(s));
    }
  }

  [[nodiscard]] T* real() const { return reinterpret_cast<T*>(real_bytes.get()); }
  [[nodiscard]] Index* index() const { return reinterpret_cast<Index*>(index_bytes.get()); }
  [[nodiscard]] T* real_at(std::uint32_t v) const { return real() + program.storage_of(v).offset; }
  [[nodiscard]] Index* index_at(std::uint32_t v) const {
    return index() + program.storage_of(v).offset;
  }
  [[nodiscard]] void* at(std::uint32_t v) const {
    return program.is_index(v) ? static_cast<void*>(index_at(v)) : real_at(v);
  }

  /// Operand lists and scratch are laid out once: calls keep spans into them.
  void reserve() {
    std::size_t operand_count = 0, scratch = 0;
    std::vector<Operand> of;
    for (const Instruction& ins : program.instructions) {
      operand_count += ins.inputs.size();
      of.clear();
      for (std::uint32_t in : ins.inputs) of.push_back({nullptr, &program.values[in].type});
      scratch = std::max(scratch, ins.op->scratch_for(ins.attributes, Types(of)));
    }
    operands.reserve(operand_count);
    scratch_bytes = allocate_zeros(scratch);
    for (const Step& step : program.steps) {
      if (!step.elementwise) continue;
      tile_elements =
          std::max(tile_elements, FusedGroup<T>::tile_elements(program, step, elements_of(step)));
    }
    tile_bytes = allocate_zeros(tile_elements * threads());
  }

  static AlignedBytes allocate_zeros(std::size_t count) {
    AlignedBytes bytes = allocate_aligned(count * sizeof(T));
    std::uninitialized_fill_n(reinterpret_cast<T*>(bytes.get()), count, T(0));
    return bytes;
  }

  [[nodiscard]] std::size_t threads() const { return parallel ? parallel->threads() : 1; }
  /// Of each result of an elementwise step.
  [[nodiscard]] std::size_t elements_of(const Step& step) const {
    const Instruction& first = program.instructions[step.instructions[0]];
    return static_cast<std::size_t>(program.values[first.output].type.shape.size());
  }

  void bind(const Step& step) {
    Bound b;
    if (step.elementwise) {
      for (std::uint32_t i : step.instructions) require(program.instructions[i].op->tile, i);
      b.group = groups.size();
      bind_groups(step);
      b.group_count = groups.size() - b.group;
    } else {
      const Instruction& ins = program.instructions[step.instructions[0]];
      require(ins.op->kernel, step.instructions[0]);
      b.kernel = ins.op->kernel.template get<T>();
      b.op = ins.attributes;
      const std::size_t first = operands.size();
      for (std::uint32_t in : ins.inputs) operands.push_back({at(in), &program.values[in].type});
      b.call = {std::span(operands).subspan(first), at(ins.output),
                &program.values[ins.output].type, scratch_bytes.get(), parallel.get()};
    }
    steps.push_back(b);
  }

  /// One group, or one for each thread where there is work enough to be worth waking them.
  void bind_groups(const Step& step) {
    constexpr std::size_t worth_a_thread = std::size_t{1} << 14;
    const std::size_t size = elements_of(step);
    const std::size_t parts = std::clamp<std::size_t>(size / worth_a_thread, 1, threads());
    const std::size_t tiles = (size + tile_size - 1) / tile_size;
    for (std::size_t k = 0; k < parts; ++k) {
      T* own_tiles = reinterpret_cast<T*>(tile_bytes.get()) + k * tile_elements;
      groups.emplace_back(program, step, real(), own_tiles,
                          std::min(size, tiles * k / parts * tile_size),
                          std::min(size, tiles * (k + 1) / parts * tile_size));
    }
  }

  template <template <class> class Entry>
  void require(const PerScalar<Entry>& entry, std::uint32_t instruction) const {
    if (entry.template get<T>() == nullptr) {
      throw TypeError(fmt::format("{}: not analytic, so it cannot run on complex numbers",
                                  program.instructions[instruction].op->info.name));
    }
  }

  void execute(const Bound& b) const {
    if (b.kernel != nullptr)
      b.kernel(b.op, b.call);
    else
      for_each_part(parallel.get(), b.group_count,
                    [&](std::size_t k) { groups[b.group + k].run(); });
  }

  void check_guards() const {
    for (const GuardCheck& g : program.guards) {
      const bool now =
          program.is_index(g.value) ? *index_at(g.value) != 0 : *real_at(g.value) != T(0);
      if (now != g.taken) {
        throw GuardError(fmt::format(
            "replay: the branch recorded at {}:{} was {} then and is {} now; record anew",
            g.where.file_name(), g.where.line(), g.taken, now));
      }
    }
  }

  void update_leaves() const {
    for (const Update& u : program.updates) {
      const Index n = program.values[u.leaf].type.shape.size();
      if (u.in_place) continue;
      if (program.is_index(u.leaf))
        std::copy_n(index_at(u.value), n, index_at(u.leaf));
      else
        std::copy_n(real_at(u.value), n, real_at(u.leaf));
    }
  }

  void store(std::uint32_t v, const Tensor& value) const {
    switch (value.dtype()) {
      case DType::int64:
        std::ranges::copy(value.data<Index>(), index_at(v));
        break;
      case DType::float32:
        convert(value.data<float>(), real_at(v));
        break;
      case DType::float64:
        convert(value.data<double>(), real_at(v));
        break;
    }
  }
  template <class From>
  static void convert(std::span<const From> from, T* to) {
    std::ranges::transform(from, to, [](From v) { return static_cast<T>(v); });
  }

  const Program& program;
  std::unique_ptr<Parallel> parallel;  // null for the caller's thread alone
  AlignedBytes real_bytes, index_bytes, scratch_bytes;
  AlignedBytes tile_bytes;        // of one elementwise step at a time, for each of its parts
  std::size_t tile_elements = 0;  // of one part
  std::vector<Operand> operands;
  std::vector<FusedGroup<T>> groups;
  std::vector<Bound> steps;
  std::vector<std::uint32_t> every_run;
};

template <Scalar T>
void BindingDelete<T>::operator()(Binding<T>* b) const {
  std::default_delete<Binding<T>>{}(b);
}

/// The value of a leaf of the plan.
std::uint32_t leaf_of(const Program& program, Var x, Kind kind) {
  const std::uint32_t v = value_of(program, x);
  const Value& value = program.values[v];
  if (value.role != Role::leaf) throw StateError("workspace: only a leaf can be set");
  if (value.type.kind != kind) {
    throw TypeError(fmt::format("workspace: the leaf {} holds {}", to_string(value.type.shape),
                                value.type.kind == Kind::index ? "indices" : "real values"));
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
  if (program.values[v].type.kind != kind) {
    throw TypeError(fmt::format("workspace: the value {} holds {}",
                                to_string(program.values[v].type.shape),
                                kind == Kind::real ? "indices" : "real values"));
  }
  return v;
}

std::size_t size_of_value(const Program& program, std::uint32_t v) {
  return static_cast<std::size_t>(program.values[v].type.shape.size());
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
void Workspace<T>::run() {
  const detail::Binding<T>& b = *binding_;
  for (std::uint32_t s : b.every_run) b.execute(b.steps[s]);
  b.check_guards();
  b.update_leaves();
}

template <Scalar T>
void Workspace<T>::rerun(Var leaf) {
  const detail::Binding<T>& b = *binding_;
  const detail::Program& p = b.program;
  if (p.options.reuse_memory || !p.updates.empty()) {
    throw StateError(
        "workspace: partial replay needs a plan compiled with reuse_memory = false and no updates");
  }
  const std::uint32_t v = detail::value_of(p, leaf);
  if (p.values[v].role != Role::leaf) throw StateError("workspace: partial replay is from a leaf");
  for (std::uint32_t s : p.steps_from_leaf.at(v)) b.execute(b.steps[s]);
  b.check_guards();
}

template <Scalar T>
std::span<T> Workspace<T>::leaf(Var x) {
  const std::uint32_t v = detail::leaf_of(plan_.program(), x, Kind::real);
  return {binding_->real_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
std::span<Index> Workspace<T>::index_leaf(Var x) {
  const std::uint32_t v = detail::leaf_of(plan_.program(), x, Kind::index);
  return {binding_->index_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
void Workspace<T>::set(Var leaf, const Tensor& value) {
  const Kind kind = value.dtype() == DType::int64 ? Kind::index : Kind::real;
  const std::uint32_t v = detail::leaf_of(plan_.program(), leaf, kind);
  const Shape& shape = plan_.program().values[v].type.shape;
  if (value.shape() != shape) {
    throw ShapeError(fmt::format("workspace: the leaf has shape {}, the value {}", to_string(shape),
                                 to_string(value.shape())));
  }
  binding_->store(v, value);
}

template <Scalar T>
std::span<const T> Workspace<T>::operator[](Var y) const {
  const std::uint32_t v = detail::kept_value(plan_.program(), y, Kind::real);
  return {binding_->real_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
std::span<const Index> Workspace<T>::indices(Var y) const {
  const std::uint32_t v = detail::kept_value(plan_.program(), y, Kind::index);
  return {binding_->index_at(v), detail::size_of_value(plan_.program(), v)};
}

template <Scalar T>
Tensor Workspace<T>::tensor(Var y) const {
  const detail::Program& p = plan_.program();
  const std::uint32_t v = detail::value_of(p, y);
  const Shape& shape = p.values[v].type.shape;
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
