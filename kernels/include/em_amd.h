// AMD by clang in HIP mode. A warp is 32 logical lanes everywhere: on parts with 64 lanes each half of a wavefront is a
// warp, so two warps share a wavefront and may not diverge around a shuffle. No matrix instructions yet.
#pragma once
#define EM_HAS_MMA 0
#define EM_HAS_WGMMA 0

EM_INDEX(threadIdx, __builtin_amdgcn_workitem_id_x(), __builtin_amdgcn_workitem_id_y(), __builtin_amdgcn_workitem_id_z())
EM_INDEX(blockIdx, __builtin_amdgcn_workgroup_id_x(), __builtin_amdgcn_workgroup_id_y(), __builtin_amdgcn_workgroup_id_z())
EM_INDEX(blockDim, __builtin_amdgcn_workgroup_size_x(), __builtin_amdgcn_workgroup_size_y(), __builtin_amdgcn_workgroup_size_z())
EM_INDEX(gridDim, __builtin_amdgcn_grid_size_x() / __builtin_amdgcn_workgroup_size_x(),
         __builtin_amdgcn_grid_size_y() / __builtin_amdgcn_workgroup_size_y(),
         __builtin_amdgcn_grid_size_z() / __builtin_amdgcn_workgroup_size_z())

EM_DEV void __syncthreads() {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
  __builtin_amdgcn_s_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
EM_DEV void __syncwarp(u32 = 0xffffffffu) {
  __builtin_amdgcn_fence(__ATOMIC_RELEASE, "wavefront");
  __builtin_amdgcn_wave_barrier();
  __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "wavefront");
}
EM_DEV u32 em_wavefront_lane() { return __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0)); }
EM_DEV u32 em_lane() { return em_wavefront_lane() & 31; }
template <class T> EM_DEV T em_shuffle(T v, u32 lane) {
  u32 source = (em_wavefront_lane() & ~31u) | (lane & 31u);
  return __builtin_bit_cast(T, __builtin_amdgcn_ds_bpermute((int)(source << 2), __builtin_bit_cast(int, v)));
}
template <class T> EM_DEV T __shfl_sync(u32, T v, int lane) { return em_shuffle(v, (u32)lane); }
template <class T> EM_DEV T __shfl_xor_sync(u32, T v, int bits) { return em_shuffle(v, em_lane() ^ (u32)bits); }
template <class T> EM_DEV T __shfl_up_sync(u32, T v, u32 by) { u32 lane = em_lane(); return em_shuffle(v, lane >= by ? lane - by : lane); }
template <class T> EM_DEV T __shfl_down_sync(u32, T v, u32 by) { u32 lane = em_lane(); return em_shuffle(v, lane + by < 32 ? lane + by : lane); }
EM_DEV u32 __ballot_sync(u32, int vote) {
  u64 votes = __builtin_amdgcn_uicmp((u32)vote, 0u, 33);
  return (u32)(votes >> (em_wavefront_lane() & 32u));
}
EM_DEV u32 atomicAdd(u32* p, u32 v) { return __hip_atomic_fetch_add(p, v, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT); }
EM_DEV void em_threadfence() { __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent"); }

EM_DEV float em_ex2(float x) { return __builtin_amdgcn_exp2f(x); }
EM_DEV float em_lg2(float x) { return __builtin_amdgcn_logf(x); }
EM_DEV float em_rcp(float x) { return __builtin_amdgcn_rcpf(x); }
EM_DEV float em_rsqrt(float x) { return __builtin_amdgcn_rsqf(x); }
EM_DEV float em_tanh_approx(float x) {
  float e = em_ex2(-2.885390082f * em_abs(x));
  return em_copysign((1.0f - e) * em_rcp(1.0f + e), x);
}
EM_DEV u32 em_round_bf16(float v) {
  u32 u = em_bits(v);
  return v != v ? 0x7fffu : (u + 0x7fffu + (u >> 16 & 1)) >> 16;
}
EM_DEV u32 em_pack_bf16(float low, float high) { return em_round_bf16(low) | em_round_bf16(high) << 16; }

// No asynchronous copy: a plain one, which the wait's __syncthreads orders.
EM_DEV void em_copy_async4(void* shared, const void* global) { *(u32*)shared = *(const u32*)global; }
EM_DEV void em_copy_async16(void* shared, const void* global) { *(uint4*)shared = *(const uint4*)global; }
EM_DEV void em_copy_async16_or_zero(void* shared, const void* global, bool valid) {
  *(uint4*)shared = valid ? *(const uint4*)global : uint4{0, 0, 0, 0};
}
EM_DEV void em_copy_async16_first(void* shared, const void* global, int bytes) {
  if (bytes == 16) em_copy_async16(shared, global);
  else
    for (int i = 0; i < 8; ++i) ((u16*)shared)[i] = 2 * i < bytes ? ((const u16*)global)[i] : (u16)0;
}
EM_DEV void em_copy_commit() {}
template <int Keep> EM_DEV void em_copy_wait() {}
