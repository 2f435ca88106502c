// Matrix products on tensor cores: bf16 operands, sums in single precision. Blocks of 256 threads make 128 x 128, 96 or 64
// elements; a ring of 4 stages, 32 deep, is filled by asynchronous copies. Every element is one chain over k, so its bytes
// depend neither on the tile nor on the number of rows. Rows start at multiples of 16 bytes; what lies behind the last
// column of a row is never used.
#include "em.h"
#include "em_epilogue.h"

constexpr int Rows = 128, Depth = 32, Stages = 4;

// `Width` rows (or columns) of an operand in shared memory. InnerK: k runs along a row of the matrix, and the four chunks of
// a row change places from row to row. Otherwise a row is one k, with 8 elements to spare. Either way the 8 rows that
// ldmatrix reads at once lie in different banks.
template <int Width, bool InnerK> struct OperandTile {
  static constexpr int Pitch = Width + 8, Elements = InnerK ? Width * Depth : Depth * Pitch;

  EM_DEV int at(int i, int k) { return InnerK ? i * Depth + ((k / 8 ^ (i >> 1 & 3)) * 8 + k % 8) : k * Pitch + i; }

  EM_DEV void load(u16* tile, const u16* data, int stride, int first, int limit, int k0, int k_end) {
    constexpr int Chunks = Width * Depth / 8;
#pragma unroll
    for (int part = 0; part < (Chunks + 255) / 256; ++part) {
      int c = (int)threadIdx.x + part * 256;
      if (Chunks % 256 != 0 && c >= Chunks) break;
      int i = InnerK ? c / 4 : c % (Width / 8) * 8, k = InnerK ? c % 4 * 8 : c / (Width / 8);
      bool inside = InnerK ? first + i < limit : k0 + k < k_end;
      int left = InnerK ? k_end - k0 - k : limit - first - i;
      int bytes = !inside || left <= 0 ? 0 : left >= 8 ? 16 : 2 * left;
      const u16* source = data + (InnerK ? (size_t)(first + i) * stride + (k0 + k) : (size_t)(k0 + k) * stride + (first + i));
      em_copy_async16_first(tile + at(i, k), source, bytes);
    }
  }

#if EM_HAS_MMA
  // Rows i .. i + 15, k .. k + 15 as the left operand of mma.
  EM_DEV void left(u32 (&r)[4], const u16* tile, int i, int k) {
    int lane = (int)em_lane();
    if constexpr (InnerK) em_ldmatrix_x4(r, tile + at(i + lane % 16, k + lane / 16 * 8));
    else em_ldmatrix_x4_transposed(r, tile + at(i + lane / 8 % 2 * 8, k + lane % 8 + lane / 16 * 8));
  }
  // Columns i .. i + 15, k .. k + 15 as two right operands.
  EM_DEV void right(u32 (&r)[4], const u16* tile, int i, int k) {
    int lane = (int)em_lane();
    if constexpr (InnerK) em_ldmatrix_x4(r, tile + at(i + lane % 8 + lane / 16 * 8, k + lane / 8 % 2 * 8));
    else em_ldmatrix_x4_transposed(r, tile + at(i + lane / 16 * 8, k + lane % 8 + lane / 8 % 2 * 8));
  }
#endif
};

struct Operand { const u16* data; int stride; };
// Where sums go, and what becomes of them: kind is Activated, Gradient or Float.
struct Target { void* y; int stride, kind; const float* bias; int activation; const float* residual; int residual_stride; };

