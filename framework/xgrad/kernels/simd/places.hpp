#pragma once
// For the sources of this folder only: the places of maxima, as they travel in vectors and as they
// are kept.

#include <cstdint>
#include <cstring>

#include <xgrad/kernels/simd/batch.hpp>

namespace xgrad::kernels {

/// Between a vector of T and as many integers; the compiler knows how to widen and narrow.
/// Short and Int are parameters for the sake of GCC 12, which takes vectors of a fixed type and a
/// dependent length for scalars.
template <class L, class T, class U, class Short = std::int16_t, class Int = std::int32_t>
struct Convert {
  static constexpr std::size_t w = Batch<T>::size;
  using Values [[gnu::vector_size(w * sizeof(T))]] = T;
  using Ints [[gnu::vector_size(w * sizeof(Int))]] = Int;
  using Shorts [[gnu::vector_size(w * sizeof(Short))]] = Short;
  using Places [[gnu::vector_size(w * sizeof(U))]] = U;

  static void store(const Batch<T>& v, U* to) {
    alignas(64) T lanes[w];
    v.store_aligned(lanes);
    Values values;
    std::memcpy(&values, lanes, sizeof values);
    const Places places = __builtin_convertvector(__builtin_convertvector(values, Ints), Places);
    std::memcpy(to, &places, sizeof places);
  }
  static Batch<T> load(const U* from) {
    Places places;
    std::memcpy(&places, from, sizeof places);
    // By way of shorts: GCC 12 widens integers by two at a time, or element by element.
    const Values values = __builtin_convertvector(
        __builtin_convertvector(__builtin_convertvector(places, Shorts), Ints), Values);
    alignas(64) T lanes[w];
    std::memcpy(lanes, &values, sizeof values);
    return Batch<T>::load_aligned(lanes);
  }
};

}  // namespace xgrad::kernels
