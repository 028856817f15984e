#pragma once

#include <string_view>

namespace xgrad {

/// How exactly products of floats are computed: PyTorch's function of that name. Throws ValueError
/// for another word.
/// - "highest", the default: in float; the same bits on any number of threads.
/// - "high": as "highest"; the products in between that PyTorch means do not exist here.
/// - "medium": convolutions, linear and recurrent layers may round what they multiply to bfloat16 (8
///   bits of precision) and add up in float, on CPUs with instructions for it (AVX512-BF16); on
///   others it is "highest". Parameters, gradients and sums remain floats. Small products, and those
///   of doubles, are not affected.
/// Takes effect on what is computed from then on; not to be called while another thread computes.
void set_float32_matmul_precision(std::string_view precision);
/// The word in force.
std::string_view get_float32_matmul_precision();

/// The same for kernels.
enum class MatmulPrecision { highest, high, medium };
MatmulPrecision matmul_precision();

}  // namespace xgrad