template <int Columns, int WarpRows, int WarpColumns, bool InnerA, bool InnerB> struct Product {
  using A = OperandTile<Rows, InnerA>;
  using B = OperandTile<Columns, InnerB>;
  static constexpr int Down = WarpRows / 16, Across = WarpColumns / 8, Stage = A::Elements + B::Elements, Pitch = Columns + 8;
  // Shared memory: the ring of stages, or the staged sums, whichever is larger.
  static constexpr int RingBytes = Stages * Stage * 2, StagedBytes = Rows * Pitch * 4, Bytes = RingBytes > StagedBytes ? RingBytes : StagedBytes;
  static_assert(Rows / WarpRows * (Columns / WarpColumns) == 8);

  EM_DEV void multiply(float (&sum)[Down][Across][4], const u16* a, const u16* b, int row, int column) {
#if EM_HAS_MMA
#pragma unroll
    for (int k = 0; k < Depth; k += 16) {
      u32 left[Down][4], right[Across / 2][4];
#pragma unroll
      for (int i = 0; i < Down; ++i) A::left(left[i], a, row + i * 16, k);
#pragma unroll
      for (int j = 0; j < Across / 2; ++j) B::right(right[j], b, column + j * 16, k);
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j) em_mma_bf16(sum[i][j], left[i], right[j / 2][j % 2 * 2], right[j / 2][j % 2 * 2 + 1]);
    }
#else
    int lane = (int)em_lane();
#pragma unroll 1
    for (int k = 0; k < Depth; ++k) {
      float x[Down][2], y[Across][2];
#pragma unroll
      for (int i = 0; i < 2 * Down; ++i) x[i / 2][i % 2] = em_from_bf16(a[A::at(row + i * 8 + lane / 4, k)]);
#pragma unroll
      for (int j = 0; j < 2 * Across; ++j) y[j / 2][j % 2] = em_from_bf16(b[B::at(column + j / 2 * 8 + lane % 4 * 2 + j % 2, k)]);
#pragma unroll
      for (int i = 0; i < Down; ++i)
#pragma unroll
        for (int j = 0; j < Across; ++j)
#pragma unroll
          for (int e = 0; e < 4; ++e) sum[i][j][e] = em_fma(x[i][e / 2], y[j][e % 2], sum[i][j][e]);
    }
#endif
  }

  // Whole rows of the block's sums, for stores of 16 bytes.
  EM_DEV void stage(float* staged, const float (&sum)[Down][Across][4], int row, int column) {
    int lane = (int)em_lane();
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int half = 0; half < 2; ++half)
          *(float2*)(staged + (row + i * 16 + half * 8 + lane / 4) * Pitch + column + j * 8 + lane % 4 * 2) = float2{sum[i][j][2 * half], sum[i][j][2 * half + 1]};
  }

  // Functions of many instructions: in a loop of their own, that it is not copied for every element.
  EM_DEV void activate(float* staged, Target t, int column0, int n) {
#pragma unroll 1
    for (int c = (int)threadIdx.x; c < Rows * Columns; c += 256) {
      int column = c % Columns;
      float* at = staged + c / Columns * Pitch + column;
      *at = em_activate(*at + (t.bias && column0 + column < n ? t.bias[column0 + column] : 0.0f), t.activation);
    }
    __syncthreads();
  }

  EM_DEV void store_bf16(u16* y, const float (&v)[8], int count) {
    if (count == 8) {
      *(uint4*)y = uint4{em_pack_bf16(v[0], v[1]), em_pack_bf16(v[2], v[3]), em_pack_bf16(v[4], v[5]), em_pack_bf16(v[6], v[7])};
      return;
    }
#pragma unroll
    for (int e = 0; e < 8; ++e)
      if (e < count) y[e] = em_to_bf16(v[e]);
  }

  EM_DEV void store(float* y, const float (&v)[8], int count, bool aligned) {
    if (count == 8 && aligned) {
      *(float4*)y = float4{v[0], v[1], v[2], v[3]};
      *(float4*)(y + 4) = float4{v[4], v[5], v[6], v[7]};
      return;
    }
#pragma unroll
    for (int e = 0; e < 8; ++e)
      if (e < count) y[e] = v[e];
  }

  EM_DEV void finish(const float* staged, Target t, int row0, int column0, int m, int n) {
    constexpr int Each = Rows * Columns / 8 / 256, Batch = Each / 2;
    bool aligned = (((size_t)t.y | (size_t)t.stride * 4) & 15) == 0;
#pragma unroll 1
    for (int first = 0; first < Each; first += Batch) {
      uint4 old[Batch];
#pragma unroll
      for (int part = 0; part < Batch; ++part) {
        int c = (int)threadIdx.x + (first + part) * 256, row = row0 + c / (Columns / 8), column = column0 + c % (Columns / 8) * 8;
        old[part] = uint4{0, 0, 0, 0};
        if (t.kind == Gradient && row < m && column < n) old[part] = *(const uint4*)((const u16*)t.y + (size_t)row * t.stride + column);
      }
#pragma unroll
      for (int part = 0; part < Batch; ++part) {
        int c = (int)threadIdx.x + (first + part) * 256, i = c / (Columns / 8), j = c % (Columns / 8) * 8, row = row0 + i, column = column0 + j;
        if (row >= m || column >= n) continue;
        int count = n - column < 8 ? n - column : 8;
        float4 low = *(const float4*)(staged + i * Pitch + j), high = *(const float4*)(staged + i * Pitch + j + 4);
        float v[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
        u32 pairs[4] = {old[part].x, old[part].y, old[part].z, old[part].w};
        const float* added = t.residual ? t.residual + (size_t)row * t.residual_stride + column : nullptr;
#pragma unroll
        for (int e = 0; e < 8; ++e) {
          if (t.bias && e < count) v[e] += t.bias[column + e];
          if (t.activation == 1) v[e] = v[e] > 0.0f ? v[e] : v[e] != v[e] ? v[e] : 0.0f;
          if (t.activation == 2) v[e] = em_leaky_relu(v[e]);
          if (added && e < count) v[e] += added[e];
          float before = e % 2 ? em_bf16_high(pairs[e / 2]) : em_bf16_low(pairs[e / 2]);
          if (t.kind == Gradient && !(before > 0.0f)) v[e] *= 0.01f;
        }
        if (t.kind == Float) store((float*)t.y + (size_t)row * t.stride + column, v, count, aligned);
        else store_bf16((u16*)t.y + (size_t)row * t.stride + column, v, count);
      }
    }
  }

  // Block (x, y): tile x, row by row of tiles, over k in y * k_of_split ..; y (gridDim.y, m, n) then.
  EM_DEV void run(u16* shared, Operand a, Operand b, Target t, int m, int n, int k, int k_of_split) {
    int tiles = (n + Columns - 1) / Columns, row0 = (int)blockIdx.x / tiles * Rows, column0 = (int)blockIdx.x % tiles * Columns;
    int start = (int)blockIdx.y * k_of_split, end = start + k_of_split < k ? start + k_of_split : k, steps = (end - start + Depth - 1) / Depth;
    int warp = (int)threadIdx.x / 32, row = warp / (Columns / WarpColumns) * WarpRows, column = warp % (Columns / WarpColumns) * WarpColumns;
    bool used = row0 + row < m && column0 + column < n;
    float sum[Down][Across][4];
#pragma unroll
    for (int i = 0; i < Down; ++i)
#pragma unroll
      for (int j = 0; j < Across; ++j)
#pragma unroll
        for (int e = 0; e < 4; ++e) sum[i][j][e] = 0.0f;

    auto load = [&](int step, int stage) {
      A::load(shared + stage * Stage, a.data, a.stride, row0, m, start + step * Depth, end);
      B::load(shared + stage * Stage + A::Elements, b.data, b.stride, column0, n, start + step * Depth, end);
    };
#pragma unroll
    for (int stage = 0; stage < Stages - 1; ++stage) {
      if (stage < steps) load(stage, stage);
      em_copy_commit();
    }
    int reading = 0, writing = Stages - 1;
#pragma unroll 1
    for (int step = 0; step < steps; ++step) {
      em_copy_wait<Stages - 2>();
      __syncthreads();
      if (step + Stages - 1 < steps) load(step + Stages - 1, writing);
      em_copy_commit();
      const u16* tile = shared + reading * Stage;
      if (used) multiply(sum, tile, tile + A::Elements, row, column);
      reading = reading + 1 == Stages ? 0 : reading + 1;
      writing = writing + 1 == Stages ? 0 : writing + 1;
    }
    em_copy_wait<0>();
    __syncthreads();
    float* staged = (float*)shared;
    stage(staged, sum, row, column);
    __syncthreads();
    if (t.activation > 2) {
      activate(staged, t, column0, n);
      t.bias = nullptr, t.activation = 0;
    }
    if (gridDim.y > 1) t.y = (float*)t.y + (size_t)blockIdx.y * m * n;
    finish(staged, t, row0, column0, m, n);
  }
};

