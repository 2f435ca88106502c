// Training a critic in bf16, around the products: conversions, the first layer's pairs, column sums, sums by index. Rows
// start at multiples of 16 bytes and end in up to 7 elements that nobody reads for their value.
#include "em.h"

struct Eight { float v[8]; };

EM_DEV Eight unpack(uint4 p) {
  return {{em_bf16_low(p.x), em_bf16_high(p.x), em_bf16_low(p.y), em_bf16_high(p.y), em_bf16_low(p.z), em_bf16_high(p.z), em_bf16_low(p.w), em_bf16_high(p.w)}};
}
EM_DEV uint4 pack(Eight e) {
  return uint4{em_pack_bf16(e.v[0], e.v[1]), em_pack_bf16(e.v[2], e.v[3]), em_pack_bf16(e.v[4], e.v[5]), em_pack_bf16(e.v[6], e.v[7])};
}
EM_DEV void add(Eight& sum, Eight e) {
#pragma unroll
  for (int i = 0; i < 8; ++i) sum.v[i] += e.v[i];
}

// Eight elements from `at`, of which `left` are there, zeros for the others.
EM_DEV Eight load(const void* x, size_t at, int left, int type) {
  const float* source = (const float*)x + at;
  if (type == 0 && left >= 8 && ((size_t)source & 15) == 0) {
    float4 low = *(const float4*)source, high = *(const float4*)(source + 4);
    return {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
  }
  Eight e;
#pragma unroll
  for (int i = 0; i < 8; ++i) e.v[i] = i < left ? em_load(x, at + i, type) : 0.0f;
  return e;
}

// y (rows, columns) bf16 = x of any type; zeros up to the next multiple of 8 columns. One thread makes 8.
EM_KERNEL(256) to_bf16(const void* x, int x_stride, int type, u16* y, int y_stride, int rows, int columns) {
  u32 chunks = (u32)(columns + 7) / 8, at = blockIdx.x * 256 + threadIdx.x, row = at / chunks, column = at % chunks * 8;
  if (row >= (u32)rows) return;
  *(uint4*)(y + (size_t)row * y_stride + column) = pack(load(x, (size_t)row * x_stride + column, columns - (int)column, type));
}
EM_EXPORT(to_bf16)

// Matrices of floats, each where it begins, its stride and columns, and the first eight of y that is its own: y has their
// rows behind each other, as to_bf16 makes them.
struct Weights { int start, stride, columns, eight; };

EM_KERNEL(256) weights_to_bf16(const float* x, const Weights* matrices, int count, u16* y, int eights) {
  int at = (int)(blockIdx.x * 256 + threadIdx.x), m = 0;
  if (at >= eights) return;
  while (m + 1 < count && matrices[m + 1].eight <= at) ++m;
  Weights w = matrices[m];
  int chunks = (w.columns + 7) / 8, row = (at - w.eight) / chunks, column = (at - w.eight) % chunks * 8;
  *(uint4*)(y + (size_t)at * 8) = pack(load(x, (size_t)w.start + (size_t)row * w.stride + column, w.columns - column, 0));
}
EM_EXPORT(weights_to_bf16)

// y[r] = leaky_relu(zx[a[r]] + zy[b[r]]). Rows of both halves take turns: the published protocol has the same a in both.
EM_KERNEL(256) add_pairs_bf16(const u16* zx, int zx_stride, const int* a, int a_stride, const u16* zy, int zy_stride, const int* b, int b_stride,
                              u16* y, int y_stride, int rows, int columns) {
  u32 chunks = (u32)(columns + 7) / 8, at = blockIdx.x * 256 + threadIdx.x, turn = at / chunks, column = at % chunks * 8;
  if (turn >= (u32)rows) return;
  u32 row = turn / 2 + (turn % 2 ? (u32)(rows + 1) / 2 : 0);
  Eight e = unpack(*(const uint4*)(zx + (size_t)a[(size_t)row * a_stride] * zx_stride + column));
  add(e, unpack(*(const uint4*)(zy + (size_t)b[(size_t)row * b_stride] * zy_stride + column)));
#pragma unroll
  for (int i = 0; i < 8; ++i) e.v[i] = em_leaky_relu(e.v[i]);
  *(uint4*)(y + (size_t)row * y_stride + column) = pack(e);
}
EM_EXPORT(add_pairs_bf16)

// Block (x, y) sums 8 * `across` columns (across: up to 256) of rows y * length .. into sums[y]; sum_partials adds those up.
EM_KERNEL(256, 5) sum_rows_bf16(const u16* x, int x_stride, float* sums, int rows, int columns, int length, int across) {
  EM_SHARED(float, partials, 256 * 8);
  int lane = (int)threadIdx.x % across, part = (int)threadIdx.x / across, step = 256 / across, column = ((int)blockIdx.x * across + lane) * 8;
  int start = (int)blockIdx.y * length, end = start + length < rows ? start + length : rows;
  Eight sum = {{0, 0, 0, 0, 0, 0, 0, 0}};
  if (column < columns && part < step) {
    // Six reads under way at a time: five blocks a multiprocessor leave the registers for them.
    for (int row = start + part; row < end; row += 6 * step) {
      uint4 eights[6];
#pragma unroll
      for (int i = 0; i < 6; ++i) eights[i] = row + i * step < end ? *(const uint4*)(x + (size_t)(row + i * step) * x_stride + column) : uint4{0, 0, 0, 0};
#pragma unroll
      for (int i = 0; i < 6; ++i) add(sum, unpack(eights[i]));
    }
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) partials[(part * across + lane) * 8 + i] = sum.v[i];
  __syncthreads();
  for (int c = (int)threadIdx.x; c < across * 8; c += 256) {
    float total = 0.0f;
    for (int i = 0; i < step; ++i) total += partials[i * across * 8 + c];
    int to = (int)blockIdx.x * across * 8 + c;
    if (to < columns) sums[(size_t)blockIdx.y * columns + to] = total;
  }
}
EM_EXPORT(sum_rows_bf16)

// sums = the rows of partials (count, columns) added up. A block makes 8 columns, a thread every 32nd row of one.
EM_KERNEL(256) sum_partials(const float* partials, int count, float* sums, int columns) {
  EM_SHARED(float, warps, 8 * 8);
  int lane = (int)threadIdx.x % 8, column = (int)blockIdx.x * 8 + lane;
  float sum = 0.0f;
  if (column < columns) {
#pragma unroll 8
    for (int row = (int)threadIdx.x / 8; row < count; row += 32) sum += partials[(size_t)row * columns + column];
  }
  sum += em_shuffle_xor(sum, 8);
  sum += em_shuffle_xor(sum, 16);
  if (threadIdx.x % 32 < 8) warps[threadIdx.x / 32 * 8 + lane] = sum;
  __syncthreads();
  if ((int)threadIdx.x >= 8 || column >= columns) return;
#pragma unroll
  for (int i = 1; i < 8; ++i) sum += warps[i * 8 + lane];
  sums[column] = sum;
}
EM_EXPORT(sum_partials)

// sums[c] = sum of x[order[i]], i in starts[c] .. starts[c + 1] - 1. A warp makes 256 columns of one class; where `slices` is 8
// the warps of a block share the class, a slice of its rows each.
EM_KERNEL(256, 6) sum_by_index_bf16(const u16* x, int x_stride, const int* starts, const int* order, u16* sums, int sums_stride, int classes, int columns, int slices) {
  EM_SHARED(float, partials, 8 * 32 * 8);
  int warp = (int)threadIdx.x / 32, lane = (int)em_lane(), groups = (columns + 255) / 256;
  int job = slices == 8 ? (int)blockIdx.x : (int)blockIdx.x * 8 + warp, slice = slices == 8 ? warp : 0;
  int c = job / groups, column = (job % groups * 32 + lane) * 8;
  bool used = c < classes && column < columns;
  Eight sum = {{0, 0, 0, 0, 0, 0, 0, 0}};
  if (used) {
    int first = starts[c], count = starts[c + 1] - first, each = (count + slices - 1) / slices;
    int start = slice * each, end = start + each < count ? start + each : count;
    // Two rows under way at a time: most classes of the published protocol have two.
    for (int i = start; i < end; i += 2) {
      int row[2];
      uint4 eights[2];
#pragma unroll
      for (int e = 0; e < 2; ++e) row[e] = i + e < end ? order[first + i + e] : -1;
#pragma unroll
      for (int e = 0; e < 2; ++e) eights[e] = row[e] >= 0 ? *(const uint4*)(x + (size_t)row[e] * x_stride + column) : uint4{0, 0, 0, 0};
#pragma unroll
      for (int e = 0; e < 2; ++e) add(sum, unpack(eights[e]));
    }
  }
  if (slices == 8) {
#pragma unroll
    for (int i = 0; i < 8; ++i) partials[(warp * 8 + i) * 32 + lane] = sum.v[i];
    __syncthreads();
    if (warp > 0) return;
#pragma unroll
    for (int i = 0; i < 8; ++i)
      for (int other = 1; other < 8; ++other) sum.v[i] += partials[(other * 8 + i) * 32 + lane];
  }
  if (used) *(uint4*)(sums + (size_t)c * sums_stride + column) = pack(sum);
}
EM_EXPORT(sum_by_index_bf16)
