// Training with several ranks: what a step sends and how long that takes here, and how well larger
// numbers of ranks would do by a model of it.
//
//   mpirun -n 2 build/benchmarks/distributed [--quick]
//
// Compute times are measured on rank 0 alone, while the others wait; those of the link between
// ranks 0 and 1. docs/distributed.md says what the model assumes.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <ctime>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "nn/distributed/mpi.hpp"
#include "nn/distributed/tree_sum.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Of the processor: what one thread computes, however busy others keep the machine.
double processor_seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// The least of some: others who compute on the machine only ever add to a time.
double least_of(int times, const std::function<double()>& one) {
  double least = one();
  for (int i = 1; i < times; ++i) least = std::min(least, one());
  return least;
}

struct Net {
  std::string name;
  std::function<nn::Sequential()> make;
};

const std::vector<Net> nets{
    {"784-128-10",
     [] {
       return nn::Sequential{nn::Linear(784, 128), nn::Activation::relu, nn::Linear(128, 10)};
     }},
    {"LeNet",
     [] {
       return nn::Sequential{nn::Reshape({1, 28, 28}), nn::Conv2d(1, 6, 5, {.padding = nn::same}),
                             nn::Activation::relu,     nn::MaxPool2d(2),
                             nn::Conv2d(6, 16, 5),     nn::Activation::relu,
                             nn::MaxPool2d(2),         nn::Flatten(),
                             nn::Linear(400, 120),     nn::Activation::relu,
                             nn::Linear(120, 84),      nn::Activation::relu,
                             nn::Linear(84, 10)};
     }},
    {"784-1024-1024-10", [] {
       return nn::Sequential{nn::Linear(784, 1024), nn::Activation::relu, nn::Linear(1024, 1024),
                             nn::Activation::relu, nn::Linear(1024, 10)};
     }}};

constexpr Index rows_of_part = 32;

nn::Dataset some_data(Index rows) {
  nn::Dataset data{nn::normal({rows, 784}, 0, 1, {7, 0}), Tensor(Shape{rows}, DType::int64)};
  const std::span<Index> labels = data.labels.data<Index>();
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<Index>(i % 10);
  return data;
}

struct Step {
  double seconds = 0;
  nn::Traffic traffic{};
};

/// One step of so many parts, as the fastest of some.
Step step_of(const Net& net, Index parts, nn::Team* team, int steps) {
  nn::Sequential model = net.make();
  nn::initialize(model, 1);
  const nn::Dataset data = some_data(rows_of_part * parts);
  nn::TrainerOptions options{.batch_size = rows_of_part * parts, .micro_batches = parts};
  options.team = team;
  options.progress = false;
  nn::Trainer trainer(model, data, options);
  trainer.run_step();
  Step best;
  // Every step is an epoch here, at whose beginning the ranks compare what they have: not timed,
  // and not counted, as an epoch has many steps.
  const auto& seconds = team == nullptr ? processor_seconds_of : seconds_of;
  best.seconds = least_of(steps, [&] { return seconds([&] { trainer.run_step(); }); });
  if (team != nullptr) best.traffic = team->traffic();
  return best;
}

/// What a network costs that carries messages.
struct Link {
  std::string name;
  double latency;    ///< s, from one rank to another
  double a_message;  ///< s that each further one takes
  double bandwidth;  ///< bytes/s out of a rank, and as many into it
};

/// There and back, halved.
double one_way(nn::Team& team, std::size_t bytes, int times) {
  std::vector<std::byte> data(bytes);
  const int other = 1 - team.rank();
  return least_of(times, [&] {
    return 0.5 * seconds_of([&] {
             for (int turn = 0; turn < 2; ++turn) {
               const bool sends = turn == team.rank();
               const auto ticket = sends ? team.send(other, data) : team.receive(other, data);
               team.wait(std::span(&ticket, 1), "an echo");
             }
           });
  });
}

double each_of_many(nn::Team& team, int times) {
  constexpr int count = 512;
  std::vector<std::byte> data(count * 2);
  const int other = 1 - team.rank();
  return least_of(times, [&] {
    return seconds_of([&] {
             std::vector<nn::Team::Ticket> tickets;
             for (std::size_t i = 0; i < count; ++i) {
               tickets.push_back(team.receive(other, std::span(data).subspan(i, 1)));
               tickets.push_back(team.send(other, std::span(data).subspan(count + i, 1)));
             }
             team.wait(tickets, "many small messages");
           }) /
           count;
  });
}

Link measured_link(nn::Team& team, int times) {
  constexpr std::size_t large = std::size_t{1} << 22;
  Link link{"between two ranks here", 0, 0, 0};
  if (team.rank() < 2) {
    link.latency = one_way(team, 1, 20 * times);
    link.a_message = each_of_many(team, times);
    link.bandwidth = static_cast<double>(large) / one_way(team, large, times);
  }
  return link;
}

