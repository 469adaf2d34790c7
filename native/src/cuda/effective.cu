// Writes w ⊙ m into the layers' tensors, and their gradients back into the flat vector: see ops/effective.hpp. All layers go
// in one launch; threads run along the side that is written.
#include <algorithm>

#include "device.cuh"
#include "types.cuh"

namespace mb::cuda {
namespace {

constexpr int max_pieces = 96;  // in one launch: kernels take 4 kB of parameters
constexpr uint32_t entries = 8;  // for each thread
constexpr uint32_t chunk = threads * entries;

struct Piece {
  void* tensor;
  int64_t offset;
  uint32_t length, inputs, positions;
  uint32_t first;  // the index of its first block
};

struct Pieces {
  int count;
  uint32_t blocks;
  Piece at[max_pieces];
};

// Calls body(pieces) for as many layers at a time as fit in one launch.
template <typename Body>
void launch_in_groups(const LayerWeights* layers, int64_t count, const Body& body) {
  for (int64_t begin = 0; begin < count; begin += max_pieces) {
    Pieces pieces{};
    for (int64_t l = begin; l < std::min(count, begin + max_pieces); ++l) {
      const LayerWeights& layer = layers[l];
      const int64_t length = layer.outputs * layer.inputs * layer.positions;
      // Where nothing is to be transposed, all is one row.
      const bool same = layer.flat || layer.positions == 1 || layer.inputs == 1;
      pieces.at[pieces.count++] = {layer.tensor,
                                   layer.offset,
                                   static_cast<uint32_t>(length),
                                   static_cast<uint32_t>(same ? length : layer.inputs),
                                   static_cast<uint32_t>(same ? 1 : layer.positions),
                                   pieces.blocks};
      pieces.blocks += static_cast<uint32_t>((length + chunk - 1) / chunk);
    }
    body(pieces);
  }
}

// The index in the transpose, columns × rows, of entry j of a matrix of rows × columns; likewise where many such matrices lie
// one after the other.
__device__ uint32_t transposed_index(uint32_t j, uint32_t rows, uint32_t columns) {
  if (rows == 1 || columns == 1) return j;
  const uint32_t within = j % (rows * columns);
  return j - within + within % columns * rows + within / columns;
}

// Calls store(piece, j, load(piece, j)) for a block's entries.
template <typename Load, typename Store>
__device__ void for_block(const Pieces& pieces, Load load, Store store) {
  const Piece& piece = pieces.at[piece_index(pieces)];
  const uint32_t begin = (blockIdx.x - piece.first) * chunk;
  uint32_t j = begin + threadIdx.x;
  if (piece.length - begin < chunk) {
    for (; j < piece.length; j += threads) store(piece, j, load(piece, j));
    return;
  }
  load_together<entries>([&](uint32_t e) { return load(piece, j + e * threads); },
                   [&](uint32_t e, const auto& loaded) { store(piece, j + e * threads, loaded); });
}

// Two factors.
template <typename First, typename Second>
struct Pair {
  First first;
  Second second;
};

template <typename Vector, typename Tensor>
__global__ void effective_kernel(Pieces pieces, const Vector* weights, const Vector* mask) {
  for_block(
      pieces,
      [=](const Piece& piece, uint32_t j) {
        const int64_t i = piece.offset + transposed_index(j, piece.positions, piece.inputs);
        return Pair<Vector, Vector>{weights[i], mask ? mask[i] : Vector(1)};
      },
      [](const Piece& piece, uint32_t j, const Pair<Vector, Vector>& both) {
        static_cast<Tensor*>(piece.tensor)[j] = Conversion<Tensor>::of(both.first * both.second);
      });
}

template <typename Vector, typename Tensor>
__global__ void gradient_kernel(Pieces pieces, const Vector* factor, Vector* to) {
  for_block(
      pieces,
      [=](const Piece& piece, uint32_t j) {
        const Tensor* const from = static_cast<const Tensor*>(piece.tensor);
        const Tensor value = from[transposed_index(j, piece.inputs, piece.positions)];
        return Pair<Tensor, Vector>{value, factor ? factor[piece.offset + j] : Vector(1)};
      },
      [=](const Piece& piece, uint32_t j, const Pair<Tensor, Vector>& both) {
        to[piece.offset + j] = Conversion<Vector>::of(both.first) * both.second;
      });
}

// Calls body(a zero of the vectors' type, one of the tensors'). Tensors may be bfloat16 too, whose arithmetic is float32's.
template <typename Body>
void with_vector_types(Real vectors, Real tensors, const Body& body) {
  if (vectors == Real::float64) return body(double{}, double{});
  if (tensors == Real::bfloat16) return body(float{}, bfloat16{});
  body(float{}, float{});
}

}  // namespace

void write_effective(const LayerWeights* layers, int64_t count, const void* weights, const void* mask, Real vectors,
                     Real tensors, void* stream) {
  launch_in_groups(layers, count, [&](const Pieces& pieces) {
    with_vector_types(vectors, tensors, [&](auto vector, auto tensor) {
      using Vector = decltype(vector);
      launch(effective_kernel<Vector, decltype(tensor)>, pieces.blocks, stream, pieces, static_cast<const Vector*>(weights),
             static_cast<const Vector*>(mask));
    });
  });
}

void write_gradient(const LayerWeights* layers, int64_t count, const void* factor, void* to, Real vectors, Real tensors,
                    void* stream) {
  launch_in_groups(layers, count, [&](const Pieces& pieces) {
    with_vector_types(vectors, tensors, [&](auto vector, auto tensor) {
      using Vector = decltype(vector);
      launch(gradient_kernel<Vector, decltype(tensor)>, pieces.blocks, stream, pieces, static_cast<const Vector*>(factor),
             static_cast<Vector*>(to));
    });
  });
}

}  // namespace mb::cuda
