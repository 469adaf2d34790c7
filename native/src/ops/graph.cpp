#include "graph.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "../runtime/status.hpp"

namespace mb {
namespace {

void count_readers(std::vector<Node>& nodes) {
  for (Node& node : nodes) node.readers = 0;
  for (size_t place = 0; place < nodes.size(); ++place) {
    for (const int64_t read : {nodes[place].from, nodes[place].layer.kind == MB_ADD ? nodes[place].other : -1}) {
      if (read < 0) continue;
      ++nodes[read].readers;
      nodes[read].last_reader = static_cast<int64_t>(place);
    }
  }
}

// Whether the node at `place` is a ReLU whose input is read by it alone, and what that input is made by.
Node* rectifies(std::vector<Node>& nodes, size_t place) {
  if (nodes[place].layer.kind != MB_RELU || nodes[place].from < 0) return nullptr;
  Node& read = nodes[nodes[place].from];
  return read.readers == 1 ? &read : nullptr;
}

void fold(std::vector<Node>& nodes, std::initializer_list<int32_t> kinds) {
  std::vector<int64_t> now(nodes.size());  // places after the folding, by those before
  std::vector<Node> left;
  for (size_t place = 0; place < nodes.size(); ++place) {
    const Node* const read = rectifies(nodes, place);
    const bool folds = read && std::find(kinds.begin(), kinds.end(), read->layer.kind) != kinds.end();
    if (folds) {
      now[place] = now[nodes[place].from];
      left[now[place]].rectified = true;
      continue;
    }
    now[place] = static_cast<int64_t>(left.size());
    Node node = nodes[place];
    if (node.from >= 0) node.from = now[node.from];
    if (node.other >= 0) node.other = now[node.other];
    left.push_back(node);
  }
  nodes = std::move(left);
  count_readers(nodes);
}

}  // namespace

std::vector<Node> graph_of(const mb_layer* layers, int64_t count) {
  std::vector<Node> nodes;
  for (int64_t place = 0; place < count; ++place) {
    const mb_layer& layer = layers[place];
    require(layer.from >= -1 && layer.from < place, "layers: layer ", place, " reads layer ", layer.from,
            ", expected one before it, or -1 for the pictures");
    const bool adds = layer.kind == MB_ADD;
    require(!adds || (layer.other >= -1 && layer.other < place), "layers: layer ", place, " adds layer ", layer.other,
            ", expected one before it, or -1 for the pictures");
    nodes.push_back({layer, place, layer.from, adds ? layer.other : -1});
  }
  count_readers(nodes);
  for (int64_t place = 0; place + 1 < count; ++place) {
    require(nodes[place].readers > 0, "layers: layer ", place, " is read by none, expected it to be, as only the last is not");
  }
  fold(nodes, {MB_BATCH_NORM, MB_ADD});
  for (size_t place = 1; place < nodes.size(); ++place) {
    const int64_t from = nodes[place].from;
    if (nodes[place].layer.kind != MB_MAX_POOL || from < 0 || nodes[from].layer.kind != MB_RELU) continue;
    if (nodes[from].readers != 1) continue;
    std::swap(nodes[from].layer, nodes[place].layer);
    std::swap(nodes[from].place, nodes[place].place);
  }
  fold(nodes, {MB_MAX_POOL});
  return nodes;
}

}  // namespace mb
