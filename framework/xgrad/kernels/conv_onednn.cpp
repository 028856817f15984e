// oneDNN works on plain channels-last images at full speed; only the weights want a layout of its
// own, into which they are brought once per call. A primitive convolves one chunk of images on one
// thread.
#if defined(XGRAD_WITH_ONEDNN)

#include <xgrad/core/buffer_pool.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/kernels/conv_paths.hpp>

#include <fmt/format.h>
#include <dnnl.hpp>

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace xgrad::kernels::onednn {
namespace {

using dnnl::memory;
using Desc = memory::desc;
using Tag = memory::format_tag;
using Arguments = std::unordered_map<int, memory>;

enum class Pass { forward, backward_data, backward_weights };

// What tells one primitive from another; the batch is that of its chunk.
struct Key {
  Pass pass = Pass::forward;
  ConvShape shape;
  bool bias = false;  // in the forward pass
  Index shares = 0;   // takes the layout of the weights of the primitive for so many images
  friend bool operator==(const Key&, const Key&) = default;
};

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    const ConvShape& s = key.shape;
    std::size_t hash = static_cast<std::size_t>(key.pass) * 2 + key.bias;
    hash = hash * 0x100000001b3 ^ static_cast<std::size_t>(key.shares);
    for (const Index value :
         {s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel.h, s.kernel.w,
          s.stride.h, s.stride.w, s.padding.h, s.padding.w, s.dilation.h, s.dilation.w, s.groups})
      hash = (hash ^ static_cast<std::size_t>(value)) * 0x100000001b3;
    return hash;
  }
};

struct Primitive {
  dnnl::primitive run;
  Desc x, y, w, b;  // of their gradients, where the pass computes those
  std::size_t scratch_bytes = 0;
  // Where the pass wants images in a layout of its own: those layouts, and what brings the images
  // into them or, of what the pass computes, out of them.
  bool converts = false;
  Desc own_x{}, own_y{};
  dnnl::reorder convert_x{}, convert_y{};
};

// Never destroyed: oneDNN's own statics may go first.
const dnnl::engine& engine() {
  static const auto* const cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}
dnnl::stream& stream() {
  static thread_local dnnl::stream own(engine());
  return own;
}

Desc image_desc(Index n, Index c, Index h, Index w, Tag layout) {
  return {{n, c, h, w}, memory::data_type::f32, layout};
}

// Layouts under which oneDNN knows images of x and y.
struct Layouts {
  Tag x = Tag::nhwc, y = Tag::nhwc;
  bool winograd = false;
};

// The weights [O, kh, kw, C/groups] as they lie in memory, or `any` for oneDNN's choice.
Desc weight_desc(const ConvShape& s, bool any) {
  const Index c = s.in_channels / s.groups, o = s.out_channels / s.groups;
  const Index row = s.kernel.w * c, filter = s.kernel.h * row;
  memory::dims dims{o, c, s.kernel.h, s.kernel.w}, strides{filter, 1, row, c};
  if (s.groups > 1) {
    dims.insert(dims.begin(), s.groups);
    strides.insert(strides.begin(), o * filter);
  }
  if (any) return {dims, memory::data_type::f32, Tag::any};
  return {dims, memory::data_type::f32, strides};
}

// For a primitive made for images in blocks of channels: gives it those that lie in memory.
void convert_images(const Key& key, Primitive& made) {
  const ConvShape& s = key.shape;
  const auto convert = [](const Desc& from, const Desc& to) {
    return dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  };
  made.converts = true;
  made.own_x = std::exchange(made.x, image_desc(s.batch, s.in_channels, s.height, s.width, Tag::nhwc));
  made.own_y = std::exchange(
      made.y, image_desc(s.batch, s.out_channels, s.out_height(), s.out_width(), Tag::nhwc));
  made.convert_x = key.pass == Pass::backward_data ? convert(made.own_x, made.x)
                                                   : convert(made.x, made.own_x);
  made.convert_y =
      key.pass == Pass::forward ? convert(made.own_y, made.y) : convert(made.y, made.own_y);
}

