#pragma once

#include <stdexcept>

namespace dtheta::gradcheck {

/// Sizes or shapes that do not belong together.
class ShapeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A name that is given twice, or that nothing carries.
class NameError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A step, tolerance or other option outside its range.
class OptionError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace dtheta::gradcheck
