// What must hold between a program and the library, above all if that is a shared one: they have one and
// the same state, catch each other's exceptions, and extend each other's classes.
#include <cstdio>
#include <stdexcept>
#include <string>
#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

constexpr OpInfo cube_op{"cube", "x", "y = x^3; dx = 3 x^2 dy"};

Variable<double> cube(const Variable<double>& x) {
  const Tensor<double> y = x.value().array() * x.value().array() * x.value().array();
  return record(cube_op, {x}, y, [x = Saved(x.value())](Backward<double>& b) {
    b.dx(0).array() = 3 * x.get().array() * x.get().array() * b.dy().array();
  });
}

class Twice : public nn::Module<double> {
 public:
  nn::Linear<double>& linear = add("linear", nn::Linear<double>(3, 3));
  Variable<double> forward(Variable<double> x) override { return linear(linear(std::move(x))); }
};

}  // namespace

int main() {
  const Variable<double> x(Tensor<double>::from({0.5, -1, 2, 1, 1.5, -2}, {2, 3}), true);

  // The program's scope reaches the library's operations.
  require(tanh(x).requires_grad(), "an operation of the library records");
  {
    const NoGrad no_grad;
    require(!tanh(x).requires_grad(), "NoGrad of the program holds in the library");
  }

  // An operation of the program in a graph of the library's.
  require(grad_check([&] { return tanh(cube(x)); }, {{"x", x}}).ok, "gradient through both");

  // A module of the program, whose parameters the library finds, trains and names.
  manual_seed(3);
  Twice twice;
  require(grad_check([&] { return sum(twice(x)); }, {{"x", x}}).ok, "gradient of a module");
  require(twice.state_dict().size() == 2, "weight and bias");

  // Exceptions by their own type and by that of their base.
  try {
    matmul(x, x);
    require(false, "matmul refuses");
  } catch (const ShapeError& error) {
    require(std::string(error.what()).find("matmul") != std::string::npos, "the message names it");
  }
  try {
    set_num_threads(0);
    require(false, "no threads are refused");
  } catch (const Error&) {
  }

  // What needs the libraries behind the static one: zlib.
  try {
    io::load_npz("no/such.npz");
    require(false, "a missing file is refused");
  } catch (const IoError&) {
  }

  // Pages of the program's tensors come from the library's pool and go back to it.
  std::puts("boundary holds");
}
