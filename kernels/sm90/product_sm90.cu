// The product op on Hopper: y = epilogue(op(a) op(b)) of bf16 matrices with fp32 accumulators. Tiles come through tensor
// copies (TMA) into a ring, one thread loads, two warpgroups multiply (wgmma) 64 rows each. A grid as large as the GPU walks
// over the tiles. The blocks of a cluster of two take neighbouring rows and the same columns: each loads half of the tile of b
// for both. The sum over k of an element is one chain in a fixed order, whatever m and n are.
#include "em.h"
#if EM_HAS_WGMMA
#include "em_epilogue.h"
#include "em_rows16.h"

constexpr int TileM = 128, TileK = 64, Threads = 384;
constexpr int Pitch = 40;                                      // of 32 floats of a row on their way out: no bank conflicts
constexpr int Lag = 2;                                         // steps that the second warpgroup begins behind the first

enum Layout { NT, NN, TN };                                     // which of a (m, k) and b (k, n) are stored transposed

// Shared memory: stages of tiles of a and b; for each warpgroup its 64 rows of y on their way, in fp32 by 32 columns or in bf16
// by as many pieces as fit; barriers of full and empty stages, of what y held for each warp, of the second warpgroup's turn.
template <int TileN, int L> struct Ring {
  static constexpr int ABytes = TileM * TileK * 2, BBytes = TileN * TileK * 2, StageBytes = ABytes + BBytes;
  static constexpr int Stages = TileN == 128 ? 6 : 4, Pieces = TileN == 256 ? 2 : TileN / 64;
  static constexpr int StagingBytes = L == TN ? 64 * Pitch * 4 : 4 * Pieces * PieceBytes;
  // The blocks of a cluster take turns loading b: as two halves of its columns, or where MN-major by pieces of 64.
  static constexpr int PartsOfB = L == NT ? 2 : TileN / 64;
  static constexpr int StagingAt = Stages * StageBytes, BarriersAt = StagingAt + 2 * StagingBytes;
  static constexpr int Bytes = BarriersAt + (2 * Stages + 9) * 8;
};

// Operands may consist of thirds that add up; `thirds_a` and `thirds_b` name the third of each product in four bits, first the lowest.
struct Work { int m, n, k, tiles_n, tiles_m, splits, k_of_split, products; u32 thirds_a, thirds_b; };
struct Output { void* y; int stride, m, n; const float* bias; const float* residual; int residual_stride; const u32* signs; int mode, activation, wide; };

