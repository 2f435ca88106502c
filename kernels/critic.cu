// The Donsker-Varadhan objective and the optimizer. Sums over the pairs are kept in double: the value of a step is a
// difference of two of them.
#include "em.h"

// What a block or all of them know: sum p T; max T where q > 0; sum q e^(T - max); max |T|; number of T not finite.
struct Partition { double joint, max, sum, largest, bad; };

EM_DEV double infinity() { return em_double(0x7ff0000000000000ull); }

EM_DEV Partition join(Partition a, Partition b) {
  Partition r;
  r.joint = a.joint + b.joint;
  r.max = b.max > a.max ? b.max : a.max;
  // A side without any weight has max -infinity and sum 0.
  r.sum = (a.max == -infinity() ? a.sum : a.sum * em_exp(a.max - r.max)) + (b.max == -infinity() ? b.sum : b.sum * em_exp(b.max - r.max));
  r.largest = b.largest > a.largest ? b.largest : a.largest;
  r.bad = a.bad + b.bad;
  return r;
}

// Block x evaluates rows 4096 x .. into parts[x].
EM_KERNEL(256) donsker_varadhan(const float* scores, int t_stride, const float* joint, int p_stride, const float* marginal, int q_stride, Partition* parts, int rows) {
  EM_SHARED(Partition, shared, 256);
  int start = (int)blockIdx.x * 4096, end = start + 4096 < rows ? start + 4096 : rows;
  Partition own = {0.0, -infinity(), 0.0, 0.0, 0.0};
  for (int row = start + (int)threadIdx.x; row < end; row += 256)
    if (marginal[(size_t)row * q_stride] > 0.0f && scores[(size_t)row * t_stride] > own.max) own.max = scores[(size_t)row * t_stride];
  for (int row = start + (int)threadIdx.x; row < end; row += 256) {
    double t = scores[(size_t)row * t_stride], p = joint[(size_t)row * p_stride], q = marginal[(size_t)row * q_stride], size = t < 0.0 ? -t : t;
    if (!(size < infinity())) own.bad += 1.0;
    if (size > own.largest) own.largest = size;
    if (p != 0.0) own.joint = em_fma(p, t, own.joint);
    if (q != 0.0) own.sum = em_fma(q, em_exp(t - own.max), own.sum);
  }
  shared[threadIdx.x] = own;
  for (int half = 128; half > 0; half /= 2) {
    __syncthreads();
    if ((int)threadIdx.x < half) shared[threadIdx.x] = join(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
  if (threadIdx.x == 0) parts[blockIdx.x] = shared[0];
}
EM_EXPORT(donsker_varadhan)

// One thread joins the parts in order.
EM_KERNEL(32) donsker_varadhan_sum(const Partition* parts, int count, Partition* result) {
  if (threadIdx.x > 0) return;
  Partition all = parts[0];
  for (int i = 1; i < count; ++i) all = join(all, parts[i]);
  *result = all;
}
EM_EXPORT(donsker_varadhan_sum)

// gradient = (q e^(T - max) / sum - p) / ln 2
EM_KERNEL(256) donsker_varadhan_gradient(const float* scores, int t_stride, const float* joint, int p_stride, const float* marginal, int q_stride,
                                         const Partition* all, float* gradient, int g_stride, int rows) {
  int row = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (row >= rows) return;
  double t = scores[(size_t)row * t_stride], p = joint[(size_t)row * p_stride], q = marginal[(size_t)row * q_stride];
  double share = q != 0.0 ? q * em_exp(t - all->max) / all->sum : 0.0;
  gradient[(size_t)row * g_stride] = (float)((share - p) * 1.4426950408889634);
}
EM_EXPORT(donsker_varadhan_gradient)

// beta 0.9 and 0.999; scale1 = rate / (1 - 0.9^step), scale2 = 1 / (1 - 0.999^step)
EM_KERNEL(256) adam(float* parameters, const float* gradient, float* first, float* second, float scale1, float scale2, int count) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i >= count) return;
  float g = gradient[i];
  float m = em_fma(0.1f, g, 0.9f * first[i]);
  float v = em_fma(0.001f * g, g, 0.999f * second[i]);
  first[i] = m;
  second[i] = v;
  parameters[i] -= scale1 * m / (em_sqrt(scale2 * v) + 1e-8f);
}
EM_EXPORT(adam)
