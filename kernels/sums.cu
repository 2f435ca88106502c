// Sums over rows in a fixed order, without atomics.
#include "em.h"

// Block (x, y) sums columns 32 x .. of rows 1024 y .. into sums[y]; a second launch over those sums ends it.
EM_KERNEL(256) sum_rows(const float* x, int x_stride, float* sums, int sums_stride, int rows, int columns) {
  EM_SHARED(float, partials, 8 * 32);
  int lane = (int)threadIdx.x % 32, part = (int)threadIdx.x / 32, column = (int)blockIdx.x * 32 + lane;
  int start = (int)blockIdx.y * 1024, end = start + 1024 < rows ? start + 1024 : rows;
  float sum = 0.0f;
  if (column < columns)
    for (int row = start + part; row < end; row += 8) sum += x[(size_t)row * x_stride + column];
  partials[part * 32 + lane] = sum;
  __syncthreads();
  if (part > 0 || column >= columns) return;
#pragma unroll
  for (int i = 1; i < 8; ++i) sum += partials[i * 32 + lane];
  sums[(size_t)blockIdx.y * sums_stride + column] = sum;
}
EM_EXPORT(sum_rows)

// The sum of the rows of each class in their order, which sort.cu finds.
EM_KERNEL(128) sum_by_index(const float* x, int x_stride, const int* starts, const int* order, float* sums, int sums_stride, int classes, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int c = (int)blockIdx.y; c < classes; c += (int)gridDim.y) {
    float sum = 0.0f;
    for (int i = starts[c]; i < starts[c + 1]; ++i) sum += x[(size_t)order[i] * x_stride + column];
    sums[(size_t)c * sums_stride + column] = sum;
  }
}
EM_EXPORT(sum_by_index)
