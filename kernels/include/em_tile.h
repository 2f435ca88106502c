// A tile of a product in plain fused multiply-adds by a block of 256 threads: every element is one chain over k.
#pragma once

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
