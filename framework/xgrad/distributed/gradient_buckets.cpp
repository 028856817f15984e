#include <xgrad/core/error.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/distributed/gradient_buckets.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace xgrad::distributed {
namespace {

constexpr Index elements_per_chunk = 1 << 15;

// to[i] = f(i)
template <class T, class F>
void assign(T* to, Index n, const F& f) {
  parallel_for(n, elements_per_chunk, [=](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) to[i] = f(i);
  });
}

}  // namespace

template <class T>
GradientBuckets<T>::GradientBuckets(const std::vector<Variable<T>>& parameters,
                                    const Communicator& communicator, std::size_t bucket_bytes)
    : communicator_(communicator.duplicate()) {
  Index size = 0;  // of the bucket in work, without flags
  const auto close = [&] {
    Bucket& bucket = buckets_.back();
    bucket.last = slots_.size();
    bucket.missing = bucket.last - bucket.first;
    for (std::size_t i = bucket.first; i < bucket.last; ++i) slots_[i].flag = size++;
    bucket.flat = Tensor<T>(Shape{size});
    bucket.sums = Tensor<T>(Shape{size});
  };
  for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
    const auto bytes = static_cast<std::size_t>(size + it->size()) * sizeof(T);
    if (buckets_.empty() || (size > 0 && bytes > bucket_bytes)) {
      if (!buckets_.empty()) close();
      buckets_.push_back({.first = slots_.size()});
      size = 0;
    }
    slots_.push_back({.parameter = *it, .bucket = buckets_.size() - 1, .begin = size});
    size += it->size();
  }
  if (!buckets_.empty()) close();
  for (const Bucket& bucket : buckets_)
    times_.push_back({.bytes = static_cast<std::size_t>(bucket.flat.size()) * sizeof(T)});
}

template <class T>
void GradientBuckets<T>::put(std::size_t i, const Tensor<T>& gradient) {
  Slot& slot = slots_[slot_of(i)];
  if (slot.full)
    throw GraphError(fmt::format(
        "DistributedModel: a second backward pass reached {} before synchronize(): make "
        "the first one in the scope of no_sync(), and the gradients add up",
        slot.parameter.name()));
  fill(slot, &gradient);
}

template <class T>
void GradientBuckets<T>::fill(Slot& slot, const Tensor<T>* gradient) {
  Bucket& bucket = buckets_[slot.bucket];
  const Tensor<T> before = slot.parameter.grad();
  const Index n = slot.parameter.size();
  T* const to = bucket.flat.data() + slot.begin;
  const T* const old = before.data();
  const T* const added = gradient != nullptr ? gradient->data() : nullptr;
  if (old != nullptr && added != nullptr) {
    assign(to, n, [=](Index k) { return old[k] + added[k]; });
  } else if (const T* const only = added != nullptr ? added : old; only != nullptr) {
    assign(to, n, [=](Index k) { return only[k]; });
  } else {
    std::fill_n(to, n, T(0));
  }
  bucket.flat.data()[slot.flag] = T(gradient != nullptr || before.defined() ? 1 : 0);
  slot.full = true;
  --bucket.missing;
}

template <class T>
void GradientBuckets<T>::start() {
  for (; started_ < buckets_.size() && buckets_[started_].missing == 0; ++started_) {
    Bucket& bucket = buckets_[started_];
    times_[started_].started = seconds();
    bucket.sum = communicator_.start_sum(std::as_const(bucket.flat).values(), bucket.sums.values());
  }
  move_on();
}

template <class T>
void GradientBuckets<T>::move_on() {
  while (done_ < started_ && buckets_[done_].sum.test()) times_[done_++].done = seconds();
}

template <class T>
void GradientBuckets<T>::finish() {
  for (Slot& slot : slots_)
    if (!slot.full) fill(slot, nullptr);
  start();
  for (std::size_t k = 0; k < buckets_.size(); ++k) {
    Bucket& bucket = buckets_[k];
    if (k >= done_) {
      bucket.sum.wait();
      times_[k].done = seconds();
    }
    for (std::size_t i = bucket.first; i < bucket.last; ++i) take(slots_[i]);
    bucket.missing = bucket.last - bucket.first;
  }
  for (Slot& slot : slots_) slot.full = false;
  started_ = done_ = 0;
}

template <class T>
void GradientBuckets<T>::take(const Slot& slot) {
  const T* const sums = std::as_const(buckets_[slot.bucket].sums).data();
  if (sums[slot.flag] == T(0)) return;
  const T* const sum = sums + slot.begin;
  const T factor = T(1) / static_cast<T>(communicator_.ranks());
  Tensor<T> gradient = slot.parameter.grad();
  const bool is_new = !gradient.defined();
  if (is_new) gradient = Tensor<T>::empty(slot.parameter.shape());
  assign(gradient.data(), gradient.size(), [=](Index k) { return sum[k] * factor; });
  if (is_new) slot.parameter.set_grad(std::move(gradient));
}

template <class T>
bool GradientBuckets<T>::pending() const {
  return std::any_of(buckets_.begin(), buckets_.end(),
                     [](const Bucket& bucket) { return bucket.sum.pending(); });
}

template class GradientBuckets<float>;
template class GradientBuckets<double>;

}  // namespace xgrad::distributed
