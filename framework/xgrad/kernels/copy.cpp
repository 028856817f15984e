#include <algorithm>

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/copy.hpp>
#include <xgrad/kernels/transpose.hpp>

namespace xgrad::kernels {
namespace {

constexpr Index elements_per_chunk = 1 << 14;

struct Axis {
  Index extent = 1;
  Index from = 0, to = 0;  // strides
};

// The axes of a copy: those of extent 1 left out, neighbours that one stride passes through merged.
struct AxisList {
  std::array<Axis, Shape::max_rank> axes{};
  std::size_t size = 0;

  AxisList(const Shape& shape, const Strides& from, const Strides& to) {
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const Axis axis{shape.begin()[i], from[i], to[i]};
      if (axis.extent == 1) continue;
      Axis* const last = size > 0 ? &axes[size - 1] : nullptr;
      if (last != nullptr && last->from == axis.from * axis.extent &&
          last->to == axis.to * axis.extent)
        *last = {last->extent * axis.extent, axis.from, axis.to};
      else
        axes[size++] = axis;
    }
  }

  template <class IsIt>
  Axis take(IsIt is_it) {
    auto* const end = axes.data() + size;
    auto* at = std::find_if(axes.data(), end, is_it);
    if (at == end) {
      if (size == 0) return {};
      --at;  // the innermost will do
    }
    const Axis taken = *at;
    std::copy(at + 1, end, at);
    --size;
    return taken;
  }
};

// A matrix of `row` by `col`: copied by runs, as a transposition, or one by one.
template <class T>
void copy_matrix(const T* from, T* to, const Axis& row, const Axis& col) {
  if (col.from == 1 && col.to == 1) {
    for (Index r = 0; r < row.extent; ++r)
      std::copy_n(from + r * row.from, col.extent, to + r * row.to);
  } else if (col.to == 1 && row.from == 1) {
    transpose(from, col.from, to, row.to, col.extent, row.extent);
  } else {
    for (Index r = 0; r < row.extent; ++r)
      for (Index c = 0; c < col.extent; ++c)
        to[r * row.to + c * col.to] = from[r * row.from + c * col.from];
  }
}

}  // namespace

Strides strides_of(const Shape& shape) {
  Strides strides{};
  Index stride = 1;
  for (std::size_t i = shape.size(); i-- > 0; stride *= shape.begin()[i]) strides[i] = stride;
  return strides;
}

// The axis along which writes are contiguous becomes the column, that along which reads are the
// row; the row is cut into blocks, and a task is one block at one index of all other axes.
template <class T>
void copy_strided(const Shape& shape, const T* from, const Strides& from_strides, T* to,
                  const Strides& to_strides) {
  const Index elements = shape.elements();
  if (elements == 0) return;
  AxisList outer(shape, from_strides, to_strides);
  if (outer.size == 0) {
    *to = *from;
    return;
  }
  const Axis col = outer.take([](const Axis& axis) { return axis.to == 1; });
  const Axis row = outer.take([](const Axis& axis) { return axis.from == 1; });
  if (row.extent == 1) {  // no other axis: one long run
    parallel_for(col.extent, elements_per_chunk, [=](Index begin, Index end) {
      copy_matrix(from + begin * col.from, to + begin * col.to, {},
                  {end - begin, col.from, col.to});
    });
    return;
  }
  const Index block =
      std::clamp<Index>(elements_per_chunk / col.extent / 16 * 16, 16, row.extent + 15);
  const Index blocks = (row.extent + block - 1) / block;
  const Index per_chunk =
      std::max<Index>(1, elements_per_chunk / (std::min(block, row.extent) * col.extent));
  parallel_for(
      elements / (row.extent * col.extent) * blocks, per_chunk, [&](Index begin, Index end) {
        for (Index task = begin; task < end; ++task) {
          const Index first = task % blocks * block;
          Index index = task / blocks;
          const T* source = from + first * row.from;
          T* target = to + first * row.to;
          for (std::size_t i = outer.size; i-- > 0; index /= outer.axes[i].extent) {
            source += index % outer.axes[i].extent * outer.axes[i].from;
            target += index % outer.axes[i].extent * outer.axes[i].to;
          }
          copy_matrix(source, target, {std::min(block, row.extent - first), row.from, row.to}, col);
        }
      });
}

template <class T>
void fill(Tensor<T>& x, T value) {
  T* const to = x.data();
  parallel_for(x.size(), elements_per_chunk,
               [=](Index begin, Index end) { std::fill(to + begin, to + end, value); });
}

#define XGRAD_INSTANTIATE(T)                                                              \
  template void copy_strided(const Shape&, const T*, const Strides&, T*, const Strides&); \
  template void fill(Tensor<T>&, T);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
