#include <xgrad/autograd/early_hooks.hpp>

#include <vector>

namespace xgrad {

template <class T>
void AwaitedShares<T>::count(Node<T>& root) {
  std::vector<Node<T>*> found{&root};
  shares_[&root] = 0;
  while (!found.empty()) {
    Node<T>& node = *found.back();
    found.pop_back();
    for (const Edge<T>& edge : node.inputs())
      if (edge.node && shares_[edge.node.get()]++ == 0) found.push_back(edge.node.get());
  }
}

template class AwaitedShares<float>;
template class AwaitedShares<double>;

}  // namespace xgrad
