#include "functions.hpp"

#include <utility>

#include "callback.hpp"

namespace dtheta::python {
namespace {

/// f(theta), and whether it wrote into the theta of the first call.
template <class Call>
py::object watched(const Layout& layout, std::span<const double> theta, std::atomic<bool>& called,
                   std::atomic<bool>& wrote, const Call& call) {
  if (called.exchange(true)) return call(layout.argument(theta));
  py::list leaves;
  const py::object argument = layout.argument(theta, leaves);
  py::object value = call(argument);
  if (!layout.untouched(leaves, theta)) wrote = true;
  return value;
}

std::vector<double> vector_of(const py::object& value) {
  const auto array = value.cast<Array>();
  const auto values = values_of(array);
  return {values.begin(), values.end()};
}

}  // namespace

PythonCost::PythonCost(const Layout& layout, py::object f, py::object number)
    : layout_(layout), f_(std::move(f)), number_(std::move(number)) {}

double PythonCost::operator()(std::span<const double> theta) const {
  return in_python([&] {
    const py::object value =
        watched(layout_, theta, called_, wrote_, [&](const py::object& t) { return f_(t); });
    if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
    return number_(value).cast<double>();
  });
}

gradcheck::Cost PythonCost::cost() const {
  return [this](std::span<const double> theta) { return (*this)(theta); };
}

PythonVector::PythonVector(const Layout& layout, py::object f, const Layout* direction)
    : layout_(layout), f_(std::move(f)), direction_(direction) {}

std::vector<double> PythonVector::operator()(std::span<const double> theta) const {
  return in_python([&] {
    return vector_of(
        watched(layout_, theta, called_, wrote_, [&](const py::object& t) { return f_(t); }));
  });
}

std::vector<double> PythonVector::operator()(std::span<const double> theta,
                                             std::span<const double> direction) const {
  return in_python([&] {
    const py::object second = direction_->argument(direction);
    return vector_of(watched(layout_, theta, called_, wrote_,
                             [&](const py::object& t) { return f_(t, second); }));
  });
}

}  // namespace dtheta::python
