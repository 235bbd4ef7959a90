#include "autodiff/scalar/quad.hpp"

#if __LDBL_MANT_DIG__ == 113
#include <cmath>
#endif

namespace dtheta {

#if __LDBL_MANT_DIG__ != 113
// Its header stands in a folder of GCC's own, where no other compiler looks.
namespace libquadmath {
using N = Quad::Native;
extern "C" {
N fabsq(N);
N sqrtq(N);
N cbrtq(N);
N expq(N);
N exp2q(N);
N expm1q(N);
N logq(N);
N log2q(N);
N log10q(N);
N log1pq(N);
N sinq(N);
N cosq(N);
N tanq(N);
N asinq(N);
N acosq(N);
N atanq(N);
N sinhq(N);
N coshq(N);
N tanhq(N);
N asinhq(N);
N acoshq(N);
N atanhq(N);
N erfq(N);
N erfcq(N);
N lgammaq(N);
N floorq(N);
N ceilq(N);
N truncq(N);
N rintq(N);
N nearbyintq(N);
N powq(N, N);
N hypotq(N, N);
N atan2q(N, N);
N fmodq(N, N);
N copysignq(N, N);
N ldexpq(N, int);
int isnanq(N);
int finiteq(N);
int isinfq(N);
int signbitq(N);
}
}  // namespace libquadmath
#endif

namespace {

// One spelling of each function below: libquadmath suffixes its names, <cmath> overloads them.
#if __LDBL_MANT_DIG__ == 113
namespace native = std;
#else
namespace native {
using namespace libquadmath;
N fabs(N x) { return fabsq(x); }
N sqrt(N x) { return sqrtq(x); }
N cbrt(N x) { return cbrtq(x); }
N exp(N x) { return expq(x); }
N exp2(N x) { return exp2q(x); }
N expm1(N x) { return expm1q(x); }
N log(N x) { return logq(x); }
N log2(N x) { return log2q(x); }
N log10(N x) { return log10q(x); }
N log1p(N x) { return log1pq(x); }
N pow(N x, N y) { return powq(x, y); }
N hypot(N x, N y) { return hypotq(x, y); }
N sin(N x) { return sinq(x); }
N cos(N x) { return cosq(x); }
N tan(N x) { return tanq(x); }
N asin(N x) { return asinq(x); }
N acos(N x) { return acosq(x); }
N atan(N x) { return atanq(x); }
N atan2(N y, N x) { return atan2q(y, x); }
N sinh(N x) { return sinhq(x); }
N cosh(N x) { return coshq(x); }
N tanh(N x) { return tanhq(x); }
N asinh(N x) { return asinhq(x); }
N acosh(N x) { return acoshq(x); }
N atanh(N x) { return atanhq(x); }
N erf(N x) { return erfq(x); }
N erfc(N x) { return erfcq(x); }
N lgamma(N x) { return lgammaq(x); }
N floor(N x) { return floorq(x); }
N ceil(N x) { return ceilq(x); }
N trunc(N x) { return truncq(x); }
N rint(N x) { return rintq(x); }
N nearbyint(N x) { return nearbyintq(x); }
N fmod(N x, N y) { return fmodq(x, y); }
N copysign(N x, N s) { return copysignq(x, s); }
N ldexp(N x, int e) { return ldexpq(x, e); }
bool isnan(N x) { return isnanq(x) != 0; }
bool isfinite(N x) { return finiteq(x) != 0; }
bool isinf(N x) { return isinfq(x) != 0; }
bool signbit(N x) { return signbitq(x) != 0; }
}  // namespace native
#endif

Quad wrap(Quad::Native v) { return Quad::from_native(v); }

}  // namespace

Quad abs(Quad x) { return wrap(native::fabs(x.native())); }
Quad fabs(Quad x) { return wrap(native::fabs(x.native())); }
Quad sqrt(Quad x) { return wrap(native::sqrt(x.native())); }
Quad cbrt(Quad x) { return wrap(native::cbrt(x.native())); }
Quad exp(Quad x) { return wrap(native::exp(x.native())); }
Quad exp2(Quad x) { return wrap(native::exp2(x.native())); }
Quad expm1(Quad x) { return wrap(native::expm1(x.native())); }
Quad log(Quad x) { return wrap(native::log(x.native())); }
Quad log2(Quad x) { return wrap(native::log2(x.native())); }
Quad log10(Quad x) { return wrap(native::log10(x.native())); }
Quad log1p(Quad x) { return wrap(native::log1p(x.native())); }
Quad pow(Quad x, Quad y) { return wrap(native::pow(x.native(), y.native())); }
Quad hypot(Quad x, Quad y) { return wrap(native::hypot(x.native(), y.native())); }
Quad sin(Quad x) { return wrap(native::sin(x.native())); }
Quad cos(Quad x) { return wrap(native::cos(x.native())); }
Quad tan(Quad x) { return wrap(native::tan(x.native())); }
Quad asin(Quad x) { return wrap(native::asin(x.native())); }
Quad acos(Quad x) { return wrap(native::acos(x.native())); }
Quad atan(Quad x) { return wrap(native::atan(x.native())); }
Quad atan2(Quad y, Quad x) { return wrap(native::atan2(y.native(), x.native())); }
Quad sinh(Quad x) { return wrap(native::sinh(x.native())); }
Quad cosh(Quad x) { return wrap(native::cosh(x.native())); }
Quad tanh(Quad x) { return wrap(native::tanh(x.native())); }
Quad asinh(Quad x) { return wrap(native::asinh(x.native())); }
Quad acosh(Quad x) { return wrap(native::acosh(x.native())); }
Quad atanh(Quad x) { return wrap(native::atanh(x.native())); }
Quad erf(Quad x) { return wrap(native::erf(x.native())); }
Quad erfc(Quad x) { return wrap(native::erfc(x.native())); }
Quad lgamma(Quad x) { return wrap(native::lgamma(x.native())); }
Quad floor(Quad x) { return wrap(native::floor(x.native())); }
Quad ceil(Quad x) { return wrap(native::ceil(x.native())); }
Quad trunc(Quad x) { return wrap(native::trunc(x.native())); }
Quad rint(Quad x) { return wrap(native::rint(x.native())); }
Quad nearbyint(Quad x) { return wrap(native::nearbyint(x.native())); }
Quad fmod(Quad x, Quad y) { return wrap(native::fmod(x.native(), y.native())); }
Quad copysign(Quad x, Quad sign) { return wrap(native::copysign(x.native(), sign.native())); }
Quad ldexp(Quad x, int exponent) { return wrap(native::ldexp(x.native(), exponent)); }
bool isnan(Quad x) { return native::isnan(x.native()); }
bool isfinite(Quad x) { return native::isfinite(x.native()); }
bool isinf(Quad x) { return native::isinf(x.native()); }
bool signbit(Quad x) { return native::signbit(x.native()); }

}  // namespace dtheta
