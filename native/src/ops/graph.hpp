// The layers as a graph: who reads whom, and what is put in another order or into one because that is less to do.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "maskbench.h"

namespace mb {

// A layer, and the indices of those that it reads; −1: the pictures. Indices ascend from what is read to what reads.
struct Node {
  mb_layer layer;
  int64_t index;  // of the layer in the caller's list
  int64_t from;
  int64_t other = -1;  // the second that an MB_ADD reads
  bool rectified = false;  // a ReLU of its output belongs to it
  int64_t readers = 0;
  int64_t last_reader = -1;
};

inline bool adds(const Node& node) { return node.layer.kind == MB_ADD; }

// The indices that a node reads; −1: the pictures, or nothing.
inline std::array<int64_t, 2> reads_of(const Node& node) { return {node.from, adds(node) ? node.other : -1}; }

// The nodes of a list of layers. A ReLU comes after a max-pool that it came before, max(relu(x)) = relu(max(x)), and becomes
// part of a normalisation, sum or max-pool that nothing else reads. Throws a Failure where layers read what is not there.
std::vector<Node> make_graph(const mb_layer* layers, int64_t count);

}  // namespace mb
