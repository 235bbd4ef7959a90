#include "tests/gradcheck/mutants.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace gradcheck_test {
namespace {

namespace gc = dtheta::gradcheck;
using gc::Pattern;

double largest_of(std::span<const double> values) {
  double most = 0.0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

class Factory {
 public:
  Factory(const Model& model, bool single_precision)
      : model_(model), single_(single_precision), bits_(model.spec.seed + 77) {
    right_ = single_ ? model.right_float : model.right;
    for (const gc::Block& block : model.theta.blocks()) {
      if (block.shape.back() > 1) weights_.push_back(&block);
      if (block.shape.back() == 1) biases_.push_back(&block);
    }
  }

  std::vector<Mutant> make(const std::vector<double>& sizes) {
    for (const double size : sizes) sized(size);
    unsized();
    return std::move(mutants_);
  }

 private:
  const gc::Block& weight() { return *weights_[bits_() % weights_.size()]; }
  const gc::Block& any() { return model_.theta.blocks()[bits_() % model_.theta.blocks().size()]; }
  std::size_t last_layer() const { return model_.theta.blocks().back().layer; }
  std::span<double> part(const gc::Block& b) { return std::span(g_).subspan(b.offset, b.size); }

  template <class Change>
  void plant(std::string bug, double size, std::vector<Pattern> expected, Change change,
             gc::Hints hints = {}) {
    g_ = right_;
    change();
    if (single_) {
      for (double& v : g_) v = static_cast<double>(static_cast<float>(v));
    }
    mutants_.push_back({std::move(bug), size, std::move(expected), g_, std::move(hints)});
  }

  void scale(const gc::Block& block, double factor) {
    for (double& v : part(block)) v *= factor;
  }

  void sized(double size) {
    plant("factor 1+s", size, {Pattern::factor}, [&] { scale(any(), 1.0 + size); });
    plant("one entry", size, {Pattern::one_entry}, [&] {
      const gc::Block& b = any();
      g_[b.offset + bits_() % b.size] += size * largest_of(part(b));
    });
    plant("one row", size, {Pattern::few_rows}, [&] {
      const gc::Block& b = weight();
      const std::size_t columns = b.shape.back();
      const std::size_t row = most_alive_row(b);
      for (std::size_t c = 0; c < columns; ++c) g_[b.offset + row * columns + c] *= 1.0 + size;
    });
    plant("one column", size, {Pattern::few_columns}, [&] {
      const gc::Block& b = weight();
      const std::size_t columns = b.shape.back();
      const std::size_t column = bits_() % columns;
      for (std::size_t i = column; i < b.size; i += columns) g_[b.offset + i] *= 1.0 + size;
    });
    plant("offset", size, {Pattern::offset}, [&] {
      const gc::Block& b = any();
      const double by = size * largest_of(part(b));
      for (double& v : part(b)) v += by;
    });
    const std::vector<double> theta(model_.theta.values().begin(), model_.theta.values().end());
    plant_penalty("L2 missing", size, Pattern::l2, theta);
    std::vector<double> signs = theta;
    for (double& v : signs) v = v > 0.0 ? 1.0 : (v < 0.0 ? -1.0 : 0.0);
    plant_penalty("L1 missing", size, Pattern::l1, signs);
    plant_stale(size);
    if (last_layer() > 1) plant_upstream(size);
  }

  /// A row with a gradient, where there is one.
  std::size_t most_alive_row(const gc::Block& b) {
    const std::size_t columns = b.shape.back();
    const auto g = part(b);
    const auto most = std::ranges::max_element(g, {}, [](double v) { return std::abs(v); });
    return static_cast<std::size_t>(most - g.begin()) / columns;
  }

  /// The right gradient is missing λ·term in one weight, λ being of the size asked for.
  void plant_penalty(std::string bug, double size, Pattern pattern,
                     const std::vector<double>& term) {
    plant(std::move(bug), size, {pattern}, [&] {
      const gc::Block& b = weight();
      const double unit = largest_of(std::span(term).subspan(b.offset, b.size));
      const double lambda = size * largest_of(part(b)) / unit;
      for (std::size_t i = b.offset; i < b.offset + b.size; ++i) g_[i] -= lambda * term[i];
    });
  }

  void plant_stale(double size) {
    std::vector<double> before(model_.theta.values().begin(), model_.theta.values().end());
    std::normal_distribution<double> normal;
    for (double& v : before) v += size * std::abs(v) * normal(bits_);
    gc::Hints hints;
    hints.previous.resize(before.size());
    model_.gradient(before, hints.previous);
    if (single_) {
      for (double& v : hints.previous) v = static_cast<double>(static_cast<float>(v));
    }
    plant(
        "stale", size, {Pattern::stale}, [&] { g_ = hints.previous; }, hints);
  }

  void plant_upstream(double size) {
    const std::size_t layer = 1 + bits_() % (last_layer() - 1);
    plant("delta x (1+s)", size, {Pattern::upstream}, [&] {
      for (const gc::Block& b : model_.theta.blocks()) {
        if (b.layer <= layer) scale(b, 1.0 + size);
      }
    });
    if (model_.per_example.empty()) return;
    std::normal_distribution<double> normal;
    plant("wrong local slope", size, {Pattern::upstream}, [&] {
      for (const auto& part_of : model_.per_example) {
        const double excess = size * normal(bits_);
        for (const gc::Block& b : model_.theta.blocks()) {
          if (b.layer > layer) continue;
          for (std::size_t i = b.offset; i < b.offset + b.size; ++i) g_[i] += excess * part_of[i];
        }
      }
    });
  }

  void unsized() {
    gc::Hints count;
    count.examples = model_.spec.examples;
    const auto m = static_cast<double>(model_.spec.examples);
    for (const double factor : {2.0, 0.5, m, 1.0 / m}) {
      plant(
          "times " + std::string(factor == m         ? "m"
                                 : factor * m == 1.0 ? "1/m"
                                 : factor == 2.0     ? "2"
                                                     : "1/2"),
          0.0, {Pattern::factor}, [&] { scale(any(), factor); }, count);
    }
    plant("all times 2", 0.0, {Pattern::factor}, [&] {
      for (double& v : g_) v *= 2.0;
    });
    plant("sign", 0.0, {Pattern::sign}, [&] { scale(any(), -1.0); });
    plant("zero", 0.0, {Pattern::zero}, [&] { scale(any(), 0.0); });
    plant("NaN", 0.0, {Pattern::not_finite}, [&] {
      const gc::Block& b = any();
      g_[b.offset + bits_() % b.size] = std::numeric_limits<double>::quiet_NaN();
    });
    plant_orders();
    plant_sums();
    plant_histories();
    plant_regulariser();
  }

  void plant_orders() {
    plant("transposed", 0.0, {Pattern::transposed}, [&] {
      const gc::Block& b = weight();
      const std::vector<double> from(part(b).begin(), part(b).end());
      const std::size_t columns = b.shape.back();
      const std::size_t rows = b.size / columns;
      for (std::size_t i = 0; i < b.size; ++i) {
        g_[b.offset + (i % columns) * rows + i / columns] = from[i];
      }
    });
    plant("rows rolled", 0.0, {Pattern::permuted}, [&] {
      const gc::Block& b = weight();
      const auto g = part(b);
      std::rotate(g.begin(), g.end() - static_cast<std::ptrdiff_t>(b.shape.back()), g.end());
    });
    plant("reversed", 0.0, {Pattern::permuted}, [&] { std::ranges::reverse(part(weight())); });
    plant("shuffled", 0.0, {Pattern::permuted},
          [&] { std::ranges::shuffle(part(weight()), bits_); });
  }

  void plant_sums() {
    plant("summed and broadcast", 0.0, {Pattern::summed}, [&] {
      const gc::Block& b = weight();
      const std::size_t columns = b.shape.back();
      for (std::size_t r = 0; r < b.size / columns; ++r) {
        const auto row = part(b).subspan(r * columns, columns);
        double sum = 0.0;
        for (const double v : row) sum += v;
        for (double& v : row) v = sum;
      }
    });
    plant("clipped", 0.0, {Pattern::clipped}, [&] {
      const auto g = part(weight());
      std::vector<double> sizes(g.begin(), g.end());
      for (double& v : sizes) v = std::abs(v);
      std::ranges::sort(sizes);
      const double limit = 0.999 * sizes[sizes.size() * 3 / 4];
      for (double& v : g) v = std::clamp(v, -limit, limit);
    });
    if (model_.per_example.size() < 2) return;
    gc::Hints hints;
    hints.suspects.push_back({"the gradient of the last example", model_.per_example.back()});
    plant(
        "not summed", 0.0, {Pattern::suspect}, [&] { g_ = model_.per_example.back(); }, hints);
    plant(
        "counted twice", 0.0, {Pattern::suspect},
        [&] {
          for (std::size_t i = 0; i < g_.size(); ++i) g_[i] += model_.per_example.back()[i];
        },
        hints);
  }

  void plant_histories() {
    gc::Hints hints;
    std::vector<double> before(model_.theta.values().begin(), model_.theta.values().end());
    std::normal_distribution<double> normal;
    for (double& v : before) v += 0.3 * std::abs(v) * normal(bits_);
    hints.previous.resize(before.size());
    model_.gradient(before, hints.previous);
    plant(
        "not zeroed", 0.0, {Pattern::accumulated},
        [&] {
          for (std::size_t i = 0; i < g_.size(); ++i) g_[i] += hints.previous[i];
        },
        hints);
  }

  void plant_regulariser() {
    if (model_.spec.l2 == 0.0) return;
    gc::Hints hints;
    hints.l2 = model_.spec.l2;
    for (const double times : {-1.0, 1.0, -0.5}) {
      plant(
          "L2 of J missing, twice, half", 0.0, {Pattern::l2},
          [&] {
            for (const gc::Block* b : weights_) {
              for (std::size_t i = b->offset; i < b->offset + b->size; ++i) {
                g_[i] += times * hints.l2 * model_.theta.values()[i];
              }
            }
          },
          hints);
    }
  }

  const Model& model_;
  bool single_;
  std::mt19937_64 bits_;
  std::vector<double> right_;
  std::vector<double> g_;
  std::vector<const gc::Block*> weights_;
  std::vector<const gc::Block*> biases_;
  std::vector<Mutant> mutants_;
};

}  // namespace

std::vector<Mutant> mutants_of(const Model& model, const std::vector<double>& sizes,
                               bool single_precision) {
  return Factory(model, single_precision).make(sizes);
}

std::vector<Model> mutant_models(unsigned seed) {
  std::vector<Model> models;
  const auto add = [&](Kind kind, auto change, const char* name) {
    ModelSpec spec;
    spec.kind = kind;
    spec.widths = {5, 6, 4, 3};
    if (kind == Kind::convolution || kind == Kind::recurrent) spec.widths = {4, 4, 3};
    spec.seed = seed;
    change(spec);
    models.push_back(make_model(spec));
    models.back().name = name;
  };
  const auto plain = [](ModelSpec&) {};
  add(Kind::tanh, plain, "tanh");
  add(Kind::relu, plain, "relu");
  add(Kind::maxpool, plain, "maxpool");
  add(Kind::hinge, plain, "hinge");
  add(Kind::convolution, plain, "convolution");
  add(Kind::recurrent, plain, "recurrent");
  add(
      Kind::tanh, [](ModelSpec& s) { s.l2 = 1e-2; }, "L2");
  add(
      Kind::tanh,
      [](ModelSpec& s) {
        s.l1 = 1e-3;
        s.l2 = 1e-4;
      },
      "L1 and L2");
  add(
      Kind::tanh, [](ModelSpec& s) { s.first_layer = 1e-6; }, "vanishing");
  for (std::size_t op = 0; op < op_count(); ++op) models.push_back(make_op(op, seed));
  return models;
}

gc::Options options_for(bool single_precision) {
  gc::Options options;
  if (single_precision) {
    // 32 roundings of the largest derivative are allowed for: 2e-6; the tolerance lies above.
    options.gradient_roundoff = 0x1p-24;
    options.tolerance = 1e-5;
  }
  return options;
}

Outcome try_mutant(const Model& model, const Mutant& mutant, bool single_precision) {
  gc::Options options = options_for(single_precision);
  options.hints = mutant.hints;
  const gc::Result result = gc::check(model.cost, mutant.gradient, model.theta, options);
  const auto& base = single_precision ? model.right_float : model.right;
  const auto touched = [&](const gc::BlockResult& block) {
    return !std::ranges::equal(std::span(mutant.gradient).subspan(block.offset, block.size),
                               std::span(base).subspan(block.offset, block.size));
  };
  Outcome outcome;
  outcome.caught = result.verdict == gc::Verdict::fail;
  outcome.open = result.verdict == gc::Verdict::inconclusive;
  outcome.blocks_right = true;
  for (const gc::BlockResult& block : result.blocks) {
    double error = 0.0;
    double largest = 0.0;
    bool finite = true;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      finite = finite && std::isfinite(mutant.gradient[i]);
      error = std::max(error, std::abs(mutant.gradient[i] - model.right[i]));
      largest = std::max({largest, std::abs(mutant.gradient[i]), std::abs(model.right[i])});
    }
    const bool above = !finite || error > block.detectable * largest;
    const bool failed = block.verdict == gc::Verdict::fail;
    outcome.above_floor = outcome.above_floor || above;
    if (above && !failed) outcome.blocks_right = false;
    if (failed && !touched(block)) outcome.blocks_right = false;
  }
  outcome.silent = outcome.above_floor && result.verdict == gc::Verdict::pass;
  if (!result.causes.empty()) outcome.pattern = result.causes.front().pattern;
  outcome.named = std::ranges::find(mutant.expected, outcome.pattern) != mutant.expected.end() &&
                  !result.causes.empty();
  return outcome;
}

}  // namespace gradcheck_test
