// Training a critic in bf16, around the products: conversion, the first layer's pairs, column sums, sums by index. Rows
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

// y (rows, columns) bf16 = x of any type; zeros up to the next multiple of 8 columns. One thread makes 8.
EM_KERNEL(256) to_bf16(const void* x, int x_stride, int type, u16* y, int y_stride, int rows, int columns) {
  u32 chunks = (u32)(columns + 7) / 8, at = blockIdx.x * 256 + threadIdx.x, row = at / chunks, column = at % chunks * 8;
  if (row >= (u32)rows) return;
  Eight e;
  const float* source = (const float*)x + (size_t)row * x_stride + column;
  if (type == 0 && (int)column + 8 <= columns && ((size_t)source & 15) == 0) {
    float4 low = *(const float4*)source, high = *(const float4*)(source + 4);
    e = {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
  } else {
#pragma unroll
    for (int i = 0; i < 8; ++i) e.v[i] = (int)column + i < columns ? em_load(x, (size_t)row * x_stride + column + i, type) : 0.0f;
  }
  *(uint4*)(y + (size_t)row * y_stride + column) = pack(e);
}
EM_EXPORT(to_bf16)

// y[r] = leaky_relu(zx[a[r]] + zy[b[r]])
EM_KERNEL(256) add_pairs_bf16(const u16* zx, int zx_stride, const int* a, int a_stride, const u16* zy, int zy_stride, const int* b, int b_stride,
                              u16* y, int y_stride, int rows, int columns) {
  u32 chunks = (u32)(columns + 7) / 8, at = blockIdx.x * 256 + threadIdx.x, row = at / chunks, column = at % chunks * 8;
  if (row >= (u32)rows) return;
  Eight e = unpack(*(const uint4*)(zx + (size_t)a[(size_t)row * a_stride] * zx_stride + column));
  add(e, unpack(*(const uint4*)(zy + (size_t)b[(size_t)row * b_stride] * zy_stride + column)));
#pragma unroll
  for (int i = 0; i < 8; ++i) e.v[i] = em_leaky_relu(e.v[i]);
  *(uint4*)(y + (size_t)row * y_stride + column) = pack(e);
}
EM_EXPORT(add_pairs_bf16)

// Block (x, y) sums 8 * `across` columns (across: a power of 2 up to 32) of rows y * length .. into sums[y]; sum_rows adds those up.
EM_KERNEL(256) sum_rows_bf16(const u16* x, int x_stride, float* sums, int rows, int columns, int length, int across) {
  EM_SHARED(float, parts, 256 * 8);
  int lane = (int)threadIdx.x % across, part = (int)threadIdx.x / across, step = 256 / across, column = ((int)blockIdx.x * across + lane) * 8;
  int start = (int)blockIdx.y * length, end = start + length < rows ? start + length : rows;
  Eight sum = {{0, 0, 0, 0, 0, 0, 0, 0}};
  if (column < columns) {
#pragma unroll 4
    for (int row = start + part; row < end; row += step) add(sum, unpack(*(const uint4*)(x + (size_t)row * x_stride + column)));
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) parts[(part * across + lane) * 8 + i] = sum.v[i];
  __syncthreads();
  for (int c = (int)threadIdx.x; c < across * 8; c += 256) {
    float total = 0.0f;
    for (int i = 0; i < step; ++i) total += parts[i * across * 8 + c];
    int to = (int)blockIdx.x * across * 8 + c;
    if (to < columns) sums[(size_t)blockIdx.y * columns + to] = total;
  }
}
EM_EXPORT(sum_rows_bf16)

// sums[c] = sum of x[order[i]], i in starts[c] .. starts[c + 1] - 1. A warp makes 256 columns of one class; where `slices` is 8
// the warps of a block share the class, a slice of its rows each.
EM_KERNEL(256) sum_by_index_bf16(const u16* x, int x_stride, const int* starts, const int* order, u16* sums, int sums_stride, int classes, int columns, int slices) {
  EM_SHARED(float, parts, 8 * 32 * 8);
  int warp = (int)threadIdx.x / 32, lane = (int)em_lane(), groups = (columns + 255) / 256;
  int job = slices == 8 ? (int)blockIdx.x : (int)blockIdx.x * 8 + warp, slice = slices == 8 ? warp : 0;
  int c = job / groups, column = (job % groups * 32 + lane) * 8;
  bool used = c < classes && column < columns;
  Eight sum = {{0, 0, 0, 0, 0, 0, 0, 0}};
  if (used) {
    int first = starts[c], count = starts[c + 1] - first, each = (count + slices - 1) / slices;
    int start = slice * each, end = start + each < count ? start + each : count;
#pragma unroll 4
    for (int i = start; i < end; ++i) add(sum, unpack(*(const uint4*)(x + (size_t)order[first + i] * x_stride + column)));
  }
  if (slices == 8) {
#pragma unroll
    for (int i = 0; i < 8; ++i) parts[(warp * 8 + i) * 32 + lane] = sum.v[i];
    __syncthreads();
    if (warp > 0) return;
#pragma unroll
    for (int i = 0; i < 8; ++i)
      for (int other = 1; other < 8; ++other) sum.v[i] += parts[(other * 8 + i) * 32 + lane];
  }
  if (used) *(uint4*)(sums + (size_t)c * sums_stride + column) = pack(sum);
}
EM_EXPORT(sum_by_index_bf16)
