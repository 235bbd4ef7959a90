#include "benchmarks/families/number.hpp"

#include <cmath>

namespace families {

// Of libquadmath. Its header stands in a folder of GCC's own, where no other compiler looks.
extern "C" {
Quad expq(Quad);
Quad logq(Quad);
Quad log1pq(Quad);
Quad sqrtq(Quad);
Quad sinq(Quad);
Quad cosq(Quad);
Quad tanhq(Quad);
Quad atanq(Quad);
Quad lgammaq(Quad);
Quad erfq(Quad);
Quad fabsq(Quad);
}

namespace {

/// By recurrence up to where the asymptotic series has the digits of T.
template <class T>
T digamma_in(T x, T far) {
  T shift = T(0.0);
  for (; x < far; x = x + T(1.0)) shift = shift - T(1.0) / x;
  // B_2k / 2k.
  const T terms[] = {T(1.0) / T(12.0),   T(-1.0) / T(120.0),     T(1.0) / T(252.0),
                     T(-1.0) / T(240.0), T(1.0) / T(132.0),      T(-691.0) / T(32760.0),
                     T(1.0) / T(12.0),   T(-3617.0) / T(8160.0), T(43867.0) / T(14364.0)};
  T sum = log(x) - T(0.5) / x, power = T(1.0);
  for (const T term : terms) {
    power = power / (x * x);
    sum = sum - term * power;
  }
  return sum + shift;
}

}  // namespace

double exp(double x) { return std::exp(x); }
double log(double x) { return std::log(x); }
double log1p(double x) { return std::log1p(x); }
double sqrt(double x) { return std::sqrt(x); }
double sin(double x) { return std::sin(x); }
double cos(double x) { return std::cos(x); }
double tanh(double x) { return std::tanh(x); }
double atan(double x) { return std::atan(x); }
double lgamma(double x) { return std::lgamma(x); }
double digamma(double x) { return digamma_in(x, 12.0); }
double erf(double x) { return std::erf(x); }
double fabs(double x) { return std::fabs(x); }

Quad exp(Quad x) { return expq(x); }
Quad log(Quad x) { return logq(x); }
Quad log1p(Quad x) { return log1pq(x); }
Quad sqrt(Quad x) { return sqrtq(x); }
Quad sin(Quad x) { return sinq(x); }
Quad cos(Quad x) { return cosq(x); }
Quad tanh(Quad x) { return tanhq(x); }
Quad atan(Quad x) { return atanq(x); }
Quad lgamma(Quad x) { return lgammaq(x); }
Quad digamma(Quad x) { return digamma_in(x, static_cast<Quad>(60.0)); }
Quad erf(Quad x) { return erfq(x); }
Quad fabs(Quad x) { return fabsq(x); }

Single exp(Single x) { return Single::of(std::exp(x.v)); }
Single log(Single x) { return Single::of(std::log(x.v)); }
Single log1p(Single x) { return Single::of(std::log1p(x.v)); }
Single sqrt(Single x) { return Single::of(std::sqrt(x.v)); }
Single sin(Single x) { return Single::of(std::sin(x.v)); }
Single cos(Single x) { return Single::of(std::cos(x.v)); }
Single tanh(Single x) { return Single::of(std::tanh(x.v)); }
Single atan(Single x) { return Single::of(std::atan(x.v)); }
Single lgamma(Single x) { return Single::of(std::lgamma(x.v)); }
Single erf(Single x) { return Single::of(std::erf(x.v)); }
Single fabs(Single x) { return Single::of(std::fabs(x.v)); }

}  // namespace families
