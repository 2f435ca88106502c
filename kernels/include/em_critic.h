// What kernels that train a critic share: partial sums of the Donsker-Varadhan objective, and a step of Adam.
#pragma once

// What a block or all of them know: sum p T; max T where q > 0; sum q e^(T - max); max |T|; number of T not finite.
struct Partition { double joint, max, sum, largest, bad; };
static_assert(sizeof(Partition) == 40, "size of Partition");

EM_DEV double em_infinity() { return em_double(0x7ff0000000000000ull); }

EM_DEV Partition em_no_partition() { return {0.0, -em_infinity(), 0.0, 0.0, 0.0}; }

EM_DEV Partition em_join(Partition a, Partition b) {
  Partition r;
  r.joint = a.joint + b.joint;
  r.max = b.max > a.max ? b.max : a.max;
  // A side without any weight has max -infinity and sum 0.
  r.sum = (a.max == -em_infinity() ? a.sum : a.sum * em_exp(a.max - r.max)) + (b.max == -em_infinity() ? b.sum : b.sum * em_exp(b.max - r.max));
  r.largest = b.largest > a.largest ? b.largest : a.largest;
  r.bad = a.bad + b.bad;
  return r;
}

// Rows first, first + threads, ... of a thread, read four at a time. Two passes: the sum is relative to the thread's own
// maximum. A row behind the end reads as zeros, which change nothing.
EM_DEV Partition em_partition_of(const float* scores, int t_stride, const float* joint, int p_stride, const float* marginal, int q_stride, int first, int end, int threads) {
  Partition own = em_no_partition();
  for (int row = first; row < end; row += 4 * threads) {
    float t[4], q[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      size_t at = (size_t)(row + i * threads);
      bool inside = (int)at < end;
      t[i] = inside ? scores[at * t_stride] : 0.0f;
      q[i] = inside ? marginal[at * q_stride] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i)
      if (q[i] > 0.0f && t[i] > own.max) own.max = t[i];
  }
  for (int row = first; row < end; row += 4 * threads) {
    float scored[4], p[4], q[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      size_t at = (size_t)(row + i * threads);
      bool inside = (int)at < end;
      scored[i] = inside ? scores[at * t_stride] : 0.0f;
      p[i] = inside ? joint[at * p_stride] : 0.0f;
      q[i] = inside ? marginal[at * q_stride] : 0.0f;
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      double t = scored[i], size = t < 0.0 ? -t : t;
      if (!(size < em_infinity())) own.bad += 1.0;
      if (size > own.largest) own.largest = size;
      if (p[i] != 0.0f) own.joint = em_fma((double)p[i], t, own.joint);
      if (q[i] != 0.0f) own.sum = em_fma((double)q[i], em_exp(t - own.max), own.sum);
    }
  }
  return own;
}

// Joins what the threads of a block know into shared[0], in a fixed tree; every thread of the block calls it.
template <int Threads> EM_DEV void em_join_block(Partition own, Partition* shared) {
  shared[threadIdx.x] = own;
#pragma unroll 1
  for (int half = Threads / 2; half > 0; half /= 2) {
    __syncthreads();
    if ((int)threadIdx.x < half) shared[threadIdx.x] = em_join(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
  __syncthreads();
}

// gradient of -V / ln 2 by a score: (q e^(T - max) / sum - p) / ln 2
EM_DEV float em_score_gradient(double t, double p, double q, double max, double sum) {
  double share = q != 0.0 ? q * em_exp(t - max) / sum : 0.0;
  return (float)((share - p) * 1.4426950408889634);
}

// beta 0.9 and 0.999; scale1 = rate / (1 - 0.9^step), scale2 = 1 / (1 - 0.999^step)
EM_DEV void em_adam(float* parameter, float g, float* first, float* second, float scale1, float scale2) {
  float m = em_fma(0.1f, g, 0.9f * *first);
  float v = em_fma(0.001f * g, g, 0.999f * *second);
  *first = m;
  *second = v;
  *parameter -= scale1 * m / (em_sqrt(scale2 * v) + 1e-8f);
}
