// Right kernels that let tests see single functions of the portability layer.
#include "em.h"

// which: 0 exp, 1 log, 2 tanh, 3 erf, 4 gelu with erf, 5 gelu with tanh, 6 silu, 7 from bf16 and back, 8 from half (low 16 bits)
EM_KERNEL(256) probe_math(const float* x, float* y, int count, int which) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  float v = x[i];
  switch (which) {
    case 0: y[i] = em_exp(v); break;
    case 1: y[i] = em_log(v); break;
    case 2: y[i] = em_tanh(v); break;
    case 3: y[i] = em_erf(v); break;
    case 4: y[i] = em_gelu_erf(v); break;
    case 5: y[i] = em_gelu_tanh(v); break;
    case 6: y[i] = em_silu(v); break;
    case 7: y[i] = em_from_bf16(em_to_bf16(v)); break;
    default: y[i] = em_from_half((u16)em_bits(v)); break;
  }
}
EM_EXPORT(probe_math)

EM_KERNEL(256) probe_exp_double(const double* x, double* y, int count) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) y[i] = em_exp(x[i]);
}
EM_EXPORT(probe_exp_double)

// (16, 16) a, row-major, times (8, 16) b transposed, into (16, 8) d, by one warp.
EM_KERNEL(32) probe_mma(const u16* a, const u16* b, float* d) {
#if EM_HAS_MMA
  EM_SHARED(u16, tile_a, 256);
  EM_SHARED(u16, tile_b, 128);
  int lane = (int)em_lane();
  for (int i = 0; i < 256; i += 256) em_copy_async16(tile_a + i + lane * 8, a + i + lane * 8);
  if (lane < 16) em_copy_async16(tile_b + lane * 8, b + lane * 8);
  em_copy_commit();
  em_copy_wait<0>();
  __syncwarp();
  u32 fa[4], fb[2];
  em_ldmatrix_x4(fa, tile_a + (lane % 16) * 16 + lane / 16 * 8);
  em_ldmatrix_x2(fb, tile_b + (lane % 8) * 16 + lane / 8 % 2 * 8);
  float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
  em_mma_bf16(sum, fa, fb[0], fb[1]);
  int row = lane / 4, column = lane % 4 * 2;
  d[row * 8 + column] = sum[0];
  d[row * 8 + column + 1] = sum[1];
  d[(row + 8) * 8 + column] = sum[2];
  d[(row + 8) * 8 + column + 1] = sum[3];
#endif
}
EM_EXPORT(probe_mma)

// sum[i] of blocks of 256 by em_block_sum
EM_KERNEL(256) probe_block_sum(const float* x, float* sums) {
  EM_SHARED(float, scratch, 8);
  float sum = em_block_sum<8>(x[blockIdx.x * 256 + threadIdx.x], scratch);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
EM_EXPORT(probe_block_sum)