// The primitive for a key; none where oneDNN has only its slow reference. `w` is the layout that
// the weights must have, if that is settled already.
std::shared_ptr<const Primitive> make(const Key& key, const std::optional<Desc>& settled,
                                      Layouts layouts) {
  const ConvShape& s = key.shape;
  const Desc x = image_desc(s.batch, s.in_channels, s.height, s.width, layouts.x);
  const Desc y = image_desc(s.batch, s.out_channels, s.out_height(), s.out_width(), layouts.y);
  const Desc w = settled ? *settled : weight_desc(s, true);
  const Desc b = key.bias ? Desc({s.out_channels}, memory::data_type::f32, Tag::x) : Desc();
  const memory::dims stride{s.stride.h, s.stride.w}, padding{s.padding.h, s.padding.w};
  const memory::dims gap{s.dilation.h - 1, s.dilation.w - 1};
  // What the last window leaves over of the padding on the far side.
  const memory::dims far{(s.out_height() - 1) * s.stride.h + s.dilation.h * (s.kernel.h - 1) + 1 -
                             s.height - s.padding.h,
                         (s.out_width() - 1) * s.stride.w + s.dilation.w * (s.kernel.w - 1) + 1 -
                             s.width - s.padding.w};
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto algorithm = layouts.winograd ? dnnl::algorithm::convolution_winograd
                                          : dnnl::algorithm::convolution_direct;

  const auto finish = [&](const auto& description, auto primitive, const Desc& weights) {
    if (std::string_view(description.impl_info_str()).starts_with("ref"))
      return std::shared_ptr<const Primitive>();
    Primitive made{primitive(description), x, y, weights, b,
                   description.scratchpad_desc().get_size()};
    if (layouts.winograd) convert_images(key, made);
    return std::make_shared<const Primitive>(std::move(made));
  };
  try {
    using Forward = dnnl::convolution_forward;
    const Forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, algorithm, x,
         key.pass == Pass::forward ? w : weight_desc(s, true), b, y, stride, gap, padding, far},
        attributes, engine());
    if (key.pass == Pass::forward)
      return finish(
          forward, [](const auto& d) { return Forward(d); }, forward.weights_desc());
    if (key.pass == Pass::backward_data) {
      using Data = dnnl::convolution_backward_data;
      const Data::primitive_desc data({algorithm, x, w, y, stride, gap, padding, far}, attributes,
                                      engine(), forward);
      return finish(
          data, [](const auto& d) { return Data(d); }, data.weights_desc());
    }
    using Weights = dnnl::convolution_backward_weights;
    const Weights::primitive_desc weights({algorithm, x, w, b, y, stride, gap, padding, far},
                                          attributes, engine(), forward);
    return finish(
        weights, [](const auto& d) { return Weights(d); }, weights.diff_weights_desc());
  } catch (const dnnl::error& error) {
    // The second is how oneDNN refuses extents that it does not take.
    if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments)
      return nullptr;
    throw;
  }
}

// Winograd's algorithm takes less than half the time for these, conversions included. Its rounding
// errors stay within the bound that the tests set for sums of so many terms. It needs 3x3 kernels
// and gains by many channels only.
bool suits_winograd(const ConvShape& s) {
  constexpr Index block = 16;
  return s.kernel == Size2d(3) && s.stride == Size2d(1) && s.dilation == Size2d(1) &&
         s.groups == 1 && s.in_channels % block == 0 && s.out_channels % block == 0 &&
         s.in_channels >= 2 * block && s.out_channels >= 2 * block;
}

// The same in the best layouts. With one channel, and with as many as a block of them has, the plain
// layout has other names besides, and under these oneDNN has a kernel for one channel that is half
// as fast again: 111 for 75 GFLOP/s from 1 to 16 channels.
std::shared_ptr<const Primitive> make(const Key& key, const std::optional<Desc>& settled) {
  constexpr Index block = 16;
  std::shared_ptr<const Primitive> made;
  if (suits_winograd(key.shape))
    made = make(key, settled, {.x = Tag::nChw16c, .y = Tag::nChw16c, .winograd = true});
  if (key.shape.in_channels == 1 && key.shape.out_channels == block)
    made = make(key, settled, {.x = Tag::nchw, .y = Tag::nChw16c});
  return made ? made : make(key, settled, {});
}

// parallel_for, in which oneDNN plans for and works on one thread; its errors become the library's.
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

// Made when first asked for, and kept: a program uses few shapes. One that does not (sequences of
// any length) starts anew now and then; what is in use lives on.
std::shared_ptr<const Primitive> primitive_for(const Key& key, const std::optional<Desc>& settled) {
  constexpr std::size_t most_kept = 1000;
  static auto& made = *new std::unordered_map<Key, std::shared_ptr<const Primitive>, KeyHash>;
  static auto& mutex = *new std::mutex;
  const std::lock_guard lock(mutex);
  if (const auto found = made.find(key); found != made.end()) return found->second;
  std::shared_ptr<const Primitive> primitive;
  in_parallel(1, 1, [&](Index, Index) { primitive = make(key, settled); });
  if (made.size() == most_kept) made.clear();
  made.emplace(key, primitive);
  return primitive;
}

