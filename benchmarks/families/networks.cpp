// Small nets, with and without layers that normalise.
#include <array>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

template <class T>
using Vector = std::vector<T>;

/// Softmax over the outputs, then cross-entropy with one of them.
template <class T, class Mark>
T cross_entropy(const Vector<T>& z, std::size_t label, const Mark& mark, int k) {
  T total = 0.0;
  for (const T& v : z) total += exp(v);
  return mark(k, log(total)) - z[label];
}

Model softmax_regression(Random& random) {
  constexpr std::size_t classes = 3, inputs = 2, examples = 5;
  const auto x = random.normals(examples * inputs);
  return model("softmax regression", random.normals(classes * inputs), 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0, size = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      Vector<T> z(classes, T(0.0));
      for (std::size_t c = 0; c < classes; ++c) {
        z[c] = p[c * inputs] * x[k * inputs] + mark(0, p[c * inputs + 1] * x[k * inputs + 1]);
      }
      sum += cross_entropy(z, k % classes, mark, 1);
    }
    for (const T& v : p) size += square(v);
    return sum + mark(2, 0.1 * size);
  });
}

Model mlp(Random& random) {
  constexpr std::size_t inputs = 2, hidden = 3, examples = 4;
  const auto x = random.normals(examples * inputs), y = random.normals(examples);
  return model("MLP", random.normals(hidden * (inputs + 2) + 1), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      T out = mark(0, p[hidden * (inputs + 2)]);
      for (std::size_t j = 0; j < hidden; ++j) {
        const T z = p[2 * j] * x[2 * k] + p[2 * j + 1] * x[2 * k + 1] + mark(1, p[6 + j]);
        out += mark(2, p[9 + j]) * mark(3, tanh(z));
      }
      sum += 0.5 * square(out - y[k]);
    }
    return sum;
  });
}

/// Two hidden layers and some hundred weights.
Model deep(Random& random) {
  constexpr std::size_t inputs = 3, wide = 7, examples = 3;
  constexpr std::size_t first = wide * (inputs + 1), second = first + wide * (wide + 1);
  const auto x = random.normals(examples * inputs), y = random.normals(examples);
  return model("MLP of two layers", random.normals(second + wide, 0.6), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      std::array<T, wide> h;
      T out = -y[k];
      for (std::size_t j = 0; j < wide; ++j) {
        T z = mark(0, p[j * (inputs + 1) + inputs]);
        for (std::size_t i = 0; i < inputs; ++i) z += p[j * (inputs + 1) + i] * x[k * inputs + i];
        h[j] = mark(1, tanh(z));
      }
      for (std::size_t j = 0; j < wide; ++j) {
        const auto w = p.subspan(first + j * (wide + 1));
        T z = mark(2, w[wide]);
        for (std::size_t i = 0; i < wide; ++i) z += w[i] * h[i];
        out += mark(3, p[second + j]) * softplus(z);
      }
      sum += 0.5 * square(out);
    }
    return sum;
  });
}

Model layer_norm(Random& random) {
  constexpr std::size_t n = 4;
  const auto x = random.normals(n), t = random.normals(n);
  // Weights, gain and shift.
  return model("layer norm", random.normals(3 * n), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    Vector<T> a(n);
    T mean = 0.0, variance = 0.0, sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) a[i] = p[i] * x[i];
    for (const T& v : a) mean += v / 4.0;
    for (const T& v : a) variance += square(v - mean) / 4.0;
    const T scale = sqrt(mark(0, variance) + 1e-5);
    for (std::size_t i = 0; i < n; ++i) {
      const T z = (a[i] - mark(1, mean)) / scale;
      sum += 0.5 * square(mark(2, p[n + i]) * z + mark(3, p[2 * n + i]) - t[i]);
    }
    return sum;
  });
}

