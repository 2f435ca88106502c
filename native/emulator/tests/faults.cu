// Wrong on purpose: each kernel shows one thing that the emulator must catch.
#include "em.h"

EM_KERNEL(64) divergent_barrier(float* out) {
  if (threadIdx.x == 5) __shfl_sync(0xffffffffu, 1.0f, 0);
  else __syncthreads();
  out[0] = 1.0f;
}
EM_EXPORT(divergent_barrier)

EM_KERNEL(64) dynamic_shared_overrun(float* out) {
  EM_DYNAMIC_SHARED(float, values);
  values[threadIdx.x + 1] = 1.0f;
  __syncthreads();
  out[0] = values[0];
}
EM_EXPORT(dynamic_shared_overrun)

EM_KERNEL(64) static_shared_overrun(float* out) {
  EM_SHARED(float, values, 64);
  values[threadIdx.x + 1] = 1.0f;
  __syncthreads();
  out[0] = values[0];
}
EM_EXPORT(static_shared_overrun)

EM_KERNEL(64) shared_overread(float* out) {
  EM_SHARED(float, values, 64);
  values[threadIdx.x] = 1.0f;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x + 1];
}
EM_EXPORT(shared_overread)

EM_KERNEL(32) shuffle_outside_mask(float* out) { out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, (int)threadIdx.x); }
EM_EXPORT(shuffle_outside_mask)

EM_KERNEL(64) global_overrun(float* out, int count) { out[count + (int)(threadIdx.x % 4)] = 1.0f; }
EM_EXPORT(global_overrun)

EM_KERNEL(64) global_overread(float* out, int count) { out[threadIdx.x] = out[count + (int)(threadIdx.x % 4)]; }
EM_EXPORT(global_overread)

EM_KERNEL(64) barrier_never_completes(float* out) {
  EM_SHARED(u64, barrier, 1);
  if (threadIdx.x == 0) em_barrier_init(barrier, 2);
  __syncthreads();
  if (threadIdx.x == 0) em_barrier_arrive(barrier);
  while (!em_barrier_try_wait(barrier, 0)) {}
  out[0] = 1.0f;
}
EM_EXPORT(barrier_never_completes)

EM_KERNEL(64) missing_copy_wait(float* out, const float* in) {
  EM_SHARED(float, values, 256);
  em_copy_async16(values + threadIdx.x * 4, in + threadIdx.x * 4);
  em_copy_commit();
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}
EM_EXPORT(missing_copy_wait)

EM_KERNEL(64) missing_barrier(float* out) {
  EM_SHARED(float, values, 64);
  values[threadIdx.x] = (float)threadIdx.x;
  out[threadIdx.x] = values[threadIdx.x ^ 32];
}
EM_EXPORT(missing_barrier)

EM_KERNEL(64) unwritten_shared(float* out) {
  EM_SHARED(float, values, 64);
  if (threadIdx.x != 7) values[threadIdx.x] = 1.0f;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}
EM_EXPORT(unwritten_shared)

EM_KERNEL(64) unwritten_global(float* out, const float* in) { out[threadIdx.x] = in[threadIdx.x] + 1.0f; }
EM_EXPORT(unwritten_global)

// A (64, 64) tile of ones times its transpose, read before wgmma.wait_group where `wait` is 0.
EM_KERNEL(128) missing_product_wait(float* out, int wait) {
  EM_DYNAMIC_SHARED(u16, tile);
  for (u32 i = threadIdx.x; i < 64 * 64; i += 128) tile[i] = 0x3f80;
  float sum[32];
  for (int i = 0; i < 32; ++i) sum[i] = 0.0f;
  em_proxy_fence();
  __syncthreads();
  u64 descriptor = (u64)(em_shared_address(tile) >> 4) | (u64)1 << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
  em_wgmma_fence();
  for (int k = 0; k < 4; ++k) em_wgmma<0, 0>(sum, descriptor + (u64)(k * 2), descriptor + (u64)(k * 2));
  em_wgmma_commit();
  if (wait) em_wgmma_wait<0>();
  out[threadIdx.x] = sum[threadIdx.x % 32];
}
EM_EXPORT(missing_product_wait)

EM_KERNEL(32) missing_load_wait(EM_TENSOR_MAP map, float* out, int wait) {
  EM_DYNAMIC_SHARED(float, tile);
  EM_SHARED(u64, barrier, 1);
  const void* address = EM_PARAMETER_ADDRESS(missing_load_wait, 0, map);
  if (threadIdx.x == 0) {
    em_barrier_init(barrier, 1);
    em_barrier_init_fence();
    em_barrier_arrive_expecting(barrier, 32 * 4 * 4);
    em_tensor_load(tile, address, 0, 0, barrier);
  }
  __syncthreads();
  if (wait) while (!em_barrier_try_wait(barrier, 0)) {}
  out[threadIdx.x] = tile[threadIdx.x];
  __syncthreads();
  while (!em_barrier_try_wait(barrier, 0)) {}
}
EM_EXPORT(missing_load_wait)
