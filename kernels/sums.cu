// Sums over rows in a fixed order, without atomics.
#include "em.h"

// Block (x, y) sums columns 32 x .. of rows 1024 y .. into sums[y]; a second launch over those sums ends it.
EM_KERNEL(256) sum_rows(const float* x, int x_stride, float* sums, int sums_stride, int rows, int columns) {
  EM_SHARED(float, parts, 8 * 32);
  int lane = (int)threadIdx.x % 32, part = (int)threadIdx.x / 32, column = (int)blockIdx.x * 32 + lane;
  int start = (int)blockIdx.y * 1024, end = start + 1024 < rows ? start + 1024 : rows;
  float sum = 0.0f;
  if (column < columns)
    for (int row = start + part; row < end; row += 8) sum += x[(size_t)row * x_stride + column];
  parts[part * 32 + lane] = sum;
  __syncthreads();
  if (part > 0 || column >= columns) return;
#pragma unroll
  for (int i = 1; i < 8; ++i) sum += parts[i * 32 + lane];
  sums[(size_t)blockIdx.y * sums_stride + column] = sum;
}
EM_EXPORT(sum_rows)

// sum_by_index: a stable counting sort of the rows by their index, then a sum over each class in the order of the rows.
// The rows are cut into `chunks` of `length`; one thread counts and places the rows of a chunk, so nothing is shared.
EM_KERNEL(32) sum_by_index_count(const int* index, int stride, int rows, int length, int chunks, int classes, int* counts) {
  int chunk = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (chunk >= chunks) return;
  int end = (chunk + 1) * length < rows ? (chunk + 1) * length : rows;
  for (int row = chunk * length; row < end; ++row) counts[(size_t)chunk * classes + index[(size_t)row * stride]]++;
}
EM_EXPORT(sum_by_index_count)

// counts (chunks, classes) become the places where each chunk puts its first row of each class; starts (classes + 1).
EM_KERNEL(256) sum_by_index_starts(int* counts, int* starts, int chunks, int classes) {
  EM_SHARED(int, totals, 256);
  int each = (classes + 255) / 256, first = (int)threadIdx.x * each, last = first + each < classes ? first + each : classes;
  int total = 0;
  for (int c = first; c < last; ++c)
    for (int chunk = 0; chunk < chunks; ++chunk) total += counts[(size_t)chunk * classes + c];
  totals[threadIdx.x] = total;
  __syncthreads();
  int place = 0;
  for (int i = 0; i < (int)threadIdx.x; ++i) place += totals[i];
  for (int c = first; c < last; ++c) {
    starts[c] = place;
    for (int chunk = 0; chunk < chunks; ++chunk) {
      int* count = counts + (size_t)chunk * classes + c;
      int here = *count;
      *count = place;
      place += here;
    }
  }
  if (threadIdx.x == 255) starts[classes] = place;
}
EM_EXPORT(sum_by_index_starts)

EM_KERNEL(32) sum_by_index_scatter(const int* index, int stride, int rows, int length, int chunks, int classes, int* places, int* order) {
  int chunk = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (chunk >= chunks) return;
  int end = (chunk + 1) * length < rows ? (chunk + 1) * length : rows;
  for (int row = chunk * length; row < end; ++row) order[places[(size_t)chunk * classes + index[(size_t)row * stride]]++] = row;
}
EM_EXPORT(sum_by_index_scatter)

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
