#if defined(XGRAD_WITH_ONEDNN)

#include <xgrad/kernels/conv_primitive.hpp>

#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace xgrad::kernels::onednn {

// Never destroyed: oneDNN's own statics may go first.
const dnnl::engine& engine() {
  static const auto* const cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}
dnnl::stream& stream() {
  static thread_local dnnl::stream own(engine());
  return own;
}

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
    std::size_t hash = static_cast<std::size_t>(key.pass) * 2 + key.bias;
    hash = hash * 0x100000001b3 ^ static_cast<std::size_t>(key.shares);
    for (const Index value :
         {s.batch, s.height, s.width, s.in_channels, s.out_channels, s.kernel.h, s.kernel.w,
          s.stride.h, s.stride.w, s.padding.h, s.padding.w, s.dilation.h, s.dilation.w, s.groups})
      hash = (hash ^ static_cast<std::size_t>(value)) * 0x100000001b3;
    return hash;
  }
};

Desc image_desc(Index n, Index c, Index h, Index w, Tag layout) {
  return {{n, c, h, w}, memory::data_type::f32, layout};
}

// Layouts under which oneDNN knows images of x and y.
struct Layouts {
  Tag x = Tag::nhwc, y = Tag::nhwc;
  bool winograd = false;
};

// For a primitive made for images in blocks of channels: gives it those that lie in memory.
void convert_images(const Key& key, Primitive& made) {
  const ConvShape& s = key.shape;
  const auto convert = [](const Desc& from, const Desc& to) {
    return dnnl::reorder(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  };
  made.converts = true;
  made.own_x =
      std::exchange(made.x, image_desc(s.batch, s.in_channels, s.height, s.width, Tag::nhwc));
  made.own_y = std::exchange(
      made.y, image_desc(s.batch, s.out_channels, s.out_height(), s.out_width(), Tag::nhwc));
  made.convert_x =
      key.pass == Pass::backward_data ? convert(made.own_x, made.x) : convert(made.x, made.own_x);
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
    Primitive made{
        primitive(description), x, y, weights, b, description.scratchpad_desc().get_size()};
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

// The same in the best layouts. With one channel, and with as many as a block of them has, the
// plain layout has other names besides, and under these oneDNN has a kernel for one channel that is
// half as fast again: 111 for 75 GFLOP/s from 1 to 16 channels.
std::shared_ptr<const Primitive> make(const Key& key, const std::optional<Desc>& settled) {
  constexpr Index block = 16;
  std::shared_ptr<const Primitive> made;
  if (suits_winograd(key.shape))
    made = make(key, settled, {.x = Tag::nChw16c, .y = Tag::nChw16c, .winograd = true});
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
  in_parallel(1, 1, [&](Index, Index) { primitive = make(key, settled); });
  if (made.size() == most_kept) made.clear();
  made.emplace(key, primitive);
  return primitive;
}

}  // namespace xgrad::kernels::onednn

#endif
