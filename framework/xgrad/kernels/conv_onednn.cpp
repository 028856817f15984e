// oneDNN works on plain channels-last images at full speed; only the weights want a layout of its
// own, into which they are brought once per call. Winograd's algorithm wants images in one, too, and
// bfloat16 wants them rounded. A primitive convolves one chunk of images on one thread.
#if defined(XGRAD_WITH_ONEDNN)

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/kernels/conv_paths.hpp>
#include <xgrad/kernels/conv_primitive.hpp>
#include <xgrad/kernels/simd/bf16.hpp>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

namespace xgrad::kernels::onednn {
namespace {

using Arguments = std::unordered_map<int, memory>;

// The primitives of a batch cut into chunks: one for the whole chunks and one for what remains.
struct Batch {
  Batch(Pass pass_, const ConvShape& shape, bool bias, Index images)
      : pass(pass_), batch(shape.batch) {
    if (rounds_to_bf16() && find_primitives(shape, bias, images, true, bf16_threads())) return;
    find_primitives(shape, bias, images, false, 1);
  }

  bool find_primitives(const ConvShape& shape, bool bias, Index images, bool bf16,
                       int library_threads) {
    threads = library_threads;
    chunk = std::min(images, shape.batch);
    // Winograd transforms the weights once per chunk.
    constexpr Index worth_transformed_weights = 4;
    if (threads > 1)
      chunk = shape.batch;
    else if (suits_winograd(shape) && !bf16)
      chunk = std::min(std::max(chunk, worth_transformed_weights), shape.batch);
    Key key{pass, shape, bias, bf16, threads};
    key.shape.batch = key.shares = chunk;
    rest = whole = primitive_for(key, {});
    key.shape.batch = batch % chunk;
    if (whole && key.shape.batch != 0) rest = primitive_for(key, whole->w);
    ok = whole && rest && whole->w == rest->w;
    if (!ok) return false;
    const auto rounded = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    own_x_bytes = whole->convert_x ? rounded(whole->own_x.get_size()) : 0;
    own_y_bytes = whole->convert_y ? rounded(whole->own_y.get_size()) : 0;
    scratch_bytes = own_x_bytes + own_y_bytes +
                    rounded(std::max(whole->scratch_bytes, rest->scratch_bytes));
    scratch = PoolArray<std::byte>(static_cast<Index>(scratch_bytes) * chunks());
    return true;
  }

  Index chunks() const { return (batch + chunk - 1) / chunk; }

  // Calls arguments_of(primitive, first image, chunk's number) for each chunk and runs its
  // primitive on what that returns.
  template <class F>
  void run(F arguments_of) {
    in_parallel(batch, chunk, [&](Index begin, Index end) {
      const Primitive& primitive = end - begin == chunk ? *whole : *rest;
      const Index number = begin / chunk;
      Arguments given = arguments_of(primitive, begin, number);
      std::byte* const own =
          scratch.data() + static_cast<std::size_t>(number) * scratch_bytes;
      const auto bytes = static_cast<memory::dim>(primitive.scratch_bytes);
      if (bytes > 0)
        given.emplace(DNNL_ARG_SCRATCHPAD, memory({{bytes}, memory::data_type::u8, Tag::x}, engine(),
                                                  own + own_x_bytes + own_y_bytes));
      const LibraryThreads library(threads);
      execute(primitive, given, own);
    });
  }

  void execute(const Primitive& p, Arguments& given, std::byte* own) const {
    const bool computes_x = pass == Pass::backward_data, computes_y = pass == Pass::forward;
    memory& x = given.at(computes_x ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC);
    memory& y = given.at(computes_y ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST);
    memory plain_x = x, plain_y = y;
    if (p.convert_x) x = memory(p.own_x, engine(), own);
    if (p.convert_y) y = memory(p.own_y, engine(), own + own_x_bytes);
    if (p.convert_x && !computes_x) p.convert_x->execute(stream(), plain_x, x);
    if (p.convert_y && !computes_y) p.convert_y->execute(stream(), plain_y, y);
    p.run.execute(stream(), given);
    if (p.convert_x && computes_x) p.convert_x->execute(stream(), x, plain_x);
    if (p.convert_y && computes_y) p.convert_y->execute(stream(), y, plain_y);
  }

