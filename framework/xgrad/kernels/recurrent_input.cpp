// What goes into a recurrent layer's gates besides its state.

#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/recurrent.hpp>
#include <xgrad/kernels/transpose.hpp>

#include <algorithm>

namespace xgrad::kernels {

template <class T>
void input_bias(const RecurrentRun& run, const Tensor<T>& b_ih, const Tensor<T>& b_hh,
                Tensor<T>& bias) {
  T* const out = bias.data();
  if (b_ih.defined())
    std::copy_n(b_ih.data(), bias.size(), out);
  else
    std::fill_n(out, bias.size(), T(0));
  if (!b_hh.defined()) return;
  const T* const b = b_hh.data();
  const Index joint = run.cell == Cell::gru ? run.gates() - run.hidden : run.gates();
  for (Index i = 0; i < joint; ++i) out[i] += b[i];
}

template <class T>
void id_table(const Tensor<T>& w_ih, const Tensor<T>& bias, Tensor<T>& table) {
  const Index width = w_ih.shape(0), symbols = w_ih.shape(1);
  const T *const w = w_ih.data(), *const b = bias.data();
  T* const out = table.data();
  parallel_for(symbols, 16, [&](Index begin, Index end) {
    for (Index g = 0; g < width; ++g)
      for (Index v = begin; v < end; ++v)
        out[v * width + g] = b == nullptr ? w[g * symbols + v] : w[g * symbols + v] + b[g];
  });
}

template <class T>
void id_table_grad(const Tensor<T>& dtable, Tensor<T>& dw_ih) {
  const Index width = dw_ih.shape(0), symbols = dw_ih.shape(1), stride = dtable.shape(1);
  const T* const from = dtable.data();
  T* const to = dw_ih.data();
  parallel_for(width, 128, [&](Index begin, Index end) {
    transpose(from + begin, stride, to + begin * symbols, symbols, symbols, end - begin);
  });
}

template <class T>
void fill_rows(const Tensor<T>& row, Tensor<T>& y) {
  const Index width = row.size(), rows = width == 0 ? 0 : y.size() / width;
  const T* const from = row.data();
  T* const to = y.data();
  parallel_for(rows, 64, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) std::copy_n(from, width, to + r * width);
  });
}

#define XGRAD_INSTANTIATE(T)                                                                     \
  template void input_bias(const RecurrentRun&, const Tensor<T>&, const Tensor<T>&, Tensor<T>&); \
  template void id_table(const Tensor<T>&, const Tensor<T>&, Tensor<T>&);                        \
  template void id_table_grad(const Tensor<T>&, Tensor<T>&);                                     \
  template void fill_rows(const Tensor<T>&, Tensor<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::kernels
