#include <boost/test/unit_test.hpp>

#include <xtensor/xarray.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xview.hpp>

#include <cstdint>

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/tensor.hpp>
#include <xgrad/core/xtensor.hpp>

using namespace xgrad;

BOOST_AUTO_TEST_SUITE(core)

BOOST_AUTO_TEST_CASE(shapes) {
  constexpr Shape shape{2, 3, 4};
  BOOST_TEST(shape.rank() == 3);
  BOOST_TEST(shape.elements() == 24);
  BOOST_TEST(shape[-1] == 4);
  BOOST_TEST(shape.to_string() == "[2, 3, 4]");
  BOOST_TEST((shape.without(1) == Shape{2, 4}));
  BOOST_TEST((shape.with(-1, 7) == Shape{2, 3, 7}));
  BOOST_TEST((Shape{2, 3} != Shape{2, 3, 1}));
  BOOST_TEST(Shape{}.elements() == 1);
  BOOST_TEST((Shape{5, 0, 3}.elements() == 0));
  // An empty axis makes any other extents harmless; otherwise the product must be addressable.
  const Index huge = Index{1} << 40;
  BOOST_TEST((Shape{huge, 0, huge}.elements() == 0));
  BOOST_CHECK_THROW((Shape{huge, huge}.elements()), ShapeError);
  BOOST_CHECK_THROW((void)shape[3], ShapeError);
  BOOST_CHECK_THROW((void)shape[-4], ShapeError);
}

BOOST_AUTO_TEST_CASE(copies_share_and_clones_do_not) {
  Tensor<float> a(Shape{2, 3});
  BOOST_TEST(a.values()[5] == 0);
  Tensor<float> shared = a;
  Tensor<float> cloned = a.clone();
  a.data()[4] = 7;
  BOOST_TEST(shared.data()[4] == 7);
  BOOST_TEST(cloned.data()[4] == 0);
  BOOST_TEST(!a.unique());
  BOOST_TEST(cloned.unique());
}

BOOST_AUTO_TEST_CASE(reshapes_and_leading_slices_are_free) {
  Tensor<double> a = Tensor<double>::from({0, 1, 2, 3, 4, 5}, {3, 2});
  BOOST_TEST((a.reshape({2, -1}).shape() == Shape{2, 3}));
  BOOST_TEST(a.reshape({6}).data() == a.data());
  BOOST_TEST(a.slice(1, 3).data() == a.data() + 2);
  BOOST_TEST(a[-1].data() == a.data() + 4);
  BOOST_TEST((a[0].shape() == Shape{2}));
  BOOST_TEST((a.slice(3, 3).shape() == Shape{0, 2}));
  BOOST_TEST(to_string(a) == "[[0, 1], [2, 3], [4, 5]]");
  BOOST_TEST(to_string(a, 3) == "[[0, 1], [2, ...], ...]");
}

BOOST_AUTO_TEST_CASE(it_is_xtensor_at_the_edge) {
  const xt::xarray<int> source = {{1, 2, 3}, {4, 5, 6}};
  Tensor<double> a = source * 2 + 1;
  BOOST_TEST((a.shape() == Shape{2, 3}));
  BOOST_TEST(a.values()[5] == 13);
  Tensor<float> column = xt::view(source, xt::all(), 1);
  BOOST_TEST(column.values()[1] == 5);
  Tensor<float> transposed = xt::transpose(source);
  BOOST_TEST((transposed.shape() == Shape{3, 2}));
  BOOST_TEST(transposed.values()[1] == 4);

  a.array()(1, 2) = 100;  // no copy
  BOOST_TEST(a.values()[5] == 100);
  BOOST_TEST(xt::sum(std::as_const(a).array())() == 3 + 5 + 7 + 9 + 11 + 100);
  a.array() += 1;
  BOOST_TEST(a.values()[0] == 4);
  Tensor<float> scalar = xt::xarray<float>(2.5F);
  BOOST_TEST((scalar.shape() == Shape{}));
  BOOST_TEST(scalar.item() == 2.5F);
}

BOOST_AUTO_TEST_CASE(memory_is_aligned_and_reused) {
  release_pool_cache();
  { Tensor<float> warm_up(Shape{1000}); }
  const auto before = pool_counters();
  for (int i = 0; i < 100; ++i) {
    const Tensor<float> t = Tensor<float>::empty(Shape{1000 - i % 3});
    BOOST_TEST(reinterpret_cast<std::uintptr_t>(t.data()) % 64 == 0U);
  }
  const auto after = pool_counters();
  BOOST_TEST(after.system_allocations == before.system_allocations);
  BOOST_TEST(after.requests == before.requests + 100);
  BOOST_TEST(after.live_bytes == before.live_bytes);
}

BOOST_AUTO_TEST_CASE(the_pool_serves_every_size_without_overlap) {
  std::vector<std::pair<unsigned char*, std::size_t>> blocks;
  for (std::size_t bytes = 1; bytes < 3'000'000; bytes = bytes * 5 / 4 + 1) {
    auto* block = static_cast<unsigned char*>(pool_allocate(bytes));
    std::fill_n(block, bytes, static_cast<unsigned char>(blocks.size()));
    blocks.emplace_back(block, bytes);
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto [block, bytes] = blocks[i];
    BOOST_TEST(block[0] == static_cast<unsigned char>(i));
    BOOST_TEST(block[bytes - 1] == static_cast<unsigned char>(i));
    pool_free(block, bytes);
  }
  const auto reserved = pool_counters().reserved_bytes;
  release_pool_cache();
  BOOST_TEST(pool_counters().reserved_bytes < reserved);
}

BOOST_AUTO_TEST_CASE(a_reused_peak_counts_from_now) {
  const auto start = pool_counters().live_bytes;
  reset_pool_peak();
  { Tensor<float> t(Shape{1 << 16}); }
  const auto peak = pool_counters().peak_bytes;
  BOOST_TEST(peak >= start + (std::size_t{4} << 16));
  BOOST_TEST(peak <= start + (std::size_t{6} << 16));
}

BOOST_AUTO_TEST_SUITE_END()