  Pass pass;
  Index batch, chunk = 0;
  int threads = 1;  // of oneDNN's own
  std::shared_ptr<const Primitive> whole, rest;
  bool ok = false;  // oneDNN has them
  std::size_t own_x_bytes = 0, own_y_bytes = 0, scratch_bytes = 0;
  PoolArray<std::byte> scratch;  // a piece for each chunk: converted images, then oneDNN's own
};

// oneDNN takes pointers without const also to what it only reads.
memory view(const Desc& desc, const float* data) {
  return {desc, engine(), const_cast<float*>(data)};
}

void reorder(memory& from, memory& to) {
  in_parallel(1, 1, [&](Index, Index) { dnnl::reorder(from, to).execute(stream(), from, to); });
}

Index floats_of(const Desc& desc) { return static_cast<Index>(desc.get_size() / sizeof(float)); }

// The weights in the layout that the primitives of a batch want.
class Weights {
 public:
  Weights(const ConvShape& shape, const float* w, const Desc& wanted) {
    const Desc plain = weight_desc(shape);
    memory_ = view(plain, w);
    if (plain == wanted) return;
    reordered_ = PoolArray<std::byte>(static_cast<Index>(wanted.get_size()));
    memory target(wanted, engine(), reordered_.data());
    reorder(memory_, target);
    memory_ = target;
  }
  const memory& get() const { return memory_; }

 private:
  PoolArray<std::byte> reordered_;
  memory memory_;
};

Index input_size(const ConvShape& s) { return s.height * s.width * s.in_channels; }
Index output_size(const ConvShape& s) { return s.out_height() * s.out_width() * s.out_channels; }

}  // namespace

bool forward(const ConvShape& shape, const float* x, const float* w, const float* b, float* y) {
  Batch batch(Pass::forward, shape, b != nullptr, images_per_chunk(shape));
  if (!batch.ok) return false;
  const Weights weights(shape, w, batch.whole->w);
  batch.run([&](const Primitive& p, Index image, Index) {
    Arguments given{{DNNL_ARG_SRC, view(p.x, x + image * input_size(shape))},
                    {DNNL_ARG_WEIGHTS, weights.get()},
                    {DNNL_ARG_DST, view(p.y, y + image * output_size(shape))}};
    if (b != nullptr) given.emplace(DNNL_ARG_BIAS, view(p.b, b));
    return given;
  });
  return true;
}

bool backward_data(const ConvShape& shape, const float* dy, const float* w, float* dx) {
  Batch batch(Pass::backward_data, shape, false, images_per_chunk(shape));
  if (!batch.ok) return false;
  const Weights weights(shape, w, batch.whole->w);
  batch.run([&](const Primitive& p, Index image, Index) {
    return Arguments{{DNNL_ARG_DIFF_DST, view(p.y, dy + image * output_size(shape))},
                     {DNNL_ARG_WEIGHTS, weights.get()},
                     {DNNL_ARG_DIFF_SRC, view(p.x, dx + image * input_size(shape))}};
  });
  return true;
}

// Each chunk's sums go to a place of their own, in oneDNN's layout; these are added in chunk order.
bool backward_weights(const ConvShape& shape, const float* x, const float* dy, float* dw) {
  constexpr Index pixels_per_partial = 256;  // to make adding up the partial sums cheap
  const Index pixels = shape.out_height() * shape.out_width();
  Batch batch(Pass::backward_weights, shape, false,
              std::max(images_per_chunk(shape), (pixels_per_partial + pixels - 1) / pixels));
  if (!batch.ok) return false;
  const Desc &blocked = batch.whole->w, plain = weight_desc(shape);
  const Index weights = floats_of(blocked);
  PoolArray<float> partials(batch.chunks() * weights);
  batch.run([&](const Primitive& p, Index image, Index number) {
    return Arguments{{DNNL_ARG_SRC, view(p.x, x + image * input_size(shape))},
                     {DNNL_ARG_DIFF_DST, view(p.y, dy + image * output_size(shape))},
                     {DNNL_ARG_DIFF_WEIGHTS, view(p.w, partials.data() + number * weights)}};
  });
  if (plain == blocked) {
    sum_partials(partials.data(), batch.chunks(), weights, dw);
  } else {
    PoolArray<float> sum(weights);
    sum_partials(partials.data(), batch.chunks(), weights, sum.data());
    memory from = view(blocked, sum.data()), to = view(plain, dw);
    reorder(from, to);
  }
  return true;
}

}  // namespace xgrad::kernels::onednn

#endif
