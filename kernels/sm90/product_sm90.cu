// The product op on Hopper: y = epilogue(op(a) op(b)) of bf16 matrices with fp32 accumulators. Tiles come through tensor
// copies (TMA) into a ring, one thread loads, two warpgroups multiply (wgmma) 64 rows each. A grid as large as the GPU walks
// over the tiles. The blocks of a cluster of two take neighbouring rows and the same columns: each loads half of the tile of b
// for both. The sum over k of an element is one chain in a fixed order, whatever m and n are.
#include "em.h"
#if EM_HAS_WGMMA

constexpr int TileM = 128, TileK = 64, Threads = 384;
constexpr int Pitch = 40, StagingBytes = 64 * Pitch * 4;       // per warpgroup: 64 rows of 32 floats, free of bank conflicts
constexpr int PackedPitch = 36;                                 // or 64 rows of 64 bf16 in words

enum Layout { NT, NN, TN };                                     // which of a (m, k) and b (k, n) are stored transposed
enum Mode { Activated, Gradient, Float, Split };

template <int TileN> struct Ring {
  static constexpr int ABytes = TileM * TileK * 2, BBytes = TileN * TileK * 2, StageBytes = ABytes + BBytes;
  static constexpr int Stages = TileN == 128 ? 5 : 4;
  static constexpr int StagingAt = Stages * StageBytes, BarriersAt = StagingAt + 2 * StagingBytes;
};

// Operands may consist of parts that add up; `parts_a` and `parts_b` name the part of each product in four bits, first the lowest.
struct Work { int m, n, k, tiles_n, items, k_of_split, products; u32 parts_a, parts_b; };
struct Output { void* y; int stride, m, n; const float* bias; const float* residual; int residual_stride, mode, activation, wide; };

// A tile in rows of 128 bytes, swizzled: K-major, rows are m or n; or MN-major, rows are k and 64 columns of m or n follow
// each other in pieces of 8 KB. The second number is the step in the descriptor for 16 more of k.
template <bool MnMajor> EM_DEV u64 descriptor(const void* tile) {
  u64 piece = MnMajor ? 8192 >> 4 : 1;
  return (u64)(em_shared_address(tile) >> 4) | piece << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

EM_DEV Work work(int m, int n, int k, int tile_n, int k_of_split, int splits, int products, u32 parts_a, u32 parts_b) {
  int tiles_n = (n + tile_n - 1) / tile_n, rows = TileM * (int)em_cluster_size();
  return {m, n, k, tiles_n, tiles_n * ((m + rows - 1) / rows) * splits, k_of_split, products, parts_a, parts_b};
}

struct Item { int row, column, k, k_end, split; };
EM_DEV Item item_of(const Work& w, int index, int tile_n, int cluster, int rank) {
  int groups = (w.m + TileM * cluster - 1) / (TileM * cluster);
  int column = index % w.tiles_n, row = index / w.tiles_n % groups, split = index / w.tiles_n / groups;
  int k = split * w.k_of_split, k_end = k + w.k_of_split < w.k ? k + w.k_of_split : w.k;
  return {(row * cluster + rank) * TileM, column * tile_n, k, k_end, split};
}

template <int TileN, int L> EM_DEV void load_tiles(const Work& w, const void* map_a, const void* map_b, u8* ring, u64* full, u64* empty, int cluster, int rank) {
  using R = Ring<TileN>;
  int count = 0;
  for (int index = (int)blockIdx.x / cluster; index < w.items; index += (int)gridDim.x / cluster) {
    Item item = item_of(w, index, TileN, cluster, rank);
    for (int product = 0; product < w.products; ++product) {
      int pa = (int)(w.parts_a >> 4 * product & 15u), pb = (int)(w.parts_b >> 4 * product & 15u);
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
        for (int half = rank; half < 2; half += cluster) {
          if (L == NT) {
            em_tensor_load_multicast(b + half * (R::BBytes / 2), map_b, k, item.column + half * (TileN / 2), pb, full + stage, cluster);
          } else {
#pragma unroll
            for (int piece = 0; piece < TileN / 64; ++piece)
              em_tensor_load_multicast(b + piece * 8192 + half * 4096, map_b, item.column + piece * 64, k + half * 32, pb, full + stage, cluster);
          }
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

// Which of a thread's results lie where y held a positive activation: 16 bits for each 32 columns, those of the last ones
// lowest. They are read while the warpgroup multiplies, two words of four rows at a time.
template <int TileN> struct Signs {
  static constexpr int Chunks = TileN / 32;
  u32 words[Chunks / 2];
  uint2 pending[2][4];
  int asked, kept;

  EM_DEV_MEMBER void start() { asked = kept = 0; }

  EM_DEV_MEMBER void ask(const Output& o, int row0, int column0) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      int column = column0 + (asked + half) * 32 + (int)threadIdx.x % 8 * 4;
      bool wide = o.wide && column + 4 <= o.n;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        int row = row0 + (int)threadIdx.x % 128 / 8 + i * 16;
        const u16* y = (const u16*)o.y + (size_t)row * o.stride + column;
        uint2 v = {0, 0};
        if (row < o.m && asked + half < Chunks) {
          if (wide) v = *(const uint2*)y;
          else {
            if (column < o.n) v.x = y[0];
            if (column + 1 < o.n) v.x |= (u32)y[1] << 16;
            if (column + 2 < o.n) v.y = y[2];
            if (column + 3 < o.n) v.y |= (u32)y[3] << 16;
          }
        }
        pending[half][i] = v;
      }
    }
    asked += 2;
  }

  EM_DEV_MEMBER static u32 positive(u32 v) { return !(v & 0x8000u) && (v & 0x7fffu); }

  EM_DEV_MEMBER void keep() {
    if (kept == asked) return;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      u32 bits = 0;
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        uint2 v = pending[half][i];
        bits |= (positive(v.x) | positive(v.x >> 16) << 1 | positive(v.y) << 2 | positive(v.y >> 16) << 3) << 4 * i;
      }
#pragma unroll
      for (int w = Chunks / 2 - 1; w > 0; --w) words[w] = words[w] << 16 | words[w - 1] >> 16;
      words[0] = words[0] << 16 | bits;
    }
    kept = asked;
  }

  // Between the products of a step and the next; all are there after `finish`.
  EM_DEV_MEMBER void go_on(const Output& o, int row0, int column0) {
    keep();
    if (asked < Chunks) ask(o, row0, column0);
  }
  EM_DEV_MEMBER void finish(const Output& o, int row0, int column0) {
    keep();
    while (asked < Chunks) {
      ask(o, row0, column0);
      keep();
    }
  }
};