// The primitives of a batch cut into chunks: one for the whole chunks and one for what remains.
struct Batch {
  Batch(Pass pass_, const ConvShape& shape, bool bias, Index images)
      : pass(pass_), batch(shape.batch), chunk(std::min(images, shape.batch)) {
    // Winograd transforms the weights once per chunk.
    constexpr Index worth_transformed_weights = 4;
    if (suits_winograd(shape))
      chunk = std::min(std::max(images, worth_transformed_weights), shape.batch);
    Key key{pass, shape, bias};
    key.shape.batch = key.shares = chunk;
    rest = whole = primitive_for(key, {});
    key.shape.batch = batch % chunk;
    if (whole && key.shape.batch != 0) rest = primitive_for(key, whole->w);
    ok = whole && rest && whole->w == rest->w;
    if (!ok) return;
    const auto rounded = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    own_bytes = whole->converts ? rounded(whole->own_x.get_size()) + rounded(whole->own_y.get_size())
                                : 0;
    scratch_bytes = own_bytes + rounded(std::max(whole->scratch_bytes, rest->scratch_bytes));
    scratch = PoolArray<std::byte>(static_cast<Index>(scratch_bytes) * chunks());
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
      std::byte* const memory_of_chunk =
          scratch.data() + static_cast<std::size_t>(number) * scratch_bytes;
      const auto bytes = static_cast<memory::dim>(primitive.scratch_bytes);
      if (bytes > 0)
        given.emplace(DNNL_ARG_SCRATCHPAD, memory({{bytes}, memory::data_type::u8, Tag::x}, engine(),
                                                  memory_of_chunk + own_bytes));
      if (primitive.converts)
        execute_converted(primitive, given, memory_of_chunk);
      else
        primitive.run.execute(stream(), given);
    });
  }

  void execute_converted(const Primitive& p, Arguments& given, std::byte* own) const {
    memory& x = given.at(pass == Pass::backward_data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC);
    memory& y = given.at(pass == Pass::forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST);
    memory plain_x = std::exchange(x, memory(p.own_x, engine(), own));
    memory plain_y = std::exchange(
        y, memory(p.own_y, engine(), own + own_bytes - (p.own_y.get_size() + 63) / 64 * 64));
    if (pass != Pass::backward_data) p.convert_x.execute(stream(), plain_x, x);
    if (pass != Pass::forward) p.convert_y.execute(stream(), plain_y, y);
    p.run.execute(stream(), given);
    if (pass == Pass::forward) p.convert_y.execute(stream(), y, plain_y);
    if (pass == Pass::backward_data) p.convert_x.execute(stream(), x, plain_x);
  }

  Pass pass;
  Index batch, chunk;
  std::shared_ptr<const Primitive> whole, rest;
  bool ok = false;  // oneDNN has them
  std::size_t own_bytes = 0, scratch_bytes = 0;
  PoolArray<std::byte> scratch;  // a piece for each chunk: converted images, then oneDNN's own
};

// oneDNN takes pointers without const also to what it only reads.
memory view(const Desc& desc, const float* data) {
  return {desc, engine(), const_cast<float*>(data)};
}

void reorder(const Desc& from, const float* source, const Desc& to, float* target) {
  in_parallel(1, 1, [&](Index, Index) {
    memory a = view(from, source), b = view(to, target);
    dnnl::reorder(a, b).execute(stream(), a, b);
  });
}

Index floats_of(const Desc& desc) { return static_cast<Index>(desc.get_size() / sizeof(float)); }

// The weights in the layout that the primitives of a batch want.
class Weights {
 public:
  Weights(const ConvShape& shape, const float* w, const Desc& wanted) {
    const Desc plain = weight_desc(shape, false);
    if (plain != wanted) {
      reordered_ = PoolArray<float>(floats_of(wanted));
      reorder(plain, w, wanted, reordered_.data());
      w = reordered_.data();
    }
    memory_ = view(wanted, w);
  }
  const memory& get() const { return memory_; }

 private:
  PoolArray<float> reordered_;
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
  const Desc &blocked = batch.whole->w, plain = weight_desc(shape, false);
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
    reorder(blocked, sum.data(), plain, dw);
  }
  return true;
}

}  // namespace xgrad::kernels::onednn

#endif
