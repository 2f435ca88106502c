// y (m, n) = activation(a (m, k) b (k, n) + bias) + residual in plain fused multiply-adds: every element is one chain over k,
// so its bytes do not depend on m and n. Tiles of 64 x 64, 16 deep, 256 threads with 4 x 4 elements each.
// Long sums (gradients over all pairs) are cut along k into partial sums that matmul_sum adds in order.
#include "em.h"
#include "em_tile.h"

struct Epilogue { const void* bias; int bias_type, activation; const float* residual; int residual_stride; };

EM_DEV float finish(float v, Epilogue e, int row, int column) {
  if (e.bias) v += em_load(e.bias, (size_t)column, e.bias_type);
  v = em_activate(v, e.activation);
  return e.residual ? v + e.residual[(size_t)row * e.residual_stride + column] : v;
}

// Block (x, y) makes columns 64 x .. of rows 64 y ..
EM_KERNEL(256) matmul(const float* a, int a_outer, int a_inner, const void* b, int b_outer, int b_inner, int b_type, float* y, int y_stride,
                      const void* bias, int bias_type, int activation, const float* residual, int residual_stride, int m, int n, int k) {
  EM_SHARED(float, tile_a, Depth * Pitch);
  EM_SHARED(float, tile_b, Depth * Pitch);
  int row0 = (int)blockIdx.y * Tile, column0 = (int)blockIdx.x * Tile;
  Fragment sum = multiply({a, a_outer, a_inner, 0}, {b, b_outer, b_inner, b_type}, m, n, 0, k, row0, column0, tile_a, tile_b);
  int row = row0 + (int)threadIdx.x / 16 * 4, column = column0 + (int)threadIdx.x % 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (row + i < m && column + j < n)
        y[(size_t)(row + i) * y_stride + column + j] = finish(sum.v[i][j], {bias, bias_type, activation, residual, residual_stride}, row + i, column + j);
}
EM_EXPORT(matmul)

// Block (x, y, z) makes partial sum z, k in z * k_of_split .., of partials (z, m, n).
EM_KERNEL(256) matmul_split(const float* a, int a_outer, int a_inner, const void* b, int b_outer, int b_inner, int b_type, float* partials, int m, int n, int k, int k_of_split) {
  EM_SHARED(float, tile_a, Depth * Pitch);
  EM_SHARED(float, tile_b, Depth * Pitch);
  int row0 = (int)blockIdx.y * Tile, column0 = (int)blockIdx.x * Tile, start = (int)blockIdx.z * k_of_split, end = start + k_of_split < k ? start + k_of_split : k;
  Fragment sum = multiply({a, a_outer, a_inner, 0}, {b, b_outer, b_inner, b_type}, m, n, start, end, row0, column0, tile_a, tile_b);
  int row = row0 + (int)threadIdx.x / 16 * 4, column = column0 + (int)threadIdx.x % 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (row + i < m && column + j < n) partials[((size_t)blockIdx.z * m + row + i) * n + column + j] = sum.v[i][j];
}
EM_EXPORT(matmul_split)

EM_KERNEL(256) matmul_sum(const float* partials, int count, float* y, int y_stride, const void* bias, int bias_type, int activation, const float* residual, int residual_stride, int m, int n) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= n) return;
  for (int row = (int)blockIdx.y; row < m; row += (int)gridDim.y) {
    float sum = 0.0f;
    for (int z = 0; z < count; ++z) sum += partials[((size_t)z * m + row) * n + column];
    y[(size_t)row * y_stride + column] = finish(sum, {bias, bias_type, activation, residual, residual_stride}, row, column);
  }
}
EM_EXPORT(matmul_sum)
