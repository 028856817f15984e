#if defined(XGRAD_WITH_ONEDNN)

#include <xgrad/kernels/conv_primitive.hpp>

#if defined(__x86_64__) && defined(__clang__)
#include <cpuid.h>
#endif
#include <omp.h>

#include <mutex>
#include <string_view>
#include <unordered_map>

namespace xgrad::kernels::onednn {

namespace {

memory::dims weight_dims(const ConvShape& s) {
  memory::dims dims{s.out_channels / s.groups, s.in_channels / s.groups, s.kernel.h, s.kernel.w};
  if (s.groups > 1) dims.insert(dims.begin(), s.groups);
  return dims;
}

}  // namespace

// Never destroyed: oneDNN's own statics may go first.
const dnnl::engine& engine() {
  static const auto* const cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}
dnnl::stream& stream() {
  static thread_local dnnl::stream own(engine());
  return own;
}

Desc weight_desc(const ConvShape& s) {
  const Index c = s.in_channels / s.groups, o = s.out_channels / s.groups;
  const Index row = s.kernel.w * c, filter = s.kernel.h * row;
  memory::dims strides{filter, 1, row, c};
  if (s.groups > 1) strides.insert(strides.begin(), o * filter);
  return {weight_dims(s), memory::data_type::f32, strides};
}

int bf16_threads() {
#if defined(__x86_64__) && defined(__clang__)
  // Clang 14 does not know the feature by its name.
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d >> 22 & 1) != 0) return num_threads();
#elif defined(__x86_64__)
  if (__builtin_cpu_supports("amx-bf16")) return num_threads();
#endif
  return 1;
}

LibraryThreads::LibraryThreads(int threads) : before_(omp_get_max_threads()) {
  if (before_ != threads) omp_set_num_threads(threads);
}
LibraryThreads::~LibraryThreads() { omp_set_num_threads(before_); }

bool suits_winograd(const ConvShape& s) {
  constexpr Index block = 16;
  return s.kernel == Size2d(3) && s.stride == Size2d(1) && s.dilation == Size2d(1) &&
         s.groups == 1 && s.in_channels % block == 0 && s.out_channels % block == 0 &&
         s.in_channels >= 2 * block && s.out_channels >= 2 * block;
}

