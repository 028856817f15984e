#pragma once
// Naive twins of the ops: plain loops in double, written from the definition and from nothing else.

#include <map>
#include <string_view>

#include <xgrad/ops/registry.hpp>

namespace reference {

using xgrad::Index;
using xgrad::Sample;
using xgrad::Shape;
using xgrad::Tensor;

/// The op's output for a sample's inputs and options.
using Function = Tensor<double> (*)(const Sample&);
using Table = std::map<std::string_view, Function>;

/// By op name. An op of the registry that is not here fails the tests.
const Table& table();

Table elementwise();
Table reduce();
Table shape();
Table linear();
Table conv();
Table pool();
Table norm();
Table loss();
Table dropout();
Table embedding();
Table recurrent();

}  // namespace reference
