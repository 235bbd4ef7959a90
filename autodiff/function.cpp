#include "autodiff/function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {

Tensor ArrayArg::tensor() const {
  Tensor copy(shape_, dtype_);
  const std::size_t width = dtype_ == DType::int64 ? sizeof(Index) : size_of(dtype_);
  if (shape_.size() > 0) {
    std::memcpy(copy.bytes(), bytes(), width * static_cast<std::size_t>(shape_.size()));
  }
  return copy;
}

namespace detail {
namespace {

template <class To>
void copy_elements(const ArrayArg& from, std::span<To> to) {
  const auto copy = [&]<class From>(const From* first) {
    std::transform(first, first + to.size(), to.begin(), [](From v) { return static_cast<To>(v); });
  };
  if (from.dtype() == DType::float64) return copy(static_cast<const double*>(from.bytes()));
  if (from.dtype() == DType::float32) return copy(static_cast<const float*>(from.bytes()));
  copy(static_cast<const Index*>(from.bytes()));
}

/// A plan for one kind of call, with what it reads and writes.
template <Scalar T>
struct Compiled {
  Compiled(std::vector<Var> out, std::vector<Var> tangent_leaves)
      : outputs(std::move(out)), tangents(std::move(tangent_leaves)), workspace(Plan(outputs)) {}
  std::vector<Var> outputs;   // the value first
  std::vector<Var> tangents;  // leaves, one for each argument that is real
  Workspace<T> workspace;
};

/// What the caller is handed, kept so that a later call allocates nothing.
struct Results {
  Tensor value{};
  ValueAndGrad grad{};
  ValueAndTangent tangent{};
  ValueAndGrad product{};
};

/// One recording: for arrays of these shapes, and the branches that it took.
template <Scalar T>
struct Recorded {
  Recorded(const FunctionCore::Body& body, std::span<const ArrayArg> arguments)
      : tape(dtype_of<T>) {
    for (const ArrayArg& a : arguments) {
      shapes.push_back(a.shape());
      indices.push_back(a.dtype() == DType::int64);
      xs.push_back(tape.leaf(a.tensor(), fmt::format("argument {}", xs.size() + 1)));
      if (!indices.back()) reals.push_back(xs.back());
    }
    y = body(xs);
    if (!y.exists()) throw StateError("function: its body returned no value");
    tape.require(y);
  }

  [[nodiscard]] bool fits(std::span<const ArrayArg> arguments) const {
    if (arguments.size() != shapes.size()) return false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].shape() != shapes[i]) return false;
      if ((arguments[i].dtype() == DType::int64) != indices[i]) return false;
    }
    return true;
  }

  /// Leaves for tangents, zeros until they are set.
  [[nodiscard]] std::vector<Var> tangent_leaves() {
    std::vector<Var> leaves;
    for (const Var x : reals) leaves.push_back(tape.leaf(Tensor(x.shape(), dtype_of<T>)));
    return leaves;
  }

  Compiled<T>& for_value() {
    if (!value) value.emplace(std::vector{y}, std::vector<Var>{});
    return *value;
  }
  Compiled<T>& for_grad() {
    if (!gradient) {
      std::vector<Var> out{y};
      for (const Var g : grad(y, reals)) out.push_back(g);
      gradient.emplace(std::move(out), std::vector<Var>{});
    }
    return *gradient;
  }
  Compiled<T>& for_jvp() {
    if (!tangent) {
      const std::vector<Var> leaves = tangent_leaves(), ys{y};
      const Var change = jvp(ys, reals, leaves)[0];
      tangent.emplace(std::vector{y, change}, leaves);
    }
    return *tangent;
  }
  Compiled<T>& for_hvp() {
    if (!product) {
      const std::vector<Var> leaves = tangent_leaves();
      std::vector<Var> out{y};
      for (const Var h : hvp(y, reals, leaves)) out.push_back(h);
      product.emplace(std::move(out), leaves);
    }
    return *product;
  }

  Tape tape;
  std::vector<Shape> shapes;
  std::vector<bool> indices;
  std::vector<Var> xs, reals;
  Var y;
  std::optional<Compiled<T>> value, gradient, tangent, product;
  Results results;
};