struct Costs {
  std::string name;
  double parameters = 0;
  double part = 0;   ///< s, forward and backward of a part and its place in the sum
  double fixed = 0;  ///< s, the optimiser's step and all that is done once
  double add = 0;    ///< s to add one number to another
};

double communication(const Costs& c, const Link& link, int ranks) {
  if (ranks == 1) return 0;
  const double r = ranks, bytes = 4 * c.parameters * (r - 1) / r;
  const double buckets = std::ceil(c.parameters / nn::detail::TreeSum::default_bucket);
  return 2 * (link.latency + (r - 1) * buckets * link.a_message + bytes / link.bandwidth) +
         c.parameters * (r - 1) / r * c.add;
}

void print_model(const Costs& c, const Link& link) {
  constexpr int parts = 1024;
  fmt::print("{}, {}: latency {:.1f} us, {:.2f} us a message, {:.2f} GB/s\n", c.name, link.name,
             1e6 * link.latency, 1e6 * link.a_message, 1e-9 * link.bandwidth);
  fmt::print("  ranks  step, ms  communication, ms  efficiency with a part each  of 1,024 parts\n");
  for (int ranks = 1; ranks <= parts; ranks *= 2) {
    const double talk = communication(c, link, ranks), alone = c.part + c.fixed;
    const double weak = alone / (alone + talk);
    const double all = parts * c.part + c.fixed;
    const double strong = all / (ranks * (parts / ranks * c.part + c.fixed + talk));
    fmt::print("  {:>5}  {:>8.3f}  {:>17.3f}  {:>25.0f} %  {:>12.0f} %\n", ranks,
               1e3 * (alone + talk), 1e3 * talk, 100 * weak, 100 * strong);
  }
}

double add_seconds(int times) {
  std::vector<float> a(1 << 20, 1.0F), b(1 << 20, 2.0F);
  return least_of(times, [&] {
    return processor_seconds_of([&] {
             for (std::size_t i = 0; i < a.size(); ++i) a[i] += b[i];
           }) /
           static_cast<double>(a.size());
  });
}

void run(nn::Team& team, bool quick) {
  const int times = quick ? 5 : 50;
  Link here{};
  if (team.size() > 1) here = measured_link(team, times);
  const std::vector<Link> assumed{{"Ethernet, 25 Gb/s, TCP", 20e-6, 2e-6, 2.5e9},
                                  {"InfiniBand, 200 Gb/s", 1.5e-6, 0.3e-6, 22e9}};
  for (const Net& net : nets) {
    Costs c{.name = net.name};
    if (team.leads()) {
      nn::Sequential model = net.make();
      nn::initialize(model, 1);
      for (const nn::Parameter* p : nn::parameters_of(model)) {
        c.parameters += static_cast<double>(p->value.size());
      }
      const double four = step_of(net, 4, nullptr, times).seconds;
      const double eight = step_of(net, 8, nullptr, times).seconds;
      c.part = (eight - four) / 4;
      c.fixed = std::max(0.0, four - 4 * c.part);
      c.add = add_seconds(times);
      fmt::print(
          "\n{}: {:.0f} parameters, parts of {} rows; a part {:.3f} ms, once a step {:.3f} ms\n",
          net.name, c.parameters, rows_of_part, 1e3 * c.part, 1e3 * c.fixed);
    }
    if (team.size() > 1) {
      // The others have waited: let all begin together.
      static_cast<void>(nn::anywhere(team, 0, "rank 0's measurements"));
      const nn::Traffic before = team.traffic();
      const int steps = times;
      const Step shared = step_of(net, 8, &team, steps);
      const double each = 1.0 / (steps + 1);
      if (team.leads()) {
        fmt::print(
            "  8 parts on {} ranks: {:.3f} ms a step; rank 0 sends {:.0f} messages and {:.3f} MB a "
            "step and waits {:.3f} ms\n",
            team.size(), 1e3 * shared.seconds,
            static_cast<double>(shared.traffic.messages - before.messages) * each,
            1e-6 * static_cast<double>(shared.traffic.bytes - before.bytes) * each,
            1e3 * (shared.traffic.seconds - before.seconds) * each);
      }
    }
    if (!team.leads()) continue;
    if (team.size() > 1) print_model(c, here);
    for (const Link& link : assumed) print_model(c, link);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = argc > 1 && std::string(argv[1]) == "--quick";
  // While rank 0 measures alone, others wait for it.
  nn::Mpi mpi(argc, argv, {.patience_seconds = 300});
  try {
    run(mpi.team(), quick);
    return 0;
  } catch (const std::exception& e) {
    mpi.abort(e.what());
  }
}
