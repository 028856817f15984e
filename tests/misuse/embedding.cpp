#include <xgrad/ops/embedding.hpp>

#include "misuse.hpp"

namespace misuse {
namespace {

using namespace xgrad;

Misuse look_up(const char* what, const Shape& weight, std::vector<std::int32_t> ids,
               const Shape& ids_shape, Kind kind, std::vector<std::string> names) {
  names.push_back("embedding");
  return {what, [=] { embedding(Variable<float>(Tensor<float>(weight)), ids, ids_shape); }, kind,
          std::move(names)};
}

}  // namespace

std::vector<Misuse> embedding() {
  return {
      look_up("embedding: weight is no matrix", {5}, {0}, {1}, Kind::shape, {"weight", "[5]"}),
      look_up("embedding: id too large", {5, 2}, {0, 5}, {2}, Kind::value,
              {"ids[1] = 5", "5 rows"}),
      look_up("embedding: negative id", {5, 2}, {-1}, {1}, Kind::value, {"ids[0] = -1"}),
      look_up("embedding: ids_shape of another size", {5, 2}, {0, 1, 2}, {2, 2}, Kind::shape,
              {"3 ids", "[2, 2]"}),
      {"embedding: weight is undefined",
       [=] { xgrad::embedding(Variable<float>(), std::vector<std::int32_t>{}); },
       Kind::value,
       {"embedding", "weight is undefined"}},
  };
}

}  // namespace misuse