/// The recordings in one scalar, the one used last in front.
template <Scalar T>
class Cache {
 public:
  using Compile = Compiled<T>& (Recorded<T>::*)();
  struct Ran {
    Recorded<T>& recorded;
    Compiled<T>& compiled;
  };

  /// Runs the recording that fits, or a new one.
  Ran run(const FunctionCore::Body& body, std::span<const ArrayArg> xs,
          std::span<const ArrayArg> vs, Compile compile, std::size_t most) {
    for (std::size_t i = 0; i < recorded_.size(); ++i) {
      if (!recorded_[i]->fits(xs)) continue;
      try {
        Compiled<T>& compiled = run(*recorded_[i], xs, vs, compile);
        std::rotate(recorded_.begin(), recorded_.begin() + static_cast<std::ptrdiff_t>(i),
                    recorded_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        return {*recorded_.front(), compiled};
      } catch (const GuardError&) {  // another branch: another recording
      }
    }
    auto made = std::make_unique<Recorded<T>>(body, xs);
    Compiled<T>& compiled = run(*made, xs, vs, compile);
    recorded_.insert(recorded_.begin(), std::move(made));
    if (recorded_.size() > most) recorded_.pop_back();
    return {*recorded_.front(), compiled};
  }
  [[nodiscard]] std::size_t size() const { return recorded_.size(); }

 private:
  static Compiled<T>& run(Recorded<T>& r, std::span<const ArrayArg> xs,
                          std::span<const ArrayArg> vs, Compile compile) {
    Compiled<T>& compiled = (r.*compile)();
    Workspace<T>& workspace = compiled.workspace;
    for (std::size_t i = 0; i < xs.size(); ++i) {
      if (!workspace.plan().has_leaf(r.xs[i])) continue;
      if (r.indices[i]) {
        copy_elements(xs[i], workspace.index_leaf(r.xs[i]));
      } else {
        copy_elements(xs[i], workspace.leaf(r.xs[i]));
      }
    }
    std::size_t real = 0;
    for (std::size_t i = 0; i < vs.size(); ++i) {
      if (r.indices[i]) continue;
      const Var leaf = compiled.tangents[real++];
      if (workspace.plan().has_leaf(leaf)) copy_elements(vs[i], workspace.leaf(leaf));
    }
    workspace.run();
    return compiled;
  }

  std::vector<std::unique_ptr<Recorded<T>>> recorded_;
};

void require_like(std::span<const ArrayArg> xs, std::span<const ArrayArg> vs) {
  for (std::size_t i = 0; i < xs.size(); ++i) {
    if (xs[i].dtype() == DType::int64 || vs[i].shape() == xs[i].shape()) continue;
    throw ShapeError(fmt::format("function: argument {} is {}, the vector for it {}", i + 1,
                                 to_string(xs[i].shape()), to_string(vs[i].shape())));
  }
}

bool in_float(std::span<const ArrayArg> xs) {
  bool any = false;
  for (const ArrayArg& x : xs) {
    if (x.dtype() == DType::float64) return false;
    any = any || x.dtype() == DType::float32;
  }
  return any;
}

/// A value into a tensor that is kept, which is made anew only where its type changes.
template <Scalar T>
void read(const Workspace<T>& workspace, Var y, Tensor& into) {
  const DType dtype = y.is_index() ? DType::int64 : dtype_of<T>;
  if (into.dtype() != dtype || into.shape() != y.shape()) into = Tensor(y.shape(), dtype);
  if (y.is_index()) {
    std::ranges::copy(workspace.indices(y), into.data<Index>().begin());
  } else {
    std::ranges::copy(workspace[y], into.data<T>().begin());
  }
}

template <Scalar T>
void read(const Recorded<T>& r, const Compiled<T>& c, ValueAndGrad& into) {
  into.value = static_cast<double>(c.workspace[c.outputs[0]][0]);
  if (into.gradients.size() != r.xs.size()) into.gradients.assign(r.xs.size(), Tensor(Shape{0}));
  std::size_t real = 1;
  for (std::size_t i = 0; i < r.xs.size(); ++i) {
    if (!r.indices[i]) read(c.workspace, c.outputs[real++], into.gradients[i]);
  }
}

/// What a function remembers. Throws StateError for one that has been moved from.
template <class Caches>
Caches& held(const std::unique_ptr<Caches>& caches) {
  if (caches == nullptr) throw StateError("function: it has been moved from");
  return *caches;
}

}  // namespace