// Four columns of a row in bf16, in the place of the activations whose signs are known.
EM_DEV void write_gradient(const Output& o, int row, int column, float4 v, u32 signs) {
  float x[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
  for (int i = 0; i < 4; ++i) x[i] = signs >> i & 1u ? x[i] : 0.01f * x[i];
  u16* y = (u16*)o.y + (size_t)row * o.stride + column;
  uint2 packed = {em_pack_bf16(x[0], x[1]), em_pack_bf16(x[2], x[3])};
  if (o.wide && column + 4 <= o.n) {
    *(uint2*)y = packed;
    return;
  }
  if (column < o.n) y[0] = (u16)packed.x;
  if (column + 1 < o.n) y[1] = (u16)(packed.x >> 16);
  if (column + 2 < o.n) y[2] = (u16)packed.y;
  if (column + 3 < o.n) y[3] = (u16)(packed.y >> 16);
}

// Results pass through shared memory, so that rows leave in whole lines.
template <int TileN> EM_DEV void write_wide(const float (&sum)[TileN / 2], const Output& o, const Signs<TileN>& signs, int row0, int column0, int split, float* staging, int group) {
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
    int column = column0 + chunk * 32 + thread % 8 * 4, at = TileN / 32 - 1 - chunk;
    u32 bits = signs.words[at / 2] >> at % 2 * 16;
#pragma unroll 1
    for (int r = thread / 8; r < 64; r += 16, bits >>= 4) {
      if (row0 + r >= o.m || column >= o.n) continue;
      float* v = staging + r * Pitch + thread % 8 * 4;
      if (o.mode == Gradient) write_gradient(o, row0 + r, column, *(const float4*)v, bits);
      else write_four(o, row0 + r, column, v, split);
    }
    em_warpgroup_sync(group);
  }
}

template <int TileN> EM_DEV void write_activated(const float (&sum)[TileN / 2], const Output& o, int row0, int column0, u32* staging, int group) {
  int thread = (int)threadIdx.x % 128, lane = thread % 32, row = thread / 32 * 16 + lane / 4, pair = lane % 4 * 2;
  float floor = o.activation ? 0.01f : 1.0f;                    // leaky ReLU, or none
#pragma unroll
  for (int chunk = 0; chunk < TileN / 64; ++chunk) {
#pragma unroll
    for (int j = 0; j < 8; ++j) {
      const float* s = sum + (chunk * 8 + j) * 4;
      int column = column0 + chunk * 64 + j * 8 + pair;
      float b0 = o.bias && column < o.n ? o.bias[column] : 0.0f, b1 = o.bias && column + 1 < o.n ? o.bias[column + 1] : 0.0f;
      float v[4] = {s[0] + b0, s[1] + b1, s[2] + b0, s[3] + b1};
#pragma unroll
      for (int i = 0; i < 4; ++i) v[i] = v[i] > 0.0f ? v[i] : floor * v[i];
      staging[row * PackedPitch + j * 4 + pair / 2] = em_pack_bf16(v[0], v[1]);
      staging[(row + 8) * PackedPitch + j * 4 + pair / 2] = em_pack_bf16(v[2], v[3]);
    }
    em_warpgroup_sync(group);
    int column = column0 + chunk * 64 + thread % 8 * 8;
#pragma unroll 1
    for (int r = thread / 8; r < 64; r += 16) {
      if (row0 + r >= o.m || column >= o.n) continue;
      uint4 v = *(const uint4*)(staging + r * PackedPitch + thread % 8 * 4);
      u16* y = (u16*)o.y + (size_t)(row0 + r) * o.stride + column;
      if (column + 8 <= o.n) {
        *(uint4*)y = v;
      } else {
        u32 words[4] = {v.x, v.y, v.z, v.w};
#pragma unroll
        for (int i = 0; i < 8; ++i)
          if (column + i < o.n) y[i] = (u16)(words[i / 2] >> i % 2 * 16);
      }
    }
    em_warpgroup_sync(group);
  }
}

