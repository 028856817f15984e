#include <xgrad/ops/pool.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Misuse max_pool(const char* what, const Shape& x, const PoolOptions& options, Kind kind,
                std::vector<std::string> names) {
  names.push_back("max_pool2d");
  return {what, [=] { max_pool2d(Variable<float>(Tensor<float>(x)), options); }, kind,
          std::move(names)};
}

}  // namespace

std::vector<Misuse> pool() {
  const Shape images{2, 5, 6, 3};
  return {
      max_pool("max_pool2d: a matrix", {4, 4}, {}, Kind::shape, {"[4, 4]", "[N, H, W, C]"}),
      max_pool("max_pool2d: a kernel of 0", images, {.kernel = 0}, Kind::value,
               {"kernel", "(0, 0)"}),
      max_pool("max_pool2d: a negative stride", images, {.kernel = 2, .stride = {1, -1}},
               Kind::value, {"stride", "(1, -1)"}),
      max_pool("max_pool2d: more padding than half the kernel", images,
               {.kernel = 3, .stride = 1, .padding = 2}, Kind::value,
               {"padding", "(2, 2)", "(1, 1)"}),
      max_pool("max_pool2d: a kernel larger than the image", images, {.kernel = {6, 2}},
               Kind::shape, {"(6, 2)", "[2, 5, 6, 3]", "smaller kernel"}),
      {"avg_pool2d: a negative padding",
       [=] { avg_pool2d(Variable<float>(Tensor<float>(images)), {.padding = -1}); },
       Kind::value,
       {"avg_pool2d", "padding", "(-1, -1)"}},
      {"avg_pool2d: a kernel larger than the image",
       [=] { avg_pool2d(Variable<float>(Tensor<float>(images)), 7); },
       Kind::shape,
       {"avg_pool2d", "(7, 7)", "[2, 5, 6, 3]"}},
      {"global_avg_pool2d: a matrix",
       [] {
         global_avg_pool2d(Variable<float>(Tensor<float>({4, 4})));
       },
       Kind::shape,
       {"global_avg_pool2d", "[4, 4]"}},
      {"global_avg_pool2d: no pixels",
       [] {
         global_avg_pool2d(Variable<float>(Tensor<float>({2, 0, 3, 4})));
       },
       Kind::shape,
       {"global_avg_pool2d", "[2, 0, 3, 4]"}},
      {"max_pool2d: x is undefined",
       [=] { max_pool2d(Variable<float>(), {.kernel = 2}); },
       Kind::value,
       {"max_pool2d", "x is undefined"}},
      {"avg_pool2d: x is undefined",
       [=] { avg_pool2d(Variable<float>(), {.kernel = 2}); },
       Kind::value,
       {"avg_pool2d", "x is undefined"}},
      {"global_avg_pool2d: x is undefined",
       [=] { global_avg_pool2d(Variable<float>()); },
       Kind::value,
       {"global_avg_pool2d", "x is undefined"}},
  };
}

}  // namespace misuse
