#include <xgrad/ops/dropout.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

std::vector<OpEntry> dropout_entries() {
  // Each application starts the stream anew, so that the mask is the same.
  const auto with = [](std::string name, const Shape& shape, const DropoutArguments& arguments) {
    return sample(std::move(name), {uniform(shape)}, arguments,
                  [](auto in, const DropoutArguments& o) {
                    RandomStream random(7, "dropout sample");
                    return dropout(in[0], o.p, o.training, random);
                  });
  };
  return {{&dropout_op,
           true,
           {with("matrix", {5, 7}, {0.4, true}), with("rarely", {3, 4}, {0.05, true}),
            with("never", {3, 4}, {0, true}), with("a scalar", {}, {0.5, true}),
            with("one row", {1, 9}, {0.5, true}), with("empty", {0, 3}, {0.5, true}),
            with("evaluation", {3, 4}, {0.5, false})}}};
}

}  // namespace xgrad