// A tile in rows of 128 bytes, swizzled: K-major, rows are m or n; or MN-major, rows are k, and the next 64 of m or n follow
// 8 KB on.
template <bool MnMajor> EM_DEV u64 descriptor(const void* tile) {
  u64 piece = MnMajor ? 8192 >> 4 : 1;
  // The top byte of an address is the block's rank in its cluster.
  return (u64)((em_shared_address(tile) & 0x3ffffu) >> 4) | piece << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

// Where a cluster is among its tiles: it walks along n, then m, then from split to split of k, and divides only before it sets out.
struct Place { int n, m, split; };
EM_DEV Place place_of(const Work& w, int index) { return {index % w.tiles_n, index / w.tiles_n % w.tiles_m, index / w.tiles_n / w.tiles_m}; }
EM_DEV void walk(Place& at, const Place& by, const Work& w) {
  at.n += by.n, at.m += by.m, at.split += by.split;
  if (at.n >= w.tiles_n) at.n -= w.tiles_n, at.m++;
  if (at.m >= w.tiles_m) at.m -= w.tiles_m, at.split++;
}

struct Item { int row, column, k, k_end; };
EM_DEV Item item_at(const Work& w, const Place& at, int tile_n, int cluster, int rank) {
  int k = at.split * w.k_of_split, k_end = k + w.k_of_split < w.k ? k + w.k_of_split : w.k;
  return {(at.m * cluster + rank) * TileM, at.n * tile_n, k, k_end};
}

template <int TileN, int L> EM_DEV void load_tiles(const Work& w, const void* map_a, const void* map_b, u8* ring, u64* full, u64* empty, int cluster, int rank) {
  using R = Ring<TileN, L>;
  int count = 0;
  Place by = place_of(w, (int)gridDim.x / cluster);
  for (Place at = place_of(w, (int)blockIdx.x / cluster); at.split < w.splits; walk(at, by, w)) {
    Item item = item_at(w, at, TileN, cluster, rank);
    for (int product = 0; product < w.products; ++product) {
      int pa = (int)(w.thirds_a >> 4 * product & 15u), pb = (int)(w.thirds_b >> 4 * product & 15u);
      for (int k = item.k; k < item.k_end; k += TileK, ++count) {
        int stage = count % R::Stages;
        u8 *a = ring + stage * R::StageBytes, *b = a + R::ABytes;
        while (!em_barrier_try_wait(empty + stage, (u32)(count / R::Stages & 1) ^ 1u)) {}
        em_barrier_arrive_expecting(full + stage, R::StageBytes);
        if (L == TN) {
          em_tensor_load(a, map_a, item.row, k, pa, full + stage);
          em_tensor_load(a + 8192, map_a, item.row + 64, k, pa, full + stage);
        } else {
          em_tensor_load(a, map_a, k, item.row, pa, full + stage);
        }
#pragma unroll
        for (int part = 0; part < R::PartsOfB; ++part) {
          if (part % cluster != rank) continue;
          int column = item.column + part * (TileN / R::PartsOfB);
          u8* to = b + part * (R::BBytes / R::PartsOfB);
          if (L == NT) em_tensor_load_multicast(to, map_b, k, column, pb, full + stage, cluster);
          else em_tensor_load_multicast(to, map_b, column, k, pb, full + stage, cluster);
        }
      }
    }
  }
}

EM_DEV float* row_of(const Output& o, int row, int split) {
  return (float*)o.y + (o.mode == Split ? (size_t)split * o.m * o.n : 0) + (size_t)row * o.stride;
}

// Four columns of a row in fp32, complete or at the right edge; v lies in shared memory.
EM_DEV void write_four(const Output& o, int row, int column, float* v, int split) {
  if (o.bias || o.activation)
#pragma unroll 1
    for (int i = 0; i < 4; ++i) v[i] = em_activate(v[i] + (o.bias && column + i < o.n ? o.bias[column + i] : 0.0f), o.activation);
  float4 x = *(const float4*)v;
  float* y = row_of(o, row, split) + column;
  const float* r = o.residual ? o.residual + (size_t)row * o.residual_stride + column : nullptr;
  if (o.wide && column + 4 <= o.n) {
    if (r) x = {x.x + r[0], x.y + r[1], x.z + r[2], x.w + r[3]};
    *(float4*)y = x;
    return;
  }
  float rest[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (column + i < o.n) y[i] = r ? rest[i] + r[i] : rest[i];
}

// fp32 results pass through shared memory, so that rows leave in whole lines.
template <int TileN> EM_DEV void write_wide(const float (&sum)[TileN / 2], const Output& o, int row0, int column0, int split, float* staging, int group) {
  int thread = (int)threadIdx.x % 128, lane = thread % 32, row = thread / 32 * 16 + lane / 4, pair = lane % 4 * 2;
#pragma unroll
  for (int chunk = 0; chunk < TileN / 32; ++chunk) {
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      const float* s = sum + (chunk * 4 + j) * 4;
      *(float2*)(staging + row * Pitch + j * 8 + pair) = {s[0], s[1]};
      *(float2*)(staging + (row + 8) * Pitch + j * 8 + pair) = {s[2], s[3]};
    }
    em_warpgroup_sync(group);
    int column = column0 + chunk * 32 + thread % 8 * 4;
#pragma unroll 1
    for (int r = thread / 8; r < 64; r += 16)
      if (row0 + r < o.m && column < o.n) write_four(o, row0 + r, column, staging + r * Pitch + thread % 8 * 4, split);
    em_warpgroup_sync(group);
  }
}

template <int TileN, int L> EM_DEV void multiply_tiles(const Work& w, const Output& o, const void* map_y, u8* ring, u64* full, u64* empty, u64* old, u64* turn, int cluster, int rank) {
  using R = Ring<TileN, L>;
  constexpr bool TransposedA = L == TN, TransposedB = L != NT, Has16 = L != TN, HasOld = L == NN && R::Pieces == TileN / 64;
  constexpr u64 StepA = TransposedA ? 2048 >> 4 : 32 >> 4, StepB = TransposedB ? 2048 >> 4 : 32 >> 4;
  // Taken from a lane, the warp's number is known to be the same in all.
  int number = __shfl_sync(~0u, (int)threadIdx.x / 32, 0), group = number / 4 - 1, warp = number % 4, thread = (int)threadIdx.x % 128, count = 0;
  u8* staging = ring + R::StagingAt + group * R::StagingBytes;
  float sum[TileN / 2];
  u32 tiles = 0, turns = 0;
  Place by = place_of(w, (int)gridDim.x / cluster);
  for (Place at = place_of(w, (int)blockIdx.x / cluster); at.split < w.splits; walk(at, by, w), ++tiles) {
    Item item = item_at(w, at, TileN, cluster, rank);
    int steps = w.products * ((item.k_end - item.k + TileK - 1) / TileK);
    Rows16 rows{map_y, staging + warp * R::Pieces * PieceBytes, item.row + group * 64 + warp * 16, item.column, o.m, o.n};
    u32 bits[TileN / 64] = {};
    if (L == NN && o.mode == Masked) read_bits<TileN>(bits, o.signs, rows);
    begin_with(sum, o.mode == Activated ? o.bias : nullptr, item.column, o.n);
    // One warpgroup's results leave while the other multiplies. That the first does not take its turn twice before the second
    // takes its own is the ring's doing: it is too short.
    bool in_turn = steps >= Lag && steps + Lag > R::Stages;
    while (in_turn && group == 1 && !em_barrier_try_wait(turn, turns & 1u)) {}
    turns += in_turn;
    int step = 0;                                               // a loop that may end before it begins makes ptxas serialize wgmma
    do {
      int stage = count % R::Stages;
      while (!em_barrier_try_wait(full + stage, (u32)(count / R::Stages & 1))) {}
      u64 a = descriptor<TransposedA>(ring + stage * R::StageBytes + group * 8192);
      u64 b = descriptor<TransposedB>(ring + stage * R::StageBytes + R::ABytes);
      em_wgmma_fence();
#pragma unroll
      for (int k = 0; k < TileK / 16; ++k) em_wgmma<TransposedA, TransposedB>(sum, a + k * StepA, b + k * StepB);
      em_wgmma_commit();
      if (in_turn && group == 0 && thread == 0 && step == Lag - 1) em_barrier_arrive(turn);
      if (HasOld && o.mode == Gradient && step == 0 && thread % 32 == 0) {
        em_tensor_store_wait_read<0>();
        load_rows<TileN>(rows, old + group * 4 + warp);
      }
      // The products before these are done: their stage goes back to whoever loads into it.
      em_wgmma_wait<1>();
      if (step > 0 && thread < cluster) em_barrier_arrive_in(empty + (count - 1) % R::Stages, thread);
      ++count;
    } while (++step < steps);
    em_wgmma_wait<0>();
    em_wgmma_results(sum);
    if (thread < cluster) em_barrier_arrive_in(empty + (count - 1) % R::Stages, thread);
    if (!Has16 || o.mode == Float || o.mode == Split) {
      write_wide<TileN>(sum, o, item.row + group * 64, item.column, at.split, (float*)staging, 1 + group);
    } else if (HasOld && o.mode == Gradient) {
      while (!em_barrier_try_wait(old + group * 4 + warp, tiles & 1u)) {}
      write_rows<TileN, R::Pieces, OfPlace>(sum, bits, rows);
    } else if (L == NN && o.mode == Masked) {
      write_rows<TileN, R::Pieces, OfBit>(sum, bits, rows);
    } else if (o.activation) {
      write_rows<TileN, R::Pieces, OfSum>(sum, bits, rows);
    } else {
      write_rows<TileN, R::Pieces, None>(sum, bits, rows);
    }
  }
  if (Has16 && thread % 32 == 0) em_tensor_store_wait_read<0>();
}

template <int TileN, int L> EM_DEV void product(u8* ring, const void* map_a, const void* map_b, const void* map_y, const Work& w, const Output& o) {
  using R = Ring<TileN, L>;
  u64 *full = (u64*)(ring + R::BarriersAt), *empty = full + R::Stages, *old = empty + R::Stages, *turn = old + 8;
  int cluster = (int)em_cluster_size(), rank = (int)em_cluster_rank();
  if (threadIdx.x == 0) {
    for (int i = 0; i < R::Stages; ++i) {
      em_barrier_init(full + i, 1);
      em_barrier_init(empty + i, (u32)(2 * cluster));
    }
    for (u64* each = old; each <= turn; ++each) em_barrier_init(each, 1);
    em_barrier_init_fence();
  }
  __syncthreads();
  em_cluster_sync();
  if (threadIdx.x < 128) {
    em_registers_fewer<40>();
    if (threadIdx.x == 0) load_tiles<TileN, L>(w, map_a, map_b, ring, full, empty, cluster, rank);
  } else {
    em_registers_more<232>();
    multiply_tiles<TileN, L>(w, o, map_y, ring, full, empty, old, turn, cluster, rank);
  }
  // No block leaves while the other may still write into its memory.
  em_cluster_sync();
}

// The maps' third coordinate numbers the thirds of an operand; map_y is used in bf16 alone. wide: y's rows take 16-byte stores.
#define PRODUCT(name, columns, layout)                                                                                                \
  EM_KERNEL(Threads, 1) name(EM_TENSOR_MAP map_a, EM_TENSOR_MAP map_b, EM_TENSOR_MAP map_y, void* y, int y_stride, const float* bias, \
                             const float* residual, int residual_stride, const u32* signs, int mode, int activation, int wide, int m, \
                             int n, int k, int k_of_split, int splits, int products, u32 thirds_a, u32 thirds_b) {                    \
    EM_DYNAMIC_SHARED(u8, ring);                                                                                                      \
    product<columns, layout>(ring, EM_PARAMETER_ADDRESS(name, 0, map_a), EM_PARAMETER_ADDRESS(name, 1, map_b), EM_PARAMETER_ADDRESS(name, 2, map_y), \
                             {m, n, k, (n + columns - 1) / columns, (m + TileM * (int)em_cluster_size() - 1) / (TileM * (int)em_cluster_size()), splits, k_of_split, products, thirds_a, thirds_b}, \
                             {y, y_stride, m, n, bias, residual, residual_stride, signs, mode, activation, wide});                    \
  }                                                                                                                                   \
  EM_EXPORT(name)

PRODUCT(product_sm90_nt_128, 128, NT)
PRODUCT(product_sm90_nt_192, 192, NT)
PRODUCT(product_sm90_nt_256, 256, NT)
PRODUCT(product_sm90_nn_128, 128, NN)
PRODUCT(product_sm90_nn_192, 192, NN)
PRODUCT(product_sm90_nn_256, 256, NN)
PRODUCT(product_sm90_tn_128, 128, TN)
PRODUCT(product_sm90_tn_192, 192, TN)
PRODUCT(product_sm90_tn_256, 256, TN)

static_assert(Ring<128, NT>::Bytes == 229544, "SharedBytes of product_sm90_nt_128");
static_assert(Ring<192, NT>::Bytes == 213128, "SharedBytes of product_sm90_nt_192");
static_assert(Ring<256, NT>::Bytes == 229512, "SharedBytes of product_sm90_nt_256");
static_assert(Ring<128, NN>::Bytes == 229544, "SharedBytes of product_sm90_nn_128");
static_assert(Ring<192, NN>::Bytes == 213128, "SharedBytes of product_sm90_nn_192");
static_assert(Ring<256, NN>::Bytes == 229512, "SharedBytes of product_sm90_nn_256");
static_assert(Ring<128, TN>::Bytes == 217256, "SharedBytes of product_sm90_tn_128");
static_assert(Ring<192, TN>::Bytes == 184456, "SharedBytes of product_sm90_tn_192");
static_assert(Ring<256, TN>::Bytes == 217224, "SharedBytes of product_sm90_tn_256");
#endif
