#include "graph.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "../runtime/status.hpp"

namespace mb {
namespace {

void count_readers(std::vector<Node>& nodes) {
  for (Node& node : nodes) node.readers = 0;
  for (size_t index = 0; index < nodes.size(); ++index) {
    for (const int64_t read : reads_of(nodes[index])) {
      if (read < 0) continue;
      ++nodes[read].readers;
      nodes[read].last_reader = static_cast<int64_t>(index);
    }
  }
}

// The node whose output the node at `index` rectifies, being a ReLU and its only reader; null where it is none.
const Node* find_rectified(const std::vector<Node>& nodes, size_t index) {
  if (nodes[index].layer.kind != MB_RELU || nodes[index].from < 0) return nullptr;
  const Node& read = nodes[nodes[index].from];
  return read.readers == 1 ? &read : nullptr;
}

// Makes each such ReLU a part of what it rectifies, where that is of one of the kinds.
void fold_relus(std::vector<Node>& nodes, std::initializer_list<int32_t> kinds) {
  std::vector<int64_t> new_index(nodes.size());  // after the folding, by the index before
  std::vector<Node> left;
  for (size_t index = 0; index < nodes.size(); ++index) {
    const Node* const read = find_rectified(nodes, index);
    if (read && std::find(kinds.begin(), kinds.end(), read->layer.kind) != kinds.end()) {
      new_index[index] = new_index[nodes[index].from];
      left[new_index[index]].rectified = true;
      continue;
    }
    new_index[index] = static_cast<int64_t>(left.size());
    Node node = nodes[index];
    if (node.from >= 0) node.from = new_index[node.from];
    if (node.other >= 0) node.other = new_index[node.other];
    left.push_back(node);
  }
  nodes = std::move(left);
  count_readers(nodes);
}

// Lets max-pools come before the ReLUs that they came after.
void swap_relus_and_pools(std::vector<Node>& nodes) {
  for (size_t index = 1; index < nodes.size(); ++index) {
    const int64_t from = nodes[index].from;
    if (nodes[index].layer.kind != MB_MAX_POOL || from < 0 || nodes[from].layer.kind != MB_RELU) continue;
    if (nodes[from].readers != 1) continue;
    std::swap(nodes[from].layer, nodes[index].layer);
    std::swap(nodes[from].index, nodes[index].index);
  }
}

}  // namespace

std::vector<Node> make_graph(const mb_layer* layers, int64_t count) {
  std::vector<Node> nodes;
  for (int64_t index = 0; index < count; ++index) {
    const mb_layer& layer = layers[index];
    require(layer.from >= -1 && layer.from < index, "layers: layer ", index, " reads layer ", layer.from,
            ", expected one before it, or -1 for the pictures");
    const bool is_sum = layer.kind == MB_ADD;
    require(!is_sum || (layer.other >= -1 && layer.other < index), "layers: layer ", index, " adds layer ", layer.other,
            ", expected one before it, or -1 for the pictures");
    nodes.push_back({layer, index, layer.from, is_sum ? layer.other : -1});
  }
  count_readers(nodes);
  for (int64_t index = 0; index + 1 < count; ++index) {
    require(nodes[index].readers > 0, "layers: layer ", index,
            " is read by none, expected it to be, as only the last is not");
  }
  fold_relus(nodes, {MB_BATCH_NORM, MB_ADD});
  swap_relus_and_pools(nodes);
  fold_relus(nodes, {MB_MAX_POOL});
  return nodes;
}

}  // namespace mb
