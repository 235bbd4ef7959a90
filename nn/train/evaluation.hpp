#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/distributed/team.hpp"
#include "nn/train/metric.hpp"
#include "nn/train/step/batch_cost.hpp"

namespace dtheta::nn::detail {

/// The float32 values of a parameter or buffer, by its path.
struct NamedWeights {
  std::string path;
  Shape shape;
  std::span<const float> values;
};

/// The rows of a table as they are recorded: with `binary`, integer targets (n) as reals (n, 1);
/// with `no_labels`, zeros for integer targets, whose range is not known yet.
[[nodiscard]] Table rows_to_record(const TableView& table, std::span<const Index> rows, bool binary,
                                   bool no_labels = false);

/// Computes the cost, the outputs and metrics of a model in use, without dropout, batch by batch.
/// Recorded when it is first needed, once for each size of a batch.
class Evaluation {
 public:
  /// How it is asked, and what stands before the messages of its errors.
  struct Options {
    const char* who = "trainer";
    bool binary = false;  ///< see rows_to_record
    unsigned threads = 1;
    Index batch_size = 256;
  };
  /// `like` has the columns, and examples of the shapes, that will come.
  Evaluation(const ModelView& model, BatchCost cost, const TableView& like, Options options);

  struct Result {
    double cost = 0;  ///< the mean over the examples
    std::vector<double> metrics{};
  };
  /// Of some rows. Throws ShapeError or TypeError for columns that do not fit, StateError where
  /// metrics are asked for and the cost function gives no output. In a team all ranks must ask:
  /// each computes some of the batches, and all have the result.
  [[nodiscard]] Result run(const TableView& data, std::span<const Index> rows,
                           std::span<const Metric> metrics, std::span<const NamedWeights> weights,
                           bool with_cost = true, Team* team = nullptr);
  /// The outputs of all rows; only the columns that they depend on are read.
  [[nodiscard]] Tensor predict(const TableView& data, std::span<const NamedWeights> weights);

 private:
  struct Compiled {
    Tape tape{DType::float32};
    RecordedCost cost{};
    Var last{};  ///< of what is computed
    std::optional<Workspace<float>> workspace{};
  };

  /// Computes batch after batch of `rows`; `use` is called with the program, which has run, and its
  /// rows.
  template <class F>
  void for_each_batch(const TableView& data, std::span<const Index> rows,
                      std::span<const NamedWeights> weights, bool with_cost, F use);
  /// Puts what the model says of a batch behind `said`: the cost and the outputs, as asked for.
  void append(const Compiled& program, bool with_cost, bool with_outputs,
              std::vector<float>& said) const;
  Compiled& compiled(Index size, bool with_cost);
  void load(Compiled& program, const TableView& data, std::span<const Index> rows) const;
  /// Throws what the plan throws, with the op and its layer behind the message where it met an index
  /// that it cannot take.
  void run(Compiled& program, std::span<const Index> rows) const;
  static void set(Compiled& program, std::span<const NamedWeights> weights);
  void require_fits(const TableView& data, const Compiled& program) const;

  ModelView model_;
  BatchCost cost_;
  TableView like_;
  Options options_;
  std::map<std::pair<Index, bool>, std::unique_ptr<Compiled>> compiled_;
};

}  // namespace dtheta::nn::detail
