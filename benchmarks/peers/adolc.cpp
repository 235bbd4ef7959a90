// The scalar cases by ADOL-C: a trace that is recorded once, or anew each time, and its gradient.

#include <adolc/adolc.h>

#include <array>
#include <memory>
#include <utility>

#include "benchmarks/adbench/bundle.hpp"
#include "benchmarks/adbench/hand_model.hpp"
#include "benchmarks/adbench/input.hpp"
#include "benchmarks/cases.hpp"
#include "benchmarks/work.hpp"

namespace dtheta::bench {
namespace {

constexpr short trace = 1;

/// A function of many numbers, its trace and its gradient.
struct Traced {
  virtual ~Traced() = default;
  [[nodiscard]] virtual adouble value(const std::vector<adouble>& x) const = 0;

  void record() {
    trace_on(trace);
    std::vector<adouble> x(point.size());
    for (std::size_t i = 0; i < x.size(); ++i) x[i] <<= point[i];
    value(x) >>= cost;
    trace_off();
  }
  void differentiate() {
    gradient.resize(point.size());
    ::gradient(trace, static_cast<int>(point.size()), point.data(), gradient.data());
  }
  [[nodiscard]] double norm() const {
    double sum = 0;
    for (const double g : gradient) sum += g * g;
    return std::sqrt(sum);
  }

