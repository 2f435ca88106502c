// Causal attention over the paths of a forest: row n sees itself, its parent, its parent's parent, ...
// One block a row, one warp a head at a time. The path is taken in pieces of 32 positions, one a lane: paths of up to 32
// tokens are one piece. Longer ones go on with a running maximum. Sums run from the row itself towards the root.
// Where there are sinks, the sum of the weights begins with that of the head's sink, which has no value.
// Where there are positions, a bias by position of the key, relative to the own one, and a scale by the own position.
#include "em.h"

constexpr int Warps = 4, LaneColumns = 8, Columns = 32 * LaneColumns;      // wider heads are done Columns at a time

EM_KERNEL(128) attention(const float* q, int q_stride, const float* k, int k_stride, const float* v, int v_stride, const int* parents, int parents_stride,
                         float* y, int y_stride, int heads, int q_head_stride, int group, int k_head_stride, int size, int v_head_stride, int value_size,
                         float scale, int window, float cap, const int* positions, int positions_stride,
                         const float* bias, int bias_stride, const float* scales, int scales_stride, const float* sinks) {
  EM_SHARED(int, paths, Warps * 32);
  EM_SHARED(float, weights, Warps * 32);
  int row = (int)blockIdx.x, lane = (int)em_lane(), warp = (int)threadIdx.x / 32;
  int* path = paths + warp * 32;
  float* weight = weights + warp * 32;
  int pieces = (value_size + Columns - 1) / Columns, position = positions ? positions[(size_t)row * positions_stride] : 0;
  if (scales) scale *= scales[(size_t)position * scales_stride];
  for (int unit = warp; unit < heads * pieces; unit += Warps) {
    int head = unit / pieces, first = unit % pieces * Columns + lane;
    const float* query = q + (size_t)row * q_stride + head * q_head_stride;
    int key_column = head / group * k_head_stride, value_column = head / group * v_head_stride, next = row, seen = 0;
    float max = sinks ? sinks[head] : em_float(0xff800000u), total = sinks ? 1.0f : 0.0f, sum[LaneColumns];
#pragma unroll
    for (int i = 0; i < LaneColumns; ++i) sum[i] = 0.0f;
    while (next >= 0 && (window == 0 || seen < window)) {
      // Every lane walks, so that all stay together; lane c keeps the position it meets c steps on.
      int count = 0, own = 0;
      for (; count < 32 && next >= 0 && (window == 0 || seen + count < window); ++count) {
        own = count == lane ? next : own;
        next = parents[(size_t)next * parents_stride];
      }
      __syncwarp();
      path[lane] = own;
      __syncwarp();
      seen += count;
      float score = em_float(0xff800000u);
      if (lane < count) {
        const float* key = k + (size_t)own * k_stride + key_column;
        float dot = 0.0f;
        for (int i = 0; i < size; ++i) dot = em_fma(query[i], key[i], dot);
        score = scale * dot;
        if (cap > 0.0f) score = cap * em_tanh(score / cap);
        if (bias) {
          int other = positions[(size_t)own * positions_stride];
          score += bias[(size_t)other * bias_stride + head] - bias[(size_t)position * bias_stride + head];
        }
      }
      float new_max = EmMax{}(max, em_warp_max(score)), shrink = em_exp(max - new_max);
      float w = lane < count ? em_exp(score - new_max) : 0.0f;
      max = new_max;
      total = em_fma(total, shrink, em_warp_sum(w));
      weight[lane] = w;
      __syncwarp();
#pragma unroll
      for (int i = 0; i < LaneColumns; ++i) sum[i] *= shrink;
#pragma unroll 1
      for (int j = 0; j < count; ++j) {
        const float* value = v + (size_t)path[j] * v_stride + value_column;
#pragma unroll
        for (int i = 0; i < LaneColumns; ++i)
          if (first + 32 * i < value_size) sum[i] = em_fma(weight[j], value[first + 32 * i], sum[i]);
      }
    }
#pragma unroll
    for (int i = 0; i < LaneColumns; ++i)
      if (first + 32 * i < value_size) y[(size_t)row * y_stride + head * value_size + first + 32 * i] = sum[i] / total;
  }
}
EM_EXPORT(attention)
