#pragma once
// Misuses of the library: each must throw an error of the named type whose message names the thing.

#include <functional>
#include <string>
#include <vector>

namespace misuse {

enum class Kind { shape, value, graph, numeric, io };

struct Misuse {
  std::string what;                ///< "conv2d: channels of x and w differ"
  std::function<void()> run;       ///< must throw
  Kind kind;                       ///< the type of the error
  std::vector<std::string> names;  ///< what its message must contain: op, parameter, shapes, remedy
};

// The misuses of each part; misuse_test.cpp runs them all.
std::vector<Misuse> core();
std::vector<Misuse> autograd();
std::vector<Misuse> elementwise();
std::vector<Misuse> reduce();
std::vector<Misuse> shape();
std::vector<Misuse> linear();
std::vector<Misuse> conv();
std::vector<Misuse> pool();
std::vector<Misuse> norm();
std::vector<Misuse> loss();
std::vector<Misuse> dropout();
std::vector<Misuse> embedding();
std::vector<Misuse> recurrent();
std::vector<Misuse> nn();
std::vector<Misuse> optim();
std::vector<Misuse> io();
std::vector<Misuse> datasets();
std::vector<Misuse> text();
std::vector<Misuse> recurrent_probe();

}  // namespace misuse
