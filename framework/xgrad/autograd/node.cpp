#include <xgrad/autograd/node.hpp>

#include <atomic>

namespace xgrad {
namespace {

std::atomic<std::uint64_t> nodes_made{0};

}  // namespace

template <class T>
Node<T>::Node(const OpInfo& op)
    : op_(&op), id_(nodes_made.fetch_add(1, std::memory_order_relaxed)) {}

// Deleting a node drops its edges, which may end other nodes: those only queue up here, so a chain of
// any length dies in one loop and not in one recursion per node.
template <class T>
void Node<T>::destroy(Node* node) noexcept {
  thread_local Node* doomed = nullptr;
  thread_local bool deleting = false;
  node->next_doomed_ = doomed;
  doomed = node;
  if (deleting) return;
  deleting = true;
  while (doomed != nullptr) {
    Node* const next = doomed;
    doomed = next->next_doomed_;
    delete next;
  }
  deleting = false;
}

template <class T>
typename Node<T>::Extras& Node<T>::extras(int output) {
  auto& extras = outputs()[static_cast<std::size_t>(output)].extras;
  if (!extras) extras = std::make_unique<Extras>();
  return *extras;
}

template class Node<float>;
template class Node<double>;

}  // namespace xgrad
