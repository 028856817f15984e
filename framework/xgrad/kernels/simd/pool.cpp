#include <xgrad/kernels/simd/batch.hpp>
#include <xgrad/kernels/simd/places.hpp>
#include <xgrad/kernels/simd/pool.hpp>

#include <cstring>
#include <limits>

namespace xgrad::kernels {
namespace {

template <class T>
inline constexpr Index width = static_cast<Index>(Batch<T>::size);

// Half-open range.
struct Range {
  Index begin = 0, end = 0;
};

// The part of a window from `origin` that lies inside 0..extent-1, as places of the window.
Range inside(Index origin, Index kernel, Index extent) {
  return {origin < 0 ? -origin : 0, origin + kernel > extent ? extent - origin : kernel};
}

// The outputs of a row whose windows lie inside the image's width as a whole.
Range whole_windows(const PoolShape& s) {
  const Index begin = (s.padding.w + s.stride.w - 1) / s.stride.w;
  const Index room = s.width + s.padding.w - s.kernel.w;
  const Index end = room < 0 ? 0 : room / s.stride.w + 1;
  const Index first = begin < s.out_width ? begin : s.out_width;
  return {first, end < first ? first : end};
}

// The places of a window that are visited, with their offset in the image from the window's origin.
struct Taps {
  Index *offset = nullptr, *place = nullptr;
  Index count = 0;

