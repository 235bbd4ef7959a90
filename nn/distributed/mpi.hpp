#pragma once

#include <memory>
#include <string_view>

#include "nn/distributed/team.hpp"

namespace dtheta::nn {

/// MPI, by Boost.MPI, for as long as it lives: made at the beginning of main, once, by the thread
/// that uses it.
///
///   int main(int argc, char** argv) {
///     nn::Mpi mpi(argc, argv);
///     options.team = &mpi.team();
///
/// All processes that mpirun has started are ranks of one team; a program that was started without
/// mpirun is a team of one. Errors of MPI are exceptions here. Where a rank was lost, or main is
/// left by an exception, MPI cannot end in order, and the destructor ends the processes that are
/// left (MPI_Abort); so say what happened before that.
class Mpi {
 public:
  struct Options {
    double patience_seconds = 30;  ///< for a rank that does not answer
  };
  Mpi(int& argc, char**& argv) : Mpi(argc, argv, Options{}) {}
  Mpi(int& argc, char**& argv, const Options& options);
  ~Mpi();
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;

  [[nodiscard]] Team& team();
  /// Ends all ranks, for the reason given, which stands on stderr. For who caught an error that the
  /// others do not know of.
  [[noreturn]] void abort(std::string_view why);

 private:
  class Session;
  std::unique_ptr<Session> session_;
};

}  // namespace dtheta::nn
