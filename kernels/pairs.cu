// The pairs of a step, one thread a pair.
#include "em.h"
#include "em_pairs.h"

EM_KERNEL(128) draw_off_support(const Progress* progress, const u32* x_thresholds, const int* x_aliases, int x_count, const u32* y_thresholds, const int* y_aliases, int y_count,
                                const int* starts, const int* columns, u32 stream, int* a, int* b, int count) {
  int pair = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (pair >= count) return;
  DrawnPair drawn = em_draw_off_support({x_thresholds, x_aliases, x_count}, {y_thresholds, y_aliases, y_count}, {starts, columns}, stream, pair, progress->step, progress->cell, progress->seed);
  a[pair] = drawn.a;
  b[pair] = drawn.b;
}
EM_EXPORT(draw_off_support)

// Row i of x with row permutation(i) of y; x and y say where the vectors of a row lie.
EM_KERNEL(128) draw_shuffled(const Progress* progress, const int* x, const int* y, u32 rows, u32 columns, u32 stream, int* a, int* b, int count) {
  int pair = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (pair >= count) return;
  Words first = em_philox(0, (u32)progress->step, progress->cell, stream, progress->seed), second = em_philox(1, (u32)progress->step, progress->cell, stream, progress->seed);
  a[pair] = x[pair];
  b[pair] = y[em_permute(pair, count, rows, columns, first, second)];
}
EM_EXPORT(draw_shuffled)