  Taps(Index* indices, const PoolShape& s) : offset(indices), place(indices + s.places()) {}
  void select(const PoolShape& s, Range rows, Range columns) {
    count = 0;
    for (Index h = rows.begin; h < rows.end; ++h)
      for (Index w = columns.begin; w < columns.end; ++w, ++count) {
        offset[count] = (h * s.width + w) * s.channels;
        place[count] = h * s.kernel.w + w;
      }
  }
};

// Copies n < 2 piece values, in pieces whose size the compiler knows.
template <class L, Index piece, class T>
void copy_few(const T* from, Index n, T* to) {
  if (n & piece) {
    std::memcpy(to, from, piece * sizeof(T));
    from += piece;
    to += piece;
  }
  if constexpr (piece > 1) copy_few<L, piece / 2>(from, n, to);
}

// Copies n values, few as a rule.
template <class L, class T>
void copy_short(const T* from, Index n, T* to) {
  for (; n >= 8; n -= 8, from += 8, to += 8) std::memcpy(to, from, 8 * sizeof(T));
  copy_few<L, 4>(from, n, to);
}

template <class L, class T>
Batch<T> load_part(const T* source, Index left) {
  alignas(64) T lanes[width<T>] = {};
  copy_few<L, width<T> / 2>(source, left, lanes);
  return Batch<T>::load_aligned(lanes);
}

template <class L, class T>
void store_part(const Batch<T>& v, Index left, T* to) {
  alignas(64) T lanes[width<T>];
  v.store_aligned(lanes);
  copy_few<L, width<T> / 2>(lanes, left, to);
}

// n neighbouring outputs, whose windows have the taps at x + tap.offset + output. A later value
// wins only if it is larger, or NaN. Places travel as values of T, so that one mask serves both.
// `Packed`: x may be read over the end.
template <class L, bool Packed, class T, class U>
void max_of_taps(const T* x, Index origin, const Taps& taps, Index n, T* y, U* index) {
  using B = Batch<T>;
  constexpr Index w = width<T>;
  B best, place;
  const auto compare = [&](auto load) {
    best = B(-std::numeric_limits<T>::infinity());
    place = B(static_cast<T>(taps.place[0]));
    for (Index t = 0; t < taps.count; ++t) {
      const B v = load(x + (origin + taps.offset[t]));
      const auto wins = (v > best) | xsimd::isnan(v);
      best = xsimd::select(wins, v, best);
      place = xsimd::select(wins, B(static_cast<T>(taps.place[t])), place);
    }
  };
  Index j = 0;
  for (; j + w <= n; j += w) {
    compare([j](const T* tap) { return B::load_unaligned(tap + j); });
    best.store_unaligned(y + j);
    if (index != nullptr) Convert<L, T, U>::store(place, index + j);
  }
  if (j == n) return;
  compare([=](const T* tap) {
    return Packed ? B::load_unaligned(tap + j) : load_part<L>(tap + j, n - j);
  });
  store_part<L>(best, n - j, y + j);
  if (index == nullptr) return;
  U places[w];
  Convert<L, T, U>::store(place, places);
  copy_few<L, w / 2>(places, n - j, index + j);
}

// Brings each tap's values for the outputs of `columns` together, so that narrow images fill
// vectors.
template <class L, class T>
void pack(const T* image, Index origin, const PoolShape& s, Index columns, Taps& taps, T* packed) {
  const Index channels = s.channels, step = s.stride.w * channels;
  for (Index t = 0; t < taps.count; ++t) {
    const T* from = image + (origin + taps.offset[t]);
    taps.offset[t] = t * columns * channels;
    T* to = packed + taps.offset[t];
    if (channels == 1) {
      for (Index q = 0; q < columns; ++q) to[q] = from[q * step];
      continue;
    }
    for (Index q = 0; q < columns; ++q, from += step, to += channels)
      copy_short<L>(from, channels, to);
  }
}

template <class L, class T, class U>
void max_row(const T* image, const PoolShape& s, Index row, Index* indices, T* values, T* y,
             U* index) {
  const Index channels = s.channels;
  const Index top = row * s.stride.h - s.padding.h;
  const Range rows = inside(top, s.kernel.h, s.height), whole = whole_windows(s);
  Taps taps(indices, s);
  const auto origin = [&](Index out) {
    return (top * s.width + out * s.stride.w - s.padding.w) * channels;
  };
  const auto outputs = [&]<bool Packed>(std::bool_constant<Packed>, const T* x, Index from,
                                        Index out, Index count) {
    max_of_taps<L, Packed>(x, from, taps, count * channels, y + out * channels,
                           index == nullptr ? nullptr : index + out * channels);
  };
  const auto border = [&](Index begin, Index end) {
    for (Index out = begin; out < end; ++out) {
      taps.select(s, rows, inside(out * s.stride.w - s.padding.w, s.kernel.w, s.width));
      outputs(std::false_type(), image, origin(out), out, 1);
    }
  };
  border(0, whole.begin);
  taps.select(s, rows, {0, s.kernel.w});
  if (s.stride.w == 1) {
    outputs(std::false_type(), image, origin(whole.begin), whole.begin, whole.end - whole.begin);
  } else if (channels % width<T> == 0) {
    for (Index out = whole.begin; out < whole.end; ++out)
      outputs(std::false_type(), image, origin(out), out, 1);
  } else {
    pack<L>(image, origin(whole.begin), s, whole.end - whole.begin, taps, values);
    outputs(std::true_type(), values, 0, whole.begin, whole.end - whole.begin);
  }
  border(whole.end, s.out_width);
}

template <class L, class T>
void max_gradient_row(const T* dy, const std::uint8_t* index, const PoolShape& s, Index row,
                      Index* indices, T* dx_image) {
  using B = Batch<T>;
  constexpr Index w = width<T>;
  const Index channels = s.channels;
  const Index top = row * s.kernel.h - s.padding.h;
  const Range rows = inside(top, s.kernel.h, s.height), whole = whole_windows(s);
  Taps taps(indices, s);
  const auto windows = [&](Index begin, Index end) {
    for (Index out = begin; out < end; ++out) {
      const Index origin = (top * s.width + out * s.kernel.w - s.padding.w) * channels;
      for (Index c = 0; c < channels; c += w) {
        const B place = Convert<L, T, std::uint8_t>::load(index + out * channels + c);
        const B gradient = B::load_unaligned(dy + out * channels + c);
        for (Index t = 0; t < taps.count; ++t)
          xsimd::select(place == B(static_cast<T>(taps.place[t])), gradient, B(T(0)))
              .store_unaligned(dx_image + (origin + taps.offset[t] + c));
      }
    }
  };
  const auto border = [&](Index begin, Index end) {
    for (Index out = begin; out < end; ++out) {
      taps.select(s, rows, inside(out * s.kernel.w - s.padding.w, s.kernel.w, s.width));
      windows(out, out + 1);
    }
  };
  border(0, whole.begin);
  taps.select(s, rows, {0, s.kernel.w});
  windows(whole.begin, whole.end);
  border(whole.end, s.out_width);
  const Index covered = s.out_width * s.kernel.w - s.padding.w;
  for (Index h = rows.begin; h < rows.end; ++h)
    for (Index i = covered * channels; i < s.width * channels; ++i)
      dx_image[(top + h) * s.width * channels + i] = T(0);
}

// to[i] = the sum of the taps at from[i]; taps lie `step` apart.
template <class L, class T>
void sum_taps(const T* from, Index taps, Index step, Index n, T* to) {
  Index i = 0;
  for (; i + width<T> <= n; i += width<T>) {
    auto sum = Batch<T>::load_unaligned(from + i);
    for (Index t = 1; t < taps; ++t) sum += Batch<T>::load_unaligned(from + i + t * step);
    sum.store_unaligned(to + i);
  }
  for (; i < n; ++i) {
    T sum = from[i];
    for (Index t = 1; t < taps; ++t) sum += from[i + t * step];
    to[i] = sum;
  }
}

// to[i] += scale from[i]
template <class L, class T>
void add_scaled(const T* from, T scale, Index n, T* to) {
  Index i = 0;
  for (; i + width<T> <= n; i += width<T>) {
    const auto sum =
        Batch<T>::load_unaligned(to + i) + Batch<T>::load_unaligned(from + i) * Batch<T>(scale);
    sum.store_unaligned(to + i);
  }
  for (; i < n; ++i) to[i] += scale * from[i];
}

// The gradient of means whose windows share no pixel: all rows under them are the same.
template <class L, class T>
void spread_means(const T* dy, const PoolShape& s, Index row, T* values, T* dx_image) {
  const Index channels = s.channels, line = s.width * channels;
  const Batch<T> scale(T(1) / static_cast<T>(s.places()));
  map<L>(
      s.out_width * channels, values, [scale](Batch<T> d) { return d * scale; }, dy);
  T* const first = dx_image + row * s.kernel.h * line;
  T* to = first;
  for (Index out = 0; out < s.out_width; ++out)
    for (Index w = 0; w < s.kernel.w; ++w, to += channels)
      copy_short<L>(values + out * channels, channels, to);
  for (Index h = 1; h < s.kernel.h; ++h) std::memcpy(first + h * line, first, line * sizeof(T));
}

// First down the columns, then along the row.
template <class L, class T>
void mean_row(const T* image, const PoolShape& s, Index row, T* values, T* y) {
  const Index channels = s.channels, line = s.width * channels;
  const Index top = row * s.stride.h - s.padding.h;
  const Range rows = inside(top, s.kernel.h, s.height);
  sum_taps<L>(image + (top + rows.begin) * line, rows.end - rows.begin, line, line, values);
  const Batch<T> scale(T(1) / static_cast<T>(s.places()));
  const T* const end = y + s.out_width * channels;
  for (Index out = 0; out < s.out_width; ++out, y += channels) {
    const Index left = out * s.stride.w - s.padding.w;
    const Range columns = inside(left, s.kernel.w, s.width);
    const T* const first = values + (left + columns.begin) * channels;
    const T* const last = values + (left + columns.end) * channels;
    // Whole vectors also of few channels: what is too many is overwritten by the next pixel.
    for (Index c = 0; c < channels; c += width<T>) {
      auto sum = Batch<T>::load_unaligned(first + c);
      for (const T* tap = first + channels; tap < last; tap += channels)
        sum += Batch<T>::load_unaligned(tap + c);
      sum *= scale;
      if (end - (y + c) >= width<T>)
        sum.store_unaligned(y + c);
      else
        store_part<L>(sum, channels - c, y + c);
    }
  }
}

template <class L, class T>
void mean_gradient_row(const T* dy, const PoolShape& s, Index row, T* values, T* dx_image) {
  if (s.side_by_side()) return spread_means<L>(dy, s, row, values, dx_image);
  const Index channels = s.channels, line = s.width * channels;
  const Index top = row * s.stride.h - s.padding.h;
  const Range rows = inside(top, s.kernel.h, s.height);
  for (Index i = 0; i < line; ++i) values[i] = T(0);
  for (Index out = 0; out < s.out_width; ++out, dy += channels) {
    const Index left = out * s.stride.w - s.padding.w;
    const Range columns = inside(left, s.kernel.w, s.width);
    for (Index w = columns.begin; w < columns.end; ++w)
      add_scaled<L>(dy, T(1) / static_cast<T>(s.places()), channels,
                    values + (left + w) * channels);
  }
  for (Index h = rows.begin; h < rows.end; ++h)
    add_scaled<L>(values, T(1), line, dx_image + (top + h) * line);
}

}  // namespace

template <class L, class T>
PoolLoops<T> pool_loops() {
  return {
      .max_narrow = max_row<L, T, std::uint8_t>,
      .max_wide = max_row<L, T, std::int32_t>,
      .max_gradient_fits =
          [](const PoolShape& s) {
            return s.stride == s.kernel && s.channels % width<T> == 0 && s.places() <= 256;
          },
      .max_gradient = max_gradient_row<L, T>,
      .mean = mean_row<L, T>,
      .mean_gradient = mean_gradient_row<L, T>,
  };
}

template PoolLoops<float> pool_loops<Level, float>();
template PoolLoops<double> pool_loops<Level, double>();

}  // namespace xgrad::kernels
