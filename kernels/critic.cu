// The Donsker-Varadhan objective and the optimizer. Sums over the pairs are kept in double: the value of a step is a
// difference of two of them.
#include "em.h"
#include "em_critic.h"
#include "em_pairs.h"

// Block x evaluates rows x * length .. into partitions[x].
EM_KERNEL(256) donsker_varadhan(const float* scores, int t_stride, const float* joint, int p_stride, const float* marginal, int q_stride, Partition* partitions, int rows, int length) {
  EM_SHARED(Partition, shared, 256);
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows;
  em_join_block<256>(em_partition_of(scores, t_stride, joint, p_stride, marginal, q_stride, start + (int)threadIdx.x, end, 256), shared);
  if (threadIdx.x == 0) partitions[blockIdx.x] = shared[0];
}
EM_EXPORT(donsker_varadhan)

// One block joins the partitions: a thread every 128th in order, then the threads in a tree.
EM_KERNEL(128) donsker_varadhan_sum(const Partition* partitions, int count, Partition* result) {
  EM_SHARED(Partition, shared, 128);
  Partition own = em_no_partition();
  for (int i = (int)threadIdx.x; i < count; i += 128) own = i < 128 ? partitions[i] : em_join(own, partitions[i]);
  em_join_block<128>(own, shared);
  if (threadIdx.x == 0) *result = shared[0];
}
EM_EXPORT(donsker_varadhan_sum)

EM_KERNEL(256) donsker_varadhan_gradient(const float* scores, int t_stride, const float* joint, int p_stride, const float* marginal, int q_stride,
                                         const Partition* all, float* gradient, int g_stride, int rows) {
  int row = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (row >= rows) return;
  gradient[(size_t)row * g_stride] = em_score_gradient(scores[(size_t)row * t_stride], joint[(size_t)row * p_stride], marginal[(size_t)row * q_stride], all->max, all->sum);
}
EM_EXPORT(donsker_varadhan_gradient)

EM_KERNEL(256) adam(float* parameters, const float* gradient, float* first, float* second, float scale1, float scale2, int count) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) em_adam(parameters + i, gradient[i], first + i, second + i, scale1, scale2);
}
EM_EXPORT(adam)

// The same with the scales of the present step, which lie ready for all steps until the host looks again.
EM_KERNEL(256) adam_scheduled(float* parameters, const float* gradient, float* first, float* second, const float2* scales, const Progress* progress, int count) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  float2 scale = scales[progress->slot];
  if (i < count) em_adam(parameters + i, gradient[i], first + i, second + i, scale.x, scale.y);
}
EM_EXPORT(adam_scheduled)

// Keeps the value of the step for the host and goes on to the next.
EM_KERNEL(32) end_step(const Partition* all, Partition* values, Progress* progress) {
  if (threadIdx.x > 0) return;
  values[progress->slot] = *all;
  progress->step++;
  progress->slot++;
}
EM_EXPORT(end_step)
