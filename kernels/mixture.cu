// Distances between rows, and sums over the components of a normal mixture, each in a fixed order.
#include "em.h"

// y = |a - b|^2 of 32 rows of a and 32 of b, by differences: products of rows that lie close together would cancel. A thread has four
// rows of a and one of b, of which 32 columns are in shared memory at a time.
EM_KERNEL(256) square_distances(const float* a, int a_stride, const float* b, int b_stride, const int* same, int same_stride, float* y, int y_stride,
                                int rows, int others, int columns) {
  EM_SHARED(float, left, 32 * 33);
  EM_SHARED(float, right, 32 * 33);
  int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32, other = (int)blockIdx.x * 32;
  for (int row = (int)blockIdx.y * 32; row < rows; row += (int)gridDim.y * 32) {
    float sums[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int start = 0; start < columns; start += 32) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        int r = warp + 8 * i, c = start + lane;
        left[r * 33 + lane] = row + r < rows && c < columns ? a[(size_t)(row + r) * a_stride + c] : 0.0f;
        right[r * 33 + lane] = other + r < others && c < columns ? b[(size_t)(other + r) * b_stride + c] : 0.0f;
      }
      __syncthreads();
      for (int c = 0; c < 32; ++c) {
        float from = right[lane * 33 + c];
#pragma unroll
        for (int i = 0; i < 4; ++i) { float d = left[(warp + 8 * i) * 33 + c] - from; sums[i] = em_fma(d, d, sums[i]); }
      }
      __syncthreads();
    }
    if (other + lane >= others) continue;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      int r = row + warp + 8 * i;
      if (r < rows) y[(size_t)r * y_stride + other + lane] = same && same[(size_t)r * same_stride] == other + lane ? em_float(0x7f800000u) : sums[i];
    }
  }
}
EM_EXPORT(square_distances)

// Block (p, i) weighs all components beside the one that draw p is of, at both ends of its noise of size i: a thread takes every 128th
// of them in order, then the threads are added in a tree. Without dots all are 0.
EM_KERNEL(128) sum_mixture(const float* dots, int dots_stride, const float* squares, int squares_stride, const int* index, int index_stride,
                           const float* logs, const float* own, int own_stride, const float* inverses, float* sums, int sums_stride, int components) {
  EM_SHARED(float, scratch, 4);
  size_t p = blockIdx.x;
  float r = inverses[blockIdx.y], half = -0.5f * r * r, dot = own[p * own_stride], log = own[p * own_stride + 1];
  const float* square = squares + (size_t)index[p * index_stride] * squares_stride;
  float plus = 0.0f, minus = 0.0f;
  for (int k = (int)threadIdx.x; k < components; k += 128) {
    float middle = em_fma(square[k], half, logs[k] - log), along = ((dots ? dots[p * dots_stride + k] : 0.0f) - dot) * r;
    plus += em_exp(middle + along);
    minus += em_exp(middle - along);
  }
  plus = em_block_sum<4>(plus, scratch);
  minus = em_block_sum<4>(minus, scratch);
  if (threadIdx.x > 0) return;
  float* to = sums + p * sums_stride + 2 * blockIdx.y;
  to[0] = plus;
  to[1] = minus;
}
EM_EXPORT(sum_mixture)