struct FunctionCore::Caches {
  FunctionOptions options;
  Cache<float> in_float{};
  Cache<double> in_double{};

  /// What `read` makes of the run, in the scalar that the arguments ask for.
  template <class Compile32, class Compile64, class Read>
  auto& run(const Body& body, std::span<const ArrayArg> xs, std::span<const ArrayArg> vs,
            Compile32 compile32, Compile64 compile64, const Read& read) {
    require_like(xs, vs.empty() ? xs : vs);
    const std::size_t most = std::max<std::size_t>(options.recordings, 1);
    if (detail::in_float(xs)) {
      const auto ran = in_float.run(body, xs, vs, compile32, most);
      return read(ran.recorded, ran.compiled);
    }
    const auto ran = in_double.run(body, xs, vs, compile64, most);
    return read(ran.recorded, ran.compiled);
  }
};

FunctionCore::FunctionCore(const FunctionOptions& options)
    : caches_(std::make_unique<Caches>(Caches{options})) {}
FunctionCore::FunctionCore(FunctionCore&&) noexcept = default;
FunctionCore& FunctionCore::operator=(FunctionCore&&) noexcept = default;
FunctionCore::~FunctionCore() = default;

const Tensor& FunctionCore::value(const Body& body, std::span<const ArrayArg> xs) {
  return held(caches_).run(body, xs, {}, &Recorded<float>::for_value, &Recorded<double>::for_value,
                           [](auto& r, auto& c) -> const Tensor& {
                             read(c.workspace, c.outputs[0], r.results.value);
                             return r.results.value;
                           });
}

const ValueAndGrad& FunctionCore::value_and_grad(const Body& body, std::span<const ArrayArg> xs) {
  return held(caches_).run(body, xs, {}, &Recorded<float>::for_grad, &Recorded<double>::for_grad,
                           [](auto& r, auto& c) -> const ValueAndGrad& {
                             read(r, c, r.results.grad);
                             return r.results.grad;
                           });
}

const ValueAndTangent& FunctionCore::jvp(const Body& body, std::span<const ArrayArg> xs,
                                         std::span<const ArrayArg> tangents) {
  return held(caches_).run(body, xs, tangents, &Recorded<float>::for_jvp,
                           &Recorded<double>::for_jvp,
                           [](auto& r, auto& c) -> const ValueAndTangent& {
                             read(c.workspace, c.outputs[0], r.results.tangent.value);
                             read(c.workspace, c.outputs[1], r.results.tangent.tangent);
                             return r.results.tangent;
                           });
}

const ValueAndGrad& FunctionCore::hvp(const Body& body, std::span<const ArrayArg> xs,
                                      std::span<const ArrayArg> vs) {
  return held(caches_).run(body, xs, vs, &Recorded<float>::for_hvp, &Recorded<double>::for_hvp,
                           [](auto& r, auto& c) -> const ValueAndGrad& {
                             read(r, c, r.results.product);
                             return r.results.product;
                           });
}

std::size_t FunctionCore::recordings() const {
  const Caches& caches = held(caches_);
  return caches.in_float.size() + caches.in_double.size();
}

}  // namespace detail
}  // namespace dtheta
