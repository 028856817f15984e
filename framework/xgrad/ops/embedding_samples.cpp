#include <xgrad/ops/embedding.hpp>
#include <xgrad/ops/samples.hpp>

namespace xgrad {

using namespace samples;

namespace {

using Ids = std::vector<std::int32_t>;

Sample look_up(const char* name, const Shape& weight, Ids ids, const Shape& ids_shape) {
  return sample(
      name, {uniform(weight)}, EmbeddingArguments{std::move(ids), ids_shape},
      [](auto in, const EmbeddingArguments& o) { return embedding(in[0], o.ids, o.ids_shape); });
}

Ids random_ids(Index n, Index table) {
  RandomStream random(6, "ids");
  Ids ids;
  for (Index i = 0; i < n; ++i) ids.push_back(static_cast<std::int32_t>(random.below(table)));
  return ids;
}

}  // namespace

std::vector<OpEntry> embedding_entries() {
  return {
      {&embedding_op,
       true,
       {look_up("an id many times, one never", {4, 3}, {2, 0, 2, 2, 3}, {5}),
        look_up("sequences", {5, 2}, {4, 3, 2, 1, 0, 4}, {3, 2}),
        look_up("one id, no axes", {3, 4}, {1}, {}), look_up("narrow", {6, 1}, {5, 5}, {2, 1}),
        sample("default shape", {uniform({3, 2})}, EmbeddingArguments{{2, 0, 2}, {3}},
               [](auto in, const EmbeddingArguments& o) { return embedding(in[0], o.ids); }),
        look_up("a table of one row", {1, 3}, {0, 0}, {2}), look_up("no ids", {4, 3}, {}, {0}),
        look_up("several chunks", {300, 60}, random_ids(40, 300), {8, 5})}},
  };
}

}  // namespace xgrad
