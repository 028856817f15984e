#include <xgrad/ops/registry.hpp>
#include <xgrad/ops/samples.hpp>

#include <iterator>

namespace xgrad {

const std::vector<OpEntry>& op_registry() {
  static const std::vector<OpEntry> table = [] {
    std::vector<OpEntry> all;
    for (const auto& family : {elementwise_entries, reduce_entries, shape_entries, linear_entries, conv_entries,
          pool_entries, norm_entries, loss_entries, dropout_entries, embedding_entries, recurrent_entries}) {
      auto entries = family();
      std::move(entries.begin(), entries.end(), std::back_inserter(all));
    }
    return all;
  }();
  return table;
}

namespace samples {

Tensor<double> uniform(const Shape& shape, double low, double high, std::uint64_t seed) {
  RandomStream random(seed, "samples");
  Tensor<double> x(shape);
  for (double& value : x.values()) value = random.uniform(low, high);
  return x;
}

Tensor<double> nonzero(const Shape& shape, double low, double high, std::uint64_t seed) {
  RandomStream random(seed, "samples");
  Tensor<double> x(shape);
  for (double& value : x.values())
    value = random.uniform(low, high) * (random.uniform() < 0.5 ? -1 : 1);
  return x;
}

Tensor<double> distinct(const Shape& shape, std::uint64_t seed) {
  RandomStream random(seed, "samples");
  Tensor<double> x(shape);
  const auto order = random.permutation(x.size());
  const Index middle = x.size() / 2;
  double* const out = x.data();
  for (Index i = 0; i < x.size(); ++i)
    out[i] = 0.13 * static_cast<double>(order[static_cast<std::size_t>(i)] - middle) +
             random.uniform(0, 0.03);
  return x;
}

Tensor<double> numbers(std::initializer_list<double> values) {
  return Tensor<double>::from(std::vector<double>(values), {static_cast<Index>(values.size())});
}

}  // namespace samples
}  // namespace xgrad
