#include <pybind11/stl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "callback.hpp"
#include "check.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/manifold.hpp"
#include "layout.hpp"

namespace dtheta::python {
namespace {

using gradcheck::Manifold;
using py::literals::operator""_a;

/// The one of two words that an option may have.
bool is_first(const char* option, const std::string& word, const char* first, const char* second) {
  if (word == first) return true;
  if (word == second) return false;
  throw py::value_error(std::string(option) + ": '" + word + "' is neither '" + first + "' nor '" +
                        second + "'");
}

gradcheck::MatrixOrder matrix_order_of(const std::string& word) {
  return is_first("stored", word, "rows", "columns") ? gradcheck::MatrixOrder::rows
                                                     : gradcheck::MatrixOrder::columns;
}

gradcheck::Frame frame_of(const std::string& word) {
  return is_first("frame", word, "body", "space") ? gradcheck::Frame::body
                                                  : gradcheck::Frame::space;
}

/// A Python object that C++ code may copy and drop without the interpreter's lock.
std::shared_ptr<const py::object> shared(py::object object) {
  return {new py::object(std::move(object)), [](const py::object* held) {
            const py::gil_scoped_acquire lock;
            delete held;
          }};
}

/// plus(x, delta) in Python, which returns the moved point.
Manifold own(std::string name, std::size_t ambient, std::size_t tangent, py::object plus) {
  Manifold manifold;
  manifold.name = std::move(name);
  manifold.ambient = ambient;
  manifold.tangent = tangent;
  manifold.plus = [f = shared(std::move(plus))](std::span<const double> x,
                                                std::span<const double> delta,
                                                std::span<double> moved) {
    in_python([&] {
      const py::object returned = (*f)(array_of(x), array_of(delta));
      if (returned.is_none()) throw py::type_error("plus returned None: is its return missing?");
      const auto result = returned.cast<Array>();
      const auto values = values_of(result);
      if (values.size() != moved.size()) {
        throw gradcheck::ShapeError("plus: it returned " + std::to_string(values.size()) +
                                    " numbers, but a point has " + std::to_string(moved.size()));
      }
      std::ranges::copy(values, moved.begin());
      return true;
    });
  };
  return manifold;
}

}  // namespace

void bind_manifolds(py::module_& module) {
  py::class_<Manifold>(module, "Manifold")
      .def(py::init(&own), "name"_a, "ambient"_a, "tangent"_a, "plus"_a)
      .def_readonly("name", &Manifold::name)
      .def_readonly("ambient", &Manifold::ambient)
      .def_readonly("tangent", &Manifold::tangent)
      .def("__repr__", [](const Manifold& m) {
        return "<dtheta.Manifold " + m.name + ": " + std::to_string(m.ambient) + " numbers, " +
               std::to_string(m.tangent) + " of a tangent>";
      });
  module.def(
      "unit_quaternion",
      [](const std::string& order, const std::string& frame) {
        return gradcheck::unit_quaternion(is_first("order", order, "wxyz", "xyzw")
                                              ? gradcheck::QuaternionOrder::wxyz
                                              : gradcheck::QuaternionOrder::xyzw,
                                          frame_of(frame));
      },
      "order"_a, "frame"_a = "body");
  module.def(
      "rotation_matrix",
      [](const std::string& frame, const std::string& stored) {
        return gradcheck::rotation_matrix(frame_of(frame), matrix_order_of(stored));
      },
      "frame"_a = "body", "stored"_a = "rows");
  module.def(
      "rigid_motion",
      [](std::size_t rows, const std::string& frame, const std::string& order, double length,
         const std::string& stored) {
        return gradcheck::rigid_motion(
            rows, frame_of(frame),
            is_first("order", order, "rotation_first", "translation_first")
                ? gradcheck::TwistOrder::rotation_first
                : gradcheck::TwistOrder::translation_first,
            length, matrix_order_of(stored));
      },
      "rows"_a = 4, "frame"_a = "body", "order"_a = "rotation_first", "length"_a = 1.0,
      "stored"_a = "rows");
  module.def("unit_sphere", &gradcheck::unit_sphere, "dimension"_a);
  module.def("angle", &gradcheck::angle);
}

}  // namespace dtheta::python
