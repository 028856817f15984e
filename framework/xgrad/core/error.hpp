#pragma once
// Every exception the library throws. A message says what happened, names the op, parameter or
// file, shows what was found and what was expected, and ends with one thing to do about it.

#include <stdexcept>
#include <string>

namespace xgrad {

/// Base of all errors of the library.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit together, or do not fit the op.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An option or value outside its range (a negative stride, a label that is no class).
class ValueError : public Error {
 public:
  using Error::Error;
};

/// A misuse of the recorded graph (second backward, a saved value overwritten, no gradient to
/// give).
class GraphError : public Error {
 public:
  using Error::Error;
};

/// A NaN or infinity where a finite number was needed.
class NumericError : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read or written, or does not hold what its format says.
class IoError : public Error {
 public:
  using Error::Error;
};

}  // namespace xgrad