namespace {

struct KeyHash {
  std::size_t operator()(const Key& key) const {
    const ConvShape& s = key.shape;
    std::size_t hash = static_cast<std::size_t>(key.pass) * 4 + key.bias * 2U + key.bf16;
    hash = hash * 0x100000001b3 ^ static_cast<std::size_t>(key.shares);
    hash = hash * 0x100000001b3 ^ static_cast<std::size_t>(key.threads);
    for (const Index value :
         {s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel.h, s.kernel.w,
          s.stride.h, s.stride.w, s.padding.h, s.padding.w, s.dilation.h, s.dilation.w, s.groups})
      hash = (hash ^ static_cast<std::size_t>(value)) * 0x100000001b3;
    return hash;
  }
};

// Layouts under which oneDNN knows images of x and y, and with which the pass works.
struct Layouts {
  Tag x = Tag::nhwc, y = Tag::nhwc;
  bool winograd = false;
};

// What a pass reads and writes, in memory and as it wants it.
struct Images {
  Images(const Key& key, Layouts layouts) {
    const ConvShape& s = key.shape;
    const auto type = key.bf16 ? memory::data_type::bf16 : memory::data_type::f32;
    const memory::dims x_dims{s.batch, s.in_channels, s.height, s.width},
        y_dims{s.batch, s.out_channels, s.out_height(), s.out_width()};
    const auto own = [&](Tag plain) { return layouts.winograd ? Tag::nChw16c : plain; };
    x = Desc(x_dims, memory::data_type::f32, layouts.x);
    y = Desc(y_dims, memory::data_type::f32, layouts.y);
    forward_x = Desc(x_dims, type, own(layouts.x));
    own_x = key.pass == Pass::backward_data ? Desc(x_dims, memory::data_type::f32, own(layouts.x))
                                            : forward_x;
    own_y = Desc(y_dims, key.pass == Pass::forward ? memory::data_type::f32 : type, own(layouts.y));
  }
  Desc x, y, own_x, own_y;
  Desc forward_x;  // of the forward pass that the others want to know of
};

std::optional<dnnl::reorder> conversion(const Desc& from, const Desc& to) {
  if (from == to) return {};
  return dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
}

// The primitive for a key; none where oneDNN has only its slow reference. `w` is the layout that
// the weights must have, if that is settled already.
std::shared_ptr<const Primitive> make(const Key& key, const std::optional<Desc>& settled,
                                      Layouts layouts) {
  const ConvShape& s = key.shape;
  const Images images(key, layouts);
  const Desc &x = images.own_x, &y = images.own_y;
  const auto type = key.bf16 ? memory::data_type::bf16 : memory::data_type::f32;
  const Desc any_w(weight_dims(s), type, Tag::any);
  const Desc any_dw(weight_dims(s), memory::data_type::f32, Tag::any);
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
    const bool computes_x = key.pass == Pass::backward_data, computes_y = key.pass == Pass::forward;
    return std::make_shared<const Primitive>(Primitive{
        primitive(description), images.x, images.y, weights, b,
        description.scratchpad_desc().get_size(), x, y,
        computes_x ? conversion(x, images.x) : conversion(images.x, x),
        computes_y ? conversion(y, images.y) : conversion(images.y, y)});
  };
  try {
    using Forward = dnnl::convolution_forward;
    const Desc forward_w = key.pass == Pass::forward ? settled.value_or(any_w) : any_w;
    const Forward::primitive_desc forward({dnnl::prop_kind::forward_training, algorithm,
                                           images.forward_x, forward_w, b, y, stride, gap, padding,
                                           far},
                                          attributes, engine());
    if (key.pass == Pass::forward)
      return finish(
          forward, [](const auto& d) { return Forward(d); }, forward.weights_desc());
    if (key.pass == Pass::backward_data) {
      using Data = dnnl::convolution_backward_data;
      const Data::primitive_desc data(
          {algorithm, x, settled.value_or(any_w), y, stride, gap, padding, far}, attributes, engine(),
          forward);
      return finish(
          data, [](const auto& d) { return Data(d); }, data.weights_desc());
    }
    using Weights = dnnl::convolution_backward_weights;
    const Weights::primitive_desc weights(
        {algorithm, x, settled.value_or(any_dw), b, y, stride, gap, padding, far}, attributes,
        engine(), forward);
    return finish(
        weights, [](const auto& d) { return Weights(d); }, weights.diff_weights_desc());
  } catch (const dnnl::error& error) {
    // The second is how oneDNN refuses extents that it does not take.
    if (error.status == dnnl_unimplemented || error.status == dnnl_invalid_arguments)
      return nullptr;
    throw;
  }
}

// The same in the best layouts. With one channel, and with as many as a block of them has, the
// plain layout has other names besides, and under these oneDNN has a kernel for one channel that is
// half as fast again: 111 for 75 GFLOP/s from 1 to 16 channels.
std::shared_ptr<const Primitive> make(const Key& key, const std::optional<Desc>& settled) {
  constexpr Index block = 16;
  std::shared_ptr<const Primitive> made;
  if (suits_winograd(key.shape) && !key.bf16)
    made = make(key, settled, {.winograd = true});
  if (key.shape.in_channels == 1 && key.shape.out_channels == block)
    made = make(key, settled, {.x = Tag::nchw, .y = Tag::nChw16c});
  return made ? made : make(key, settled, {});
}

}  // namespace

std::shared_ptr<const Primitive> primitive_for(const Key& key, const std::optional<Desc>& settled) {
  constexpr std::size_t most_kept = 1000;
  static auto& made = *new std::unordered_map<Key, std::shared_ptr<const Primitive>, KeyHash>;
  static auto& mutex = *new std::mutex;
  const std::lock_guard lock(mutex);
  if (const auto found = made.find(key); found != made.end()) return found->second;
  std::shared_ptr<const Primitive> primitive;
  in_parallel(1, 1, [&](Index, Index) {
    const LibraryThreads threads(key.threads);
    primitive = make(key, settled);
  });
  if (made.size() == most_kept) made.clear();
  made.emplace(key, primitive);
  return primitive;
}

}  // namespace xgrad::kernels::onednn

#endif
