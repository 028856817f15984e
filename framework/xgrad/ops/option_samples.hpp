#pragma once
// Which of its options a sample sets, found out from the type of the options alone: a field that is
// added to them counts from then on. Private.

#include <algorithm>
#include <cstddef>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include <xgrad/ops/registry.hpp>

namespace xgrad::samples {

/// Stands for a field of any type.
struct Anything {
  template <class T>
  operator T() const;
};

/// The number of fields of an aggregate: as many as it can be initialised with.
template <class T, class... Fields>
consteval std::size_t field_count() {
  if constexpr (requires { T{Fields()..., Anything()}; })
    return field_count<T, Fields..., Anything>();
  else
    return sizeof...(Fields);
}

/// References to the fields of an aggregate.
template <class T>
auto fields(const T& x) {
  constexpr std::size_t n = field_count<T>();
  static_assert(1 <= n && n <= 6, "add a line for as many fields");
  if constexpr (n == 1) {
    const auto& [a] = x;
    return std::tie(a);
  } else if constexpr (n == 2) {
    const auto& [a, b] = x;
    return std::tie(a, b);
  } else if constexpr (n == 3) {
    const auto& [a, b, c] = x;
    return std::tie(a, b, c);
  } else if constexpr (n == 4) {
    const auto& [a, b, c, d] = x;
    return std::tie(a, b, c, d);
  } else if constexpr (n == 5) {
    const auto& [a, b, c, d, e] = x;
    return std::tie(a, b, c, d, e);
  } else {
    const auto& [a, b, c, d, e, f] = x;
    return std::tie(a, b, c, d, e, f);
  }
}

/// Equality of options, which need no operator== of their own.
template <class T>
bool same(const T& a, const T& b) {
  if constexpr (std::ranges::range<T>)
    return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
  else if constexpr (std::is_aggregate_v<T>)
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return (same(std::get<i>(fields(a)), std::get<i>(fields(b))) && ...);
    }
  (std::make_index_sequence<field_count<T>()>());
  else return a == b;
}

/// Of a struct with a field `options`, as of samples that need to know more than those, they alone
/// are meant.
template <class Options>
OptionUse option_use(const Options& given) {
  if constexpr (requires { given.options; }) {
    return option_use(given.options);
  } else {
    static_assert(std::is_aggregate_v<Options>, "give an op's arguments names: a struct of them");
    const Options defaults{};
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
      return OptionUse{&typeid(Options),
                       {!same(std::get<i>(fields(given)), std::get<i>(fields(defaults)))...}};
    }
    (std::make_index_sequence<field_count<Options>()>());
  }
}

template <class T>
struct IsInput : std::false_type {};
template <class T>
struct IsInput<Variable<T>> : std::true_type {};

/// Whether `Arguments` has a field for each parameter of an op that takes them one by one, besides
/// its inputs: is_complete<SliceArguments>(slice<double>). One that is added to the op must be
/// added to them, and so be sampled.
template <class Arguments, class R, class... Parameters>
consteval bool is_complete(R (*)(Parameters...)) {
  return field_count<Arguments>() ==
         (std::size_t{!IsInput<std::remove_cvref_t<Parameters>>::value} + ...);
}

}  // namespace xgrad::samples