Model batch_norm(Random& random) {
  constexpr std::size_t examples = 5;
  const auto x = random.normals(2 * examples), t = random.normals(examples);
  return model("batch norm", random.normals(4), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    Vector<T> a(examples);
    T mean = 0.0, variance = 0.0, sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) a[k] = p[0] * x[2 * k] + p[1] * x[2 * k + 1];
    for (const T& v : a) mean += v / 5.0;
    for (const T& v : a) variance += square(v - mean) / 5.0;
    for (std::size_t k = 0; k < examples; ++k) {
      const T z = (a[k] - mark(0, mean)) / sqrt(mark(1, variance) + 1e-5);
      sum += square(tanh(mark(2, p[2]) * z + mark(3, p[3])) - t[k]);
    }
    return sum;
  });
}

Model convolution(Random& random) {
  constexpr std::size_t length = 8, taps = 3;
  const auto x = random.normals(length), t = random.normals(length - taps + 1);
  return model("convolution", random.normals(taps + 2), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i + taps <= length; ++i) {
      const T z = p[0] * x[i] + p[1] * x[i + 1] + mark(0, p[2] * x[i + 2]) + mark(1, p[3]);
      sum += square(mark(2, p[4]) * mark(3, softplus(z)) - t[i]);
    }
    return sum;
  });
}

Model recurrent(Random& random) {
  constexpr std::size_t steps = 6;
  const auto x = random.normals(steps), y = random.normals(steps);
  return model("recurrent net", random.normals(4, 0.7), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T h = 0.0, sum = 0.0;
    for (std::size_t t = 0; t < steps; ++t) {
      h = tanh(p[0] * x[t] + mark(0, p[1]) * mark(1, h) + mark(2, p[2]));
      sum += 0.5 * square(mark(3, p[3]) * h - y[t]);
    }
    return sum;
  });
}

/// A gated cell.
Model gated(Random& random) {
  constexpr std::size_t steps = 5;
  const auto x = random.normals(steps), y = random.normals(steps);
  return model("gated recurrent net", random.normals(6, 0.7), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T h = 0.0, sum = 0.0;
    for (std::size_t t = 0; t < steps; ++t) {
      const T open = sigmoid(p[0] * x[t] + p[1] * mark(0, h));
      const T reset = sigmoid(p[2] * x[t] + p[3] * h);
      const T next = tanh(p[4] * x[t] + p[5] * mark(1, reset) * h);
      h = mark(2, open) * next + (1.0 - mark(3, open)) * h;
      sum += square(h - y[t]);
    }
    return sum;
  });
}

Model attention(Random& random) {
  constexpr std::size_t tokens = 4;
  const auto x = random.normals(tokens), y = random.normals(tokens);
  // Query, key and value of one head of width one, and an output weight.
  return model("attention", random.normals(4), 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < tokens; ++i) {
      T total = 0.0, mixed = 0.0;
      for (std::size_t j = 0; j <= i; ++j) {
        const T weight = exp(mark(0, p[0] * x[i]) * (p[1] * x[j]));
        total += weight;
        mixed += mark(1, weight) * mark(2, p[2] * x[j]);
      }
      sum += square(p[3] * mixed / mark(3, total) - y[i]);
    }
    return sum;
  });
}

/// Rows of a table looked up, normalised to length one, compared by their cosines.
Model contrastive(Random& random) {
  constexpr std::size_t rows = 4, width = 2;
  return model("contrastive", random.normals(rows * width), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    const auto cosine = [&](std::size_t i, std::size_t j) {
      const T dot = p[2 * i] * p[2 * j] + p[2 * i + 1] * p[2 * j + 1];
      const T li = sqrt(square(p[2 * i]) + square(p[2 * i + 1]));
      const T lj = sqrt(square(p[2 * j]) + square(p[2 * j + 1]));
      return dot / (mark(0, li) * lj);
    };
    for (std::size_t i = 0; i < rows; ++i) {
      Vector<T> z;
      for (std::size_t j = 1; j < rows; ++j) z.push_back(2.0 * cosine(i, (i + j) % rows));
      sum += cross_entropy(z, 0, mark, 1);
    }
    return sum;
  });
}

}  // namespace

std::span<const DrawModel> networks() {
  static constexpr std::array<DrawModel, 10> all = {
      deep,        softmax_regression, mlp,   layer_norm, batch_norm,
      convolution, recurrent,          gated, attention,  contrastive};
  return all;
}

}  // namespace families
