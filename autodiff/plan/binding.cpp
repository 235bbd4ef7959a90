#include "autodiff/plan/binding.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/plan/binder.hpp"

namespace dtheta::detail {
namespace {

template <class T>
AlignedBytes zeros(std::size_t count) {
  AlignedBytes bytes = allocate_aligned(count * sizeof(T));
  std::uninitialized_fill_n(reinterpret_cast<T*>(bytes.get()), count, T(0));
  return bytes;
}

/// Elements of some dtype as T.
template <class From, class T>
void convert(const void* from, Index count, T* to) {
  std::transform(static_cast<const From*>(from), static_cast<const From*>(from) + count, to,
                 [](From v) { return static_cast<T>(v); });
}

}  // namespace

template <Scalar T>
Binding<T>::Binding(const Program& p, std::unique_ptr<Parallel> shared_by)
    : program(p),
      parallel(std::move(shared_by)),
      real(zeros<T>(static_cast<std::size_t>(p.real_elements))),
      index(zeros<Index>(static_cast<std::size_t>(p.index_elements))),
      scratch(zeros<T>(p.scratch_elements)),
      tiles(zeros<T>(p.tile_elements * threads())) {
  for (const Initial& i : p.initial) store(i.value, i.dtype, p.initial_bytes.data() + i.start);
  std::ranges::copy_if(p.updates, std::back_inserter(copies),
                       [](const Update& u) { return !u.in_place; });
  Binder<T> binder(*this);
  first_call.reserve(p.steps.size());
  for (const Step& step : p.steps) {
    if (!step.fixed) first_call.push_back(static_cast<std::uint32_t>(calls.size()));
    binder.bind(step);
  }
  settle();
  if (p.options.settled.empty()) settling = std::vector<BoundCall>();  // {} would keep its memory
}

template <Scalar T>
void Binding<T>::run(std::span<const std::size_t> calls_done,
                     const std::function<void(std::size_t)>& there) const {
  std::size_t done = 0;
  for (std::size_t n = 0; n < calls_done.size(); ++n) {
    for (; done < calls_done[n]; ++done) execute(calls[done]);
    there(n + 1);
  }
  for (; done < calls.size(); ++done) execute(calls[done]);
  check_guards();
  update_leaves();
}

template <Scalar T>
std::vector<std::size_t> Binding<T>::calls_until(std::span<const std::uint32_t> values) const {
  std::unordered_map<std::uint32_t, std::size_t> computed;      // by value
  for (const std::uint32_t v : values) computed.emplace(v, 0);  // leaves, and what is settled
  const std::size_t fixed = program.steps.size() - first_call.size();
  for (std::size_t k = 0; k < first_call.size(); ++k) {
    for (const Instruction& ins : program.instructions_of(program.steps[fixed + k])) {
      const auto wanted = computed.find(ins.output);
      if (wanted == computed.end()) continue;
      wanted->second = k + 1 < first_call.size() ? first_call[k + 1] : calls.size();
    }
  }
  std::vector<std::size_t> until;
  for (const std::uint32_t v : values) until.push_back(computed.at(v));
  return until;
}

template <Scalar T>
void Binding<T>::rerun(std::uint32_t leaf) const {
  const std::size_t fixed = program.steps.size() - first_call.size();
  for (std::uint32_t s : program.steps_from_leaf.at(leaf)) {
    const std::size_t k = s - fixed;
    const std::size_t end = k + 1 < first_call.size() ? first_call[k + 1] : calls.size();
    for (std::size_t c = first_call[k]; c < end; ++c) execute(calls[c]);
  }
  check_guards();
}

template <Scalar T>
void Binding<T>::check_guards() const {
  for (const GuardCheck& g : program.guards) {
    const bool now =
        program.is_index(g.value) ? *index_at(g.value) != 0 : *real_at(g.value) != T(0);
    if (now != g.taken) {
      throw GuardError(
          fmt::format("replay: the branch recorded at {}:{} was {} then and is {} now; record anew",
                      g.where.file_name(), g.where.line(), g.taken, now));
    }
  }
}

template <Scalar T>
void Binding<T>::update_leaves() const {
  for (const Update& u : copies) {
    const Index n = program.size_of(u.leaf);
    if (program.is_index(u.leaf))
      std::copy_n(index_at(u.value), n, index_at(u.leaf));
    else
      std::copy_n(real_at(u.value), n, real_at(u.leaf));
  }
}

template <Scalar T>
void Binding<T>::store(std::uint32_t v, DType dtype, const void* elements) const {
  const Index count = program.size_of(v);
  switch (dtype) {
    case DType::int64:
      convert<Index>(elements, count, index_at(v));
      break;
    case DType::float32:
      convert<float>(elements, count, real_at(v));
      break;
    case DType::float64:
      convert<double>(elements, count, real_at(v));
      break;
  }
}

template struct Binding<float>;
template struct Binding<double>;
template struct Binding<long double>;
template struct Binding<Quad>;
template struct Binding<Complex>;

}  // namespace dtheta::detail
