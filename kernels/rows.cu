// Ops that pick rows by index, mixtures of such rows, the rotation of heads by the position of their row, and their copying.
#include "em.h"

// y[n] = scale * table[ids[n]], added to y where accumulate
EM_KERNEL(256) embed(const int* ids, int ids_stride, const void* table, int table_stride, int type, float scale, float* y, int y_stride, int rows, int columns, int accumulate) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float v = scale * em_load(table, (size_t)ids[(size_t)row * ids_stride] * table_stride + column, type);
    float* at = y + (size_t)row * y_stride + column;
    *at = accumulate ? *at + v : v;
  }
}
EM_EXPORT(embed)

template <class T> EM_DEV void copy_row(const void* source, size_t from, void* destination, size_t to) { ((T*)destination)[to] = ((const T*)source)[from]; }

// destination[n] = source[index[n]] for elements of 2, 4 or 8 bytes
EM_KERNEL(256) gather_rows(const void* source, int source_stride, const int* index, int index_stride, void* destination, int stride, int rows, int columns, int bytes) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    size_t from = (size_t)index[(size_t)row * index_stride] * source_stride + column, to = (size_t)row * stride + column;
    if (bytes == 4) copy_row<u32>(source, from, destination, to);
    else if (bytes == 2) copy_row<u16>(source, from, destination, to);
    else copy_row<u64>(source, from, destination, to);
  }
}
EM_EXPORT(gather_rows)

// y[n] = sum over j of weights[n, j] * x[picked[n, j]], in the order of j
EM_KERNEL(256) mix_rows(const float* x, int x_stride, const int* picked, int picked_stride, const float* weights, int weights_stride, int count, float* y, int y_stride, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float sum = 0.0f;
    for (int j = 0; j < count; ++j) {
      float v = weights[(size_t)row * weights_stride + j] * x[(size_t)picked[(size_t)row * picked_stride + j] * x_stride + column];
      sum = j == 0 ? v : sum + v;
    }
    y[(size_t)row * y_stride + column] = sum;
  }
}
EM_EXPORT(mix_rows)

// Columns i and i + half (or 2i and 2i + 1 where neighbours) of every head turn by the angle of the row's position.
EM_KERNEL(256) rotate(float* x, int x_stride, int heads, int head_stride, const int* positions, int positions_stride,
                      const float* cosines, int cosines_stride, const float* sines, int sines_stride, int half, int neighbours, int rows) {
  int at = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (at >= heads * half) return;
  int i = at % half, start = at / half * head_stride;
  int first = neighbours ? start + 2 * i : start + i, second = neighbours ? first + 1 : first + half;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    int position = positions[(size_t)row * positions_stride];
    float c = cosines[(size_t)position * cosines_stride + i], s = sines[(size_t)position * sines_stride + i];
    float* head = x + (size_t)row * x_stride;
    float a = head[first], b = head[second];
    head[first] = em_fma(a, c, -(b * s));
    head[second] = em_fma(b, c, a * s);
  }
}
EM_EXPORT(rotate)

// Element i of head h goes to where the other layout has it; from a single head, whose stride is then 0, to all heads.
EM_KERNEL(256) copy_heads(const float* source, int source_stride, int from_stride, float* destination, int stride, int to_stride, int heads, int size, int rows) {
  int at = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (at >= heads * size) return;
  int head = at / size, i = at % size;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y)
    destination[(size_t)row * stride + head * to_stride + i] = source[(size_t)row * source_stride + head * from_stride + i];
}
EM_EXPORT(copy_heads)
