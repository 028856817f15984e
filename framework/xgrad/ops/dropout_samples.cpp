#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> dropout_entries() {
  // Each application starts the stream anew, so that the mask is the same.
  const auto with = [](std::string name, const Shape& shape, double p) {
    return sample(std::move(name), {uniform(shape)}, p, [](auto in, double q) {
      RandomStream random(7, "dropout sample");
      return dropout(in[0], q, true, random);
    });
  };
  return {{&dropout_op,
           true,
           {with("matrix", {5, 7}, 0.4), with("rarely", {3, 4}, 0.05), with("a scalar", {}, 0.5)}}};
}

}  // namespace xgrad
