// y (m, n) = activation(a (m, k) b (k, n) + bias) + residual in plain fused multiply-adds: every element is one chain over k,
// so its bytes do not depend on m and n. Tiles of 64 x 64, 16 deep, 256 threads with 4 x 4 elements each.
// Long sums (gradients over all pairs) are cut along k into parts that matmul_sum adds in order.
#include "em.h"

constexpr int Tile = 64, Depth = 16, Pitch = Tile + 4;

// An operand's element (i, k) lies at i * outer + k * inner, one of them 1.
struct Operand { const void* data; int outer, inner, type; };

// Brings elements (first .. first + 63, k0 .. k0 + 15) into tile[k][i], zero outside of (limit, k_end).
EM_DEV void load_tile(float* tile, Operand o, int first, int limit, int k0, int k_end) {
#pragma unroll
  for (int part = 0; part < 4; ++part) {
    int at = (int)threadIdx.x + part * 256;
    int i = o.inner == 1 ? at / Depth : at % Tile, k = o.inner == 1 ? at % Depth : at / Tile;
    bool inside = first + i < limit && k0 + k < k_end;
    tile[k * Pitch + i] = inside ? em_load(o.data, (size_t)(first + i) * o.outer + (size_t)(k0 + k) * o.inner, o.type) : 0.0f;
  }
}

struct Fragment { float v[4][4]; };

EM_DEV Fragment multiply(Operand a, Operand b, int m, int n, int k_start, int k_end, int row0, int column0, float* tile_a, float* tile_b) {
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  bool used = row0 + ty * 4 < m && column0 + tx * 4 < n;
  Fragment sum;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) sum.v[i][j] = 0.0f;
  for (int k0 = k_start; k0 < k_end; k0 += Depth) {
    load_tile(tile_a, a, row0, m, k0, k_end);
    load_tile(tile_b, b, column0, n, k0, k_end);
    __syncthreads();
    if (used) {
#pragma unroll
      for (int k = 0; k < Depth; ++k) {
        float4 x = *(const float4*)(tile_a + k * Pitch + ty * 4), y = *(const float4*)(tile_b + k * Pitch + tx * 4);
        float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
        for (int i = 0; i < 4; ++i)
#pragma unroll
          for (int j = 0; j < 4; ++j) sum.v[i][j] = em_fma(xs[i], ys[j], sum.v[i][j]);
      }
    }
    __syncthreads();
  }
  return sum;
}

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

// Block (x, y, z) makes part z, k in z * part .., into parts (z, m, n).
EM_KERNEL(256) matmul_split(const float* a, int a_outer, int a_inner, const void* b, int b_outer, int b_inner, int b_type, float* parts, int m, int n, int k, int part) {
  EM_SHARED(float, tile_a, Depth * Pitch);
  EM_SHARED(float, tile_b, Depth * Pitch);
  int row0 = (int)blockIdx.y * Tile, column0 = (int)blockIdx.x * Tile, start = (int)blockIdx.z * part, end = start + part < k ? start + part : k;
  Fragment sum = multiply({a, a_outer, a_inner, 0}, {b, b_outer, b_inner, b_type}, m, n, start, end, row0, column0, tile_a, tile_b);
  int row = row0 + (int)threadIdx.x / 16 * 4, column = column0 + (int)threadIdx.x % 16 * 4;
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
      if (row + i < m && column + j < n) parts[((size_t)blockIdx.z * m + row + i) * n + column + j] = sum.v[i][j];
}
EM_EXPORT(matmul_split)

EM_KERNEL(256) matmul_sum(const float* parts, int count, float* y, int y_stride, const void* bias, int bias_type, int activation, const float* residual, int residual_stride, int m, int n) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= n) return;
  for (int row = (int)blockIdx.y; row < m; row += (int)gridDim.y) {
    float sum = 0.0f;
    for (int z = 0; z < count; ++z) sum += parts[((size_t)z * m + row) * n + column];
    y[(size_t)row * y_stride + column] = finish(sum, {bias, bias_type, activation, residual, residual_stride}, row, column);
  }
}
EM_EXPORT(matmul_sum)