// nt: a (m, k), b (n, k); nn: a (m, k), b (k, n); tn: a (k, m), b (k, n). By the columns of a tile: 128, 96, 64.
#define EM_PRODUCT(name, columns, warp_rows, warp_columns, inner_a, inner_b)                                                              \
  EM_KERNEL(256, 2) name(const u16* a, int a_stride, const u16* b, int b_stride, void* y, int y_stride, int kind, const float* bias,      \
                         int activation, const float* residual, int residual_stride, int m, int n, int k, int k_of_split) {               \
    EM_DYNAMIC_SHARED(u16, shared);                                                                                                       \
    Product<columns, warp_rows, warp_columns, inner_a, inner_b>::run(                                                                     \
        shared, {a, a_stride}, {b, b_stride}, {y, y_stride, kind, bias, activation, residual, residual_stride}, m, n, k, k_of_split);     \
  }                                                                                                                                       \
  EM_EXPORT(name)
EM_PRODUCT(product_nt_128, 128, 64, 32, true, true)
EM_PRODUCT(product_nt_96, 96, 32, 48, true, true)
EM_PRODUCT(product_nt_64, 64, 32, 32, true, true)
EM_PRODUCT(product_nn_128, 128, 64, 32, true, false)
EM_PRODUCT(product_nn_96, 96, 32, 48, true, false)
EM_PRODUCT(product_nn_64, 64, 32, 32, true, false)
EM_PRODUCT(product_tn_128, 128, 64, 32, false, false)
EM_PRODUCT(product_tn_96, 96, 32, 48, false, false)
EM_PRODUCT(product_tn_64, 64, 32, 32, false, false)
// Those whose operands both lie transposed need the most of their width.
static_assert(Product<128, 64, 32, false, false>::Bytes == 69632, "SharedBytes of product_tn_128");
static_assert(Product<96, 32, 48, false, false>::Bytes == 61440, "SharedBytes of product_tn_96");
static_assert(Product<64, 32, 32, false, false>::Bytes == 53248, "SharedBytes of product_tn_64");
