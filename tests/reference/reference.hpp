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

/// The gradients of an op's inputs for the cotangent dy, in closed form.
using Gradients = std::vector<Tensor<double>> (*)(const Sample&, const Tensor<double>& dy);
using GradientTable = std::map<std::string_view, Gradients>;

/// By op name, for the shapes of OpEntry::extremes.
const GradientTable& gradients();

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