  std::vector<double> point, gradient;
  double cost = 0;
};

struct Chain : Traced {
  explicit Chain(std::size_t width) : width(width) {
    for (const auto& [stream, scale, offset] :
         {std::array{0.0, 1.0, 0.0}, {1.0, 0.01, 1.0}, {2.0, 0.01, 0.0}}) {
      for (const float v :
           numbers<float>(width, static_cast<std::uint64_t>(stream), scale, offset)) {
        point.push_back(static_cast<double>(v));
      }
    }
  }
  [[nodiscard]] adouble value(const std::vector<adouble>& x) const override {
    adouble sum = 0;
    for (std::size_t j = 0; j < width; ++j) {
      adouble y = x[j];
      for (int i = 0; i < chain_ops / 2; ++i) {
        y = y * x[width + j];
        y = y + x[2 * width + j];
      }
      sum += y;
    }
    return sum;
  }
  std::size_t width;
};

adouble log_sum_exp(const std::vector<adouble>& v) {
  double top = v[0].value();  // any number near it will do: it cancels
  for (const adouble& e : v) top = std::max(top, e.value());
  adouble sum = 0;
  for (const adouble& e : v) sum += exp(e - top);
  return top + log(sum);
}

struct Mixture : Traced {
  explicit Mixture(const std::string& name) : in(adbench::read_gmm(name)) {
    for (const auto* part : {&in.alpha, &in.mu, &in.icf}) {
      point.insert(point.end(), part->begin(), part->end());
    }
  }
  [[nodiscard]] adouble value(const std::vector<adouble>& p) const override {
    const auto d = static_cast<std::size_t>(in.d), count = static_cast<std::size_t>(in.k);
    const std::size_t size = d * (d + 1) / 2;
    const adouble *mu = p.data() + count, *icf = mu + count * d;
    std::vector<adouble> diagonal(count * d), log_sum(count), term(count), mapped(d);
    adouble squares = 0, logs = 0, cost = 0;
    for (std::size_t k = 0; k < count; ++k) {
      log_sum[k] = 0;
      for (std::size_t j = 0; j < d; ++j) {
        diagonal[k * d + j] = exp(icf[k * size + j]);
        log_sum[k] += icf[k * size + j];
        squares += diagonal[k * d + j] * diagonal[k * d + j];
      }
      for (std::size_t j = d; j < size; ++j) squares += icf[k * size + j] * icf[k * size + j];
      logs += log_sum[k];
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(in.n); ++i) {
      for (std::size_t k = 0; k < count; ++k) {
        const adouble* below = icf + k * size + d;
        for (std::size_t j = 0; j < d; ++j)
          mapped[j] = diagonal[k * d + j] * (in.x[i * d + j] - mu[k * d + j]);
        for (std::size_t j = 0; j < d; ++j) {
          const adouble offset = in.x[i * d + j] - mu[k * d + j];
          for (std::size_t r = j + 1; r < d; ++r) mapped[r] += *below++ * offset;
        }
        adouble distance = 0;
        for (const adouble& m : mapped) distance += m * m;
        term[k] = p[k] + log_sum[k] - 0.5 * distance;
      }
      cost += log_sum_exp(term);
    }
    const std::vector<adouble> alpha(p.begin(), p.begin() + in.k);
    return cost + adbench::constant_term(in) - in.n * log_sum_exp(alpha) +
           0.5 * in.gamma * in.gamma * squares - in.m * logs;
  }
  adbench::GmmInput in;
};

struct Recurrent : Traced {
  Recurrent() : in(adbench::read_lstm()) {
    point = in.main;
    point.insert(point.end(), in.extra.begin(), in.extra.end());
  }
  [[nodiscard]] adouble value(const std::vector<adouble>& p) const override {
    const auto b = static_cast<std::size_t>(in.b), layers = static_cast<std::size_t>(in.l);
    const auto steps = static_cast<std::size_t>(in.c) - 1;
    const adouble *in_weight = p.data() + in.main.size(), *out_weight = in_weight + b;
    const adouble* out_bias = out_weight + b;
    const auto sigmoid = [](const adouble& x) -> adouble { return 1 / (1 + exp(-x)); };
    std::vector<adouble> h(layers * b), c(layers * b), x(b), y(b);
    for (std::size_t k = 0; k < layers; ++k) {
      for (std::size_t j = 0; j < b; ++j) {
        h[k * b + j] = in.state[2 * k * b + j];
        c[k * b + j] = in.state[(2 * k + 1) * b + j];
      }
    }
    adouble fit = 0;
    for (std::size_t t = 0; t < steps; ++t) {
      for (std::size_t j = 0; j < b; ++j) x[j] = in.sequence[t * b + j] * in_weight[j];
      for (std::size_t k = 0; k < layers; ++k) {
        const adouble *w = p.data() + 8 * k * b, *v = w + 4 * b;
        for (std::size_t j = 0; j < b; ++j) {
          adouble &hj = h[k * b + j], &cj = c[k * b + j];
          const adouble forget = sigmoid(x[j] * w[j] + v[j]);
          const adouble let_in = sigmoid(hj * w[b + j] + v[b + j]);
          const adouble out = sigmoid(x[j] * w[2 * b + j] + v[2 * b + j]);
          cj = cj * forget + let_in * tanh(hj * w[3 * b + j] + v[3 * b + j]);
          hj = out * tanh(cj);
          x[j] = hj;
        }
      }
      adouble sum = 2;
      for (std::size_t j = 0; j < b; ++j) {
        y[j] = x[j] * out_weight[j] + out_bias[j];
        sum += exp(y[j]);
      }
      const adouble log_sum = log(sum);
      for (std::size_t j = 0; j < b; ++j) fit += in.sequence[(t + 1) * b + j] * (y[j] - log_sum);
    }
    return -fit / static_cast<double>(steps * b);
  }
  adbench::LstmInput in;
};

/// One reprojection error, traced once: its row of the Jacobian is asked for at each observation.
struct Bundle {
  Bundle() : in(adbench::bundle_case()) {
    trace_on(trace);
    std::vector<adouble> x(adbench::row_size + 2);  // the last two are the feature
    for (std::size_t j = 0; j < x.size(); ++j) x[j] <<= 1.0 + static_cast<double>(j);
    auto [rx, ry] = error(x.data());
    double out;
    rx >>= out;
    ry >>= out;
    trace_off();
  }

