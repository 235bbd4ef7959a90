#pragma once

#include <array>
#include <string_view>

#include "autodiff/kernels/gru.hpp"
#include "autodiff/kernels/lstm.hpp"
#include "autodiff/kernels/rnn.hpp"

namespace dtheta::gradcheck {

/// One step of a cell, for `samples` rows of `hidden` units.
template <class T>
struct CellStep {
  Index samples = 0, hidden = 0;
  T* sums =
      nullptr;  // (samples, gates hidden): the state's part, of a cell without x apart with that of x
  const T* x = nullptr;  // likewise: the part of x, where it is apart
  const T *h_before = nullptr, *c_before = nullptr;
  std::array<T*, detail::lstm_blocks> kept{};  // what the step leaves behind, h first
};

struct LstmCell {
  static constexpr std::string_view name = "lstm_probes";
  static constexpr Index gates = 4, blocks = detail::lstm_blocks;
  static constexpr bool x_apart = false, memory = true;

  template <class T>
  static void step(const CellStep<T>& s) {
    const auto of = [&](detail::LstmBlock b) { return s.kept[static_cast<std::size_t>(b)]; };
    detail::lstm_step<T>({.samples = static_cast<std::size_t>(s.samples),
                          .hidden = static_cast<std::size_t>(s.hidden),
                          .gates = s.sums,
                          .c_before = s.c_before,
                          .i = of(detail::LstmBlock::i),
                          .f = of(detail::LstmBlock::f),
                          .g = of(detail::LstmBlock::g),
                          .o = of(detail::LstmBlock::o),
                          .c = of(detail::LstmBlock::c),
                          .h = of(detail::LstmBlock::h)});
  }
};

/// The reset gate works on the product of n alone, so that what x contributes stays apart.
struct GruCell {
  static constexpr std::string_view name = "gru_probes";
  static constexpr Index gates = 3, blocks = detail::gru_blocks;
  static constexpr bool x_apart = true, memory = false;

  template <class T>
  static void step(const CellStep<T>& s) {
    const auto of = [&](detail::GruBlock b) { return s.kept[static_cast<std::size_t>(b)]; };
    detail::gru_step<T>({.samples = static_cast<std::size_t>(s.samples),
                         .hidden = static_cast<std::size_t>(s.hidden),
                         .x = s.x,
                         .product = s.sums,
                         .h_before = s.h_before,
                         .r = of(detail::GruBlock::r),
                         .z = of(detail::GruBlock::z),
                         .n = of(detail::GruBlock::n),
                         .q = of(detail::GruBlock::q),
                         .h = of(detail::GruBlock::h)});
  }
};

struct RnnCell {
  static constexpr std::string_view name = "rnn_probes";
  static constexpr Index gates = 1, blocks = 1;
  static constexpr bool x_apart = false, memory = false;

  template <class T>
  static void step(const CellStep<T>& s) {
    std::copy_n(s.sums, s.samples * s.hidden, s.kept[0]);
    detail::tanh_in_place(s.samples * s.hidden, s.kept[0]);
  }
};

}  // namespace dtheta::gradcheck
