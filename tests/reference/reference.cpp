#include "reference.hpp"

namespace reference {

const Table& table() {
  static const Table all = [] {
    Table result;
    for (const auto& family : {elementwise, reduce, shape, linear, conv, pool, norm, loss, dropout,
                               embedding, recurrent}) result.merge(family());
    return result;
  }();
  return all;
}

}  // namespace reference