  void run() {
    constexpr int inputs = adbench::row_size + 2;
    std::array<double, inputs> x{}, first{}, second{};
    double* rows[2] = {first.data(), second.data()};
    square_sum = 0;
    for (std::size_t i = 0; i < in.weights.size(); ++i) {
      const double* camera =
          &in.camera_values[static_cast<std::size_t>(in.camera[i] * adbench::camera_size)];
      const double* point =
          &in.point_values[static_cast<std::size_t>(in.point[i] * adbench::point_size)];
      std::copy_n(camera, adbench::camera_size, x.begin());
      std::copy_n(point, adbench::point_size, x.begin() + adbench::camera_size);
      x[adbench::row_size - 1] = in.weights[i];
      std::copy_n(&in.features[2 * i], 2, x.begin() + adbench::row_size);
      // A camera that is not turned takes the other branch, which this trace does not have.
      const bool turned = x[0] != 0 || x[1] != 0 || x[2] != 0;
      if (!turned) x[0] = 1e-12;
      jacobian(trace, 2, inputs, x.data(), rows);
      for (int j = 0; j < adbench::row_size; ++j)
        square_sum += first[j] * first[j] + second[j] * second[j];
      square_sum += 4 * in.weights[i] * in.weights[i];
    }
  }

  static std::pair<adouble, adouble> error(const adouble* x) {
    const adouble *v = x, *centre = x + 3, *intrinsic = x + 6, *point = x + 11, *feature = x + 15;
    const adouble angle = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    const adouble u[3] = {v[0] / angle, v[1] / angle, v[2] / angle};
    const adouble X[3] = {point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]};
    const adouble c = cos(angle), s = sin(angle);
    const adouble along = (1 - c) * (u[0] * X[0] + u[1] * X[1] + u[2] * X[2]);
    adouble Y[3];
    for (int j = 0; j < 3; ++j) {
      const int k = (j + 1) % 3, l = (j + 2) % 3;
      Y[j] = c * X[j] + s * (u[k] * X[l] - u[l] * X[k]) + along * u[j];
    }
    const adouble px = Y[0] / Y[2], py = Y[1] / Y[2], square_radius = px * px + py * py;
    const adouble scale = intrinsic[0] * (1 + intrinsic[3] * square_radius +
                                          intrinsic[4] * square_radius * square_radius);
    return {x[14] * (scale * px + intrinsic[1] - feature[0]),
            x[14] * (scale * py + intrinsic[2] - feature[1])};
  }

  adbench::BundleInput in;
  double square_sum = 0;
};

/// The errors of a hand, traced once, and the whole of their Jacobian.
struct Hand {
  Hand() : in(adbench::make_hand()), rows(3 * in.points, std::vector<double>(in.theta.size())) {
    trace_on(trace);
    std::vector<adouble> x(in.theta.size());
    for (std::size_t j = 0; j < x.size(); ++j) x[j] <<= in.theta[j];
    double out;
    for (adouble& e : adbench::hand_errors(in, x)) e >>= out;
    trace_off();
    for (std::vector<double>& row : rows) to.push_back(row.data());
  }
  void run() {
    jacobian(trace, static_cast<int>(rows.size()), static_cast<int>(in.theta.size()),
             in.theta.data(), to.data());
  }
  [[nodiscard]] double norm() const {
    double sum = 0;
    for (const std::vector<double>& row : rows)
      for (const double v : row) sum += v * v;
    return std::sqrt(sum);
  }

  adbench::HandInput in;
  std::vector<std::vector<double>> rows;
  std::vector<double*> to;
};

Work work_of(const std::shared_ptr<Traced>& f, bool anew) {
  f->record();
  return {[f, anew] {
            if (anew) f->record();
            f->differentiate();
          },
          [f] { return f->norm(); }};
}

Work chain(std::size_t width, bool anew) {
  const auto f = std::make_shared<Chain>(width);
  Work work = work_of(f, anew);
  work.value = [f] { return f->cost; };
  work.pieces = chain_ops;
  return work;
}

Work make(const std::string& name, int threads) {
  if (threads != 1) return {};
  if (name.starts_with("chain-"))
    return chain(name.starts_with("chain-16") ? 16 : 1, name.ends_with("record"));
  if (name == "ba") {
    const auto b = std::make_shared<Bundle>();
    return {[b] { b->run(); }, [b] { return std::sqrt(b->square_sum); }};
  }
  if (name == "hand") {
    const auto h = std::make_shared<Hand>();
    return {[h] { h->run(); }, [h] { return h->norm(); }};
  }
  if (name == "gmm-25" || name == "gmm-50") return work_of(std::make_shared<Mixture>(name), false);
  if (name == "lstm") return work_of(std::make_shared<Recurrent>(), false);
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
