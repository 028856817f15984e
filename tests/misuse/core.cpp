#include <vector>

#include <xgrad/core/log.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/precision.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/core/tensor.hpp>

#include "misuse.hpp"

namespace misuse {

using namespace xgrad;

std::vector<Misuse> core() {
  return {
      {"a negative extent",
       [] {
         Tensor<float> t(Shape{2, -3});
       },
       Kind::shape,
       {"[2, -3]"}},
      {"more elements than an index can count",
       [] {
         Tensor<float>::empty(Shape{Index{1} << 40, Index{1} << 40});
       },
       Kind::shape,
       {"memory"}},
      {"more bytes than can be addressed",
       [] { Tensor<float>::empty(Shape{Index{1} << 62}); },
       Kind::shape,
       {"[4611686018427387904]", "memory"}},
      {"a shape of nine axes",
       [] { Shape(std::span<const Index>(std::vector<Index>(9, 1))); },
       Kind::shape,
       {"9", "8"}},
      {"an axis outside the shape",
       [] {
         static_cast<void>(Shape{2, 3}[2]);
       },
       Kind::shape,
       {"[2, 3]", "-2 to 1"}},
      {"fewer values than elements",
       [] {
         Tensor<float>::from({1, 2, 3}, {2, 2});
       },
       Kind::shape,
       {"3 values", "[2, 2]"}},
      {"item() of two elements",
       [] { Tensor<float>(Shape{2}).item(); },
       Kind::shape,
       {"item()", "[2]"}},
      {"a reshape that loses elements",
       [] {
         Tensor<float>(Shape{2, 3}).reshape({4});
       },
       Kind::shape,
       {"reshape", "[2, 3]", "[4]"}},
      {"a reshape with two free extents",
       [] {
         Tensor<float>(Shape{4}).reshape({-1, -1});
       },
       Kind::shape,
       {"reshape", "[-1, -1]"}},
      {"a slice outside the leading axis",
       [] { Tensor<float>(Shape{4}).slice(2, 5); },
       Kind::shape,
       {"2:5", "[4]"}},
      {"a row outside the leading axis",
       [] {
         Tensor<float>(Shape{4, 2})[-5];
       },
       Kind::shape,
       {"-5", "[4, 2]"}},
      {"copy_from another shape",
       [] {
         Tensor<float>(Shape{2, 3}).copy_from(Tensor<float>(Shape{3, 2}));
       },
       Kind::shape,
       {"copy_from", "[2, 3]", "[3, 2]"}},
      {"no threads", [] { set_num_threads(0); }, Kind::value, {"set_num_threads(0)"}},
      {"a random index below nothing",
       [] { RandomStream(0, "x").below(0); },
       Kind::value,
       {"below(0)"}},
      {"an unknown log level", [] { set_log_level("loud"); }, Kind::value, {"loud", "warning"}},
      {"an unknown precision",
       [] { set_float32_matmul_precision("low"); },
       Kind::value,
       {"low", "highest", "medium"}},
      {"a precision in capitals",
       [] { set_float32_matmul_precision("HIGHEST"); },
       Kind::value,
       {"HIGHEST", "highest"}},
  };
}

}  // namespace misuse
