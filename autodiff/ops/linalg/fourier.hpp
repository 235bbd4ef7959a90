#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Discrete Fourier transforms along one axis. Complex values are pairs of real ones of one shape.

struct ComplexPair {
  Var real;
  Var imaginary;
};

/// What a transform and its inverse are divided by, of n elements: backward divides the inverse by
/// n, forward the transform, orthogonal both by the root of n.
enum class FourierNorm { backward, forward, orthogonal };

/// X[k] = sum over j of x[j] exp(-2 pi i j k / n), and its inverse, with the sign of the exponent
/// changed. Throws ShapeError for parts of different shapes and an axis of no elements.
ComplexPair fft(const ComplexPair& x, int axis = -1, FourierNorm norm = FourierNorm::backward);
ComplexPair ifft(const ComplexPair& x, int axis = -1, FourierNorm norm = FourierNorm::backward);
/// The first n / 2 + 1 elements of the transform of real values; the others are their conjugates.
ComplexPair rfft(Arg x, int axis = -1, FourierNorm norm = FourierNorm::backward);
/// The n real values that have this transform: the inverse of rfft, for an n that it has halved
/// (ShapeError). Imaginary parts that would make them complex, those of the first element and of
/// the last for an even n, do not count.
Var irfft(const ComplexPair& x, Index n, int axis = -1, FourierNorm norm = FourierNorm::backward);
/// The same along the last two axes.
ComplexPair fft2(const ComplexPair& x, FourierNorm norm = FourierNorm::backward);
ComplexPair ifft2(const ComplexPair& x, FourierNorm norm = FourierNorm::backward);

}  // namespace dtheta
