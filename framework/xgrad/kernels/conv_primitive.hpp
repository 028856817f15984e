#pragma once
// oneDNN's primitives for convolutions, made once per shape. Private to conv_onednn.cpp.

#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv.hpp>

#include <fmt/format.h>
#include <dnnl.hpp>

#include <memory>
#include <new>
#include <optional>

namespace xgrad::kernels::onednn {

using dnnl::memory;
using Desc = memory::desc;
using Tag = memory::format_tag;

enum class Pass { forward, backward_data, backward_weights };

/// What tells one primitive from another; the batch is that of its chunk.
struct Key {
  Pass pass = Pass::forward;
  ConvShape shape;
  bool bias = false;  // in the forward pass
  bool bf16 = false;  // multiplies images and weights, or their gradients, rounded to bfloat16
  int threads = 1;    // of oneDNN's own
  Index shares = 0;   // takes the layout of the weights of the primitive for so many images
  friend bool operator==(const Key&, const Key&) = default;
};

struct Primitive {
  dnnl::primitive run;
  // Of their gradients, where the pass computes those. Images: as they lie in memory.
  Desc x, y, w, b;
  std::size_t scratch_bytes = 0;
  // The images as the pass wants them and, where that differs, what brings them into that form or,
  // of what the pass computes, out of it.
  Desc own_x, own_y;
  std::optional<dnnl::reorder> convert_x, convert_y;
};

const dnnl::engine& engine();
/// This thread's.
dnnl::stream& stream();

/// The weights [O, kh, kw, C/groups] as they lie in memory.
Desc weight_desc(const ConvShape& s);

/// Winograd's algorithm (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016)
/// takes some 0.55 of the time for these, conversions included, 3x3 from 32 to 64 channels. Its
/// rounding errors are one and a half to two times those of the sums themselves, within the same
/// bound in the tests. It needs 3x3 kernels and gains by many channels only.
bool suits_winograd(const ConvShape& s);

/// The primitive for a key; none where oneDNN has only its slow reference. `settled` is the layout
/// that the weights must have, where there is one. Made when first asked for, and kept: a program
/// uses few shapes. One that does not (sequences of any length) starts anew now and then; what is
/// in use lives on.
std::shared_ptr<const Primitive> primitive_for(const Key& key, const std::optional<Desc>& settled);

/// How many threads of its own oneDNN uses for bfloat16; 1 where our threads share the images out.
/// With AMX, its kernels crash on threads of ours.
int bf16_threads();

/// While one lives, oneDNN plans for and works on so many threads.
class LibraryThreads {
 public:
  explicit LibraryThreads(int threads);
  ~LibraryThreads();
  LibraryThreads(const LibraryThreads&) = delete;
  LibraryThreads& operator=(const LibraryThreads&) = delete;

 private:
  int before_;
};

/// parallel_for, in which oneDNN plans for and works on one thread; its errors become the
/// library's.
template <class F>
void in_parallel(Index n, Index chunk, F body) {
  try {
    parallel_for(n, chunk, body);
  } catch (const dnnl::error& error) {
    if (error.status == dnnl_out_of_memory) throw std::bad_alloc();
    throw Error(
        fmt::format("a convolution failed in oneDNN, status {}: {}: build with "
                    "XGRAD_WITH_ONEDNN off to do without it",
                    static_cast<int>(error.status), error.what()));
  }
}

}  // namespace xgrad::kernels::onednn