template <int TileN, int L> EM_DEV void multiply_tiles(const Work& w, const Output& o, u8* ring, u64* full, u64* empty, int cluster, int rank) {
  using R = Ring<TileN>;
  constexpr bool TransposedA = L == TN, TransposedB = L != NT;
  constexpr u64 StepA = TransposedA ? 2048 >> 4 : 32 >> 4, StepB = TransposedB ? 2048 >> 4 : 32 >> 4;
  int group = (int)threadIdx.x / 128 - 1, thread = (int)threadIdx.x % 128, count = 0;
  u8* staging = ring + R::StagingAt + group * StagingBytes;
  float sum[TileN / 2];
  Signs<TileN> signs;
#pragma unroll
  for (int i = 0; i < TileN / 64; ++i) signs.words[i] = 0;
  for (int index = (int)blockIdx.x / cluster; index < w.items; index += (int)gridDim.x / cluster) {
    Item item = item_of(w, index, TileN, cluster, rank);
#pragma unroll
    for (int i = 0; i < TileN / 2; ++i) sum[i] = 0.0f;
    int row0 = item.row + group * 64;
    signs.start();
    int steps = w.products * ((item.k_end - item.k + TileK - 1) / TileK);
    for (int step = 0; step < steps; ++step, ++count) {
      int stage = count % R::Stages;
      while (!em_barrier_try_wait(full + stage, (u32)(count / R::Stages & 1))) {}
      u64 a = descriptor<TransposedA>(ring + stage * R::StageBytes + group * 8192);
      u64 b = descriptor<TransposedB>(ring + stage * R::StageBytes + R::ABytes);
      em_wgmma_fence();
#pragma unroll
      for (int k = 0; k < TileK / 16; ++k) em_wgmma<TransposedA, TransposedB>(sum, a + k * StepA, b + k * StepB);
      em_wgmma_commit();
      if (L == NN && o.mode == Gradient) signs.go_on(o, row0, item.column);
      // The products before these are done: their stage goes back to whoever loads into it.
      em_wgmma_wait<1>();
      if (step > 0 && thread < cluster) em_barrier_arrive_in(empty + (count - 1) % R::Stages, thread);
    }
    em_wgmma_wait<0>();
    em_wgmma_results(sum);
    if (thread < cluster) em_barrier_arrive_in(empty + (count - 1) % R::Stages, thread);
    if (L == NN && o.mode == Gradient) signs.finish(o, row0, item.column);
    if (o.mode == Activated) write_activated<TileN>(sum, o, row0, item.column, (u32*)staging, 1 + group);
    else write_wide<TileN>(sum, o, signs, row0, item.column, item.split, (float*)staging, 1 + group);
  }
}

template <int TileN, int L> EM_DEV void product(u8* ring, const void* map_a, const void* map_b, const Work& w, const Output& o) {
  using R = Ring<TileN>;
  u64 *full = (u64*)(ring + R::BarriersAt), *empty = full + R::Stages;
  int cluster = (int)em_cluster_size(), rank = (int)em_cluster_rank();
  if (threadIdx.x == 0) {
    for (int i = 0; i < R::Stages; ++i) {
      em_barrier_init(full + i, 1);
      em_barrier_init(empty + i, (u32)(2 * cluster));
    }
    em_barrier_init_fence();
  }
  __syncthreads();
  em_cluster_sync();
  if (threadIdx.x < 128) {
    em_registers_fewer<40>();
    if (threadIdx.x == 0) load_tiles<TileN, L>(w, map_a, map_b, ring, full, empty, cluster, rank);
  } else {
    em_registers_more<232>();
    multiply_tiles<TileN, L>(w, o, ring, full, empty, cluster, rank);
  }
  // No block leaves while the other may still write into its memory.
  em_cluster_sync();
}

// The maps' third coordinate numbers the parts of an operand. wide: y's rows take 16-byte stores.
#define PRODUCT(name, columns, layout)                                                                                              \
  EM_KERNEL(Threads, 1) name(EM_TENSOR_MAP map_a, EM_TENSOR_MAP map_b, void* y, int y_stride, const float* bias, const float* residual,  \
                             int residual_stride, int mode, int activation, int wide, int m, int n, int k, int k_of_split, int splits, int products, u32 parts_a, u32 parts_b) { \
    EM_DYNAMIC_SHARED(u8, ring);                                                                                                    \
    product<columns, layout>(ring, EM_PARAMETER_ADDRESS(name, 0, map_a), EM_PARAMETER_ADDRESS(name, 1, map_b),                      \
                             work(m, n, k, columns, k_of_split, splits, products, parts_a, parts_b),                                \
                             {y, y_stride, m, n, bias, residual, residual_stride, mode, activation, wide});                         \
  }                                                                                                                                 \
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
#endif
