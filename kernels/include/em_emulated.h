// Emulation: the spellings of device code on top of native/emulator.
#pragma once
#include "hopper.h"
#include <cmath>

#define EM_HAS_MMA 1
#define EM_HAS_WGMMA 1
#define __global__
#define __device__
#define __forceinline__ inline
#define __align__(n) __attribute__((aligned(n)))
#define EM_DEV static inline
#define EM_DEV_MEMBER inline
#define EM_KERNEL(...) extern "C" void
#define EM_EXPORT(kernel) static ::emulator::Registration<&kernel> em_registration_##kernel{#kernel, __FILE__};
#define EM_DYNAMIC_SHARED(T, name) T* const name = (T*)::emulator::block->arena
#define EM_SHARED(T, name, count) \
  static char name##_key;         \
  T* const name = (T*)::emulator::static_shared(&name##_key, (u32)(sizeof(T) * (count)))
#define EM_TENSOR_MAP const EmTensorMap
#define EM_PARAMETER_ADDRESS(kernel, index, parameter) ((const void*)&(parameter))
#define threadIdx (::emulator::current->index)
#define blockIdx (::emulator::block->index)
#define blockDim (::emulator::block->dimensions)
#define gridDim (::emulator::block->grid)

struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
struct __align__(8) uint2 { u32 x, y; };
struct __align__(16) uint4 { u32 x, y, z, w; };
struct __align__(64) EmTensorMap { u64 opaque[16]; };

EM_DEV u32 em_bits(float v) { u32 u; memcpy(&u, &v, 4); return u; }
EM_DEV float em_float(u32 v) { float f; memcpy(&f, &v, 4); return f; }
EM_DEV u64 em_bits(double v) { u64 u; memcpy(&u, &v, 8); return u; }
EM_DEV double em_double(u64 v) { double d; memcpy(&d, &v, 8); return d; }
EM_DEV float em_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
EM_DEV double em_fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
EM_DEV float em_abs(float v) { return __builtin_fabsf(v); }
EM_DEV float em_min(float a, float b) { return __builtin_fminf(a, b); }
EM_DEV float em_max(float a, float b) { return __builtin_fmaxf(a, b); }
EM_DEV float em_copysign(float v, float sign) { return __builtin_copysignf(v, sign); }
EM_DEV float em_sqrt(float v) { return __builtin_sqrtf(v); }
EM_DEV float em_round(float v) { return __builtin_nearbyintf(v); }
EM_DEV double em_round(double v) { return __builtin_nearbyint(v); }
EM_DEV int em_popcount(u32 v) { return __builtin_popcount(v); }
EM_DEV u32 em_mulhi(u32 a, u32 b) { return (u32)((u64)a * b >> 32); }

EM_DEV void __syncthreads() { emulator::synchronize_block(); }
EM_DEV void __syncwarp(u32 mask = ~0u) { emulator::SyncSlot s; emulator::warp_operation(mask, s, emulator::execute_sync); }
EM_DEV u32 em_lane() { return emulator::current->lane; }
template <class T> EM_DEV T __shfl_sync(u32 mask, T v, int lane) { return emulator::shuffle(mask, v, lane & 31); }
template <class T> EM_DEV T __shfl_xor_sync(u32 mask, T v, int bits) { return emulator::shuffle(mask, v, (int)em_lane() ^ bits); }
template <class T> EM_DEV T __shfl_up_sync(u32 mask, T v, u32 by) { return emulator::shuffle(mask, v, (int)em_lane() - (int)by); }
template <class T> EM_DEV T __shfl_down_sync(u32 mask, T v, u32 by) { return emulator::shuffle(mask, v, (int)(em_lane() + by)); }
EM_DEV u32 __ballot_sync(u32 mask, int vote) {
  emulator::BallotSlot s{vote != 0, 0};
  emulator::warp_operation(mask, s, emulator::execute_ballot);
  return s.result;
}
EM_DEV u32 atomicAdd(u32* p, u32 v) { return __atomic_fetch_add(p, v, __ATOMIC_RELAXED); }
EM_DEV void em_threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

template <int Width> EM_DEV u32 em_shuffle_within(u32 v, int i) { return __shfl_sync(~0u, v, ((int)em_lane() & -Width) + i); }
EM_DEV u32 em_from_here(u32 v) { return v; }

// One instruction each on a GPU.
EM_DEV float em_ex2(float x) { return exp2f(x); }
EM_DEV float em_lg2(float x) { return log2f(x); }
EM_DEV float em_rcp(float x) { return 1.0f / x; }
EM_DEV float em_rsqrt(float x) { return 1.0f / sqrtf(x); }
EM_DEV float em_tanh_approx(float x) { return tanhf(x); }
EM_DEV u32 em_pack_bf16(float low, float high) { return emulator::to_bf16(low) | emulator::to_bf16(high) << 16; }

template <class F> u32 em_each_bf16(u32 a, u32 b, u32 c, F f) {
  return emulator::to_bf16(f(emulator::from_bf16(a & 0xffff), emulator::from_bf16(b & 0xffff), emulator::from_bf16(c & 0xffff))) |
         emulator::to_bf16(f(emulator::from_bf16(a >> 16), emulator::from_bf16(b >> 16), emulator::from_bf16(c >> 16))) << 16;
}
EM_DEV u32 em_add_bf16x2(u32 a, u32 b) { return em_each_bf16(a, b, 0, [](float x, float y, float) { return x + y; }); }
EM_DEV u32 em_mul_bf16x2(u32 a, u32 b) { return em_each_bf16(a, b, 0, [](float x, float y, float) { return x * y; }); }
EM_DEV u32 em_fma_bf16x2(u32 a, u32 b, u32 c) { return em_each_bf16(a, b, c, [](float x, float y, float z) { return em_fma(x, y, z); }); }
EM_DEV u32 em_max_bf16x2(u32 a, u32 b) { return em_each_bf16(a, b, 0, [](float x, float y, float) { return em_max(x, y); }); }
EM_DEV u32 em_positive_bf16x2(u32 a) { return (emulator::from_bf16(a & 0xffff) > 0 ? 0xffffu : 0) | (emulator::from_bf16(a >> 16) > 0 ? 0xffff0000u : 0); }

EM_DEV u32 em_shared_address(const void* p) { return emulator::shared_address(p); }
EM_DEV void em_copy_async4(void* shared, const void* global) { emulator::copy_async(shared, global, 4, 4); }
EM_DEV void em_copy_async16(void* shared, const void* global) { emulator::copy_async(shared, global, 16, 16); }
EM_DEV void em_copy_async16_or_zero(void* shared, const void* global, bool valid) { emulator::copy_async(shared, global, 16, valid ? 16 : 0); }
EM_DEV void em_copy_async16_first(void* shared, const void* global, int bytes) { emulator::copy_async(shared, global, 16, (u32)bytes); }
EM_DEV void em_copy_commit() { emulator::current->copy_group++; }
template <int Keep> EM_DEV void em_copy_wait() { emulator::finish_copies(*emulator::current, emulator::current->copy_group < Keep ? 0 : emulator::current->copy_group - Keep); }
EM_DEV void em_ldmatrix_x2(u32 (&r)[2], const void* row) { emulator::load_matrix<2, false>(r, row); }
EM_DEV void em_ldmatrix_x4(u32 (&r)[4], const void* row) { emulator::load_matrix<4, false>(r, row); }
EM_DEV void em_ldmatrix_x4_transposed(u32 (&r)[4], const void* row) { emulator::load_matrix<4, true>(r, row); }
EM_DEV void em_mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  emulator::MultiplySlot s{d, a, {b0, b1}};
  emulator::warp_operation(~0u, s, emulator::execute_multiply);
}

EM_DEV void em_barrier_init(u64* b, u32 count) { emulator::init_barrier(b, count); }
EM_DEV void em_barrier_init_fence() { emulator::fence_barriers(); }
EM_DEV void em_barrier_arrive(u64* b) { emulator::arrive(b, 0); }
EM_DEV void em_barrier_arrive_expecting(u64* b, u32 bytes) { emulator::arrive(b, bytes); }
EM_DEV bool em_barrier_try_wait(u64* b, u32 parity) { return emulator::try_wait(b, parity); }
EM_DEV void em_copy_arrive(u64* b) { emulator::arrive_after_copies(b); }
EM_DEV void em_proxy_fence() { emulator::fence_proxy(); }
EM_DEV void em_tensor_load(void* shared, const void* map, int x, int y, u64* b) { emulator::load_tensor(shared, map, 2, x, y, 0, b); }
EM_DEV void em_tensor_load(void* shared, const void* map, int x, int y, int z, u64* b) { emulator::load_tensor(shared, map, 3, x, y, z, b); }
EM_DEV void em_tensor_store(const void* map, const void* shared, int x, int y, int z) { emulator::store_tensor(map, shared, 3, x, y, z); }
EM_DEV void em_tensor_store_commit() { emulator::current->store_group++; }
template <int Keep> EM_DEV void em_tensor_store_wait_read() { emulator::finish_stores(Keep); }
EM_DEV void em_stmatrix_x4(void* row, const u32 (&r)[4]) { emulator::store_matrix<4>(row, r); }
template <int Registers> EM_DEV void em_registers_more() {}
template <int Registers> EM_DEV void em_registers_fewer() {}
EM_DEV void em_wgmma_fence() {}
EM_DEV void em_wgmma_commit() { emulator::CommitSlot s; emulator::warpgroup_operation(s, emulator::execute_product_commit); }
template <int Keep> EM_DEV void em_wgmma_wait() { emulator::WaitSlot s{Keep}; emulator::warpgroup_operation(s, emulator::execute_product_wait); }
// d is a (64, 2 * Half) tile, Half registers a thread; adds to d.
template <int TransposedA, int TransposedB, int Half> EM_DEV void em_wgmma(float (&d)[Half], u64 a, u64 b) {
  emulator::ProductSlot s{d, a, b, nullptr};
  emulator::warpgroup_operation(s, emulator::issue_product<2 * Half, TransposedA != 0, TransposedB != 0>);
}
template <int TransposedB, int Half> EM_DEV void em_wgmma(float (&d)[Half], const u32 (&a)[4], u64 b) {
  emulator::ProductSlot s{d, 0, b, a};
  emulator::warpgroup_operation(s, emulator::issue_product<2 * Half, false, TransposedB != 0>);
}
template <int Half> EM_DEV void em_wgmma_results(float (&)[Half]) {}
EM_DEV void em_warpgroup_sync(int) { emulator::CommitSlot s; emulator::warpgroup_operation(s, emulator::execute_warpgroup_sync); }

// ---- clusters: blocks that reach each other's shared memory
EM_DEV u32 em_cluster_rank() { return emulator::block->rank; }
EM_DEV u32 em_cluster_size() { return (u32)emulator::block->cluster->size; }
EM_DEV void em_cluster_arrive() { emulator::arrive_at_cluster(); }
EM_DEV void em_cluster_wait() { emulator::wait_for_cluster(); }
EM_DEV void em_cluster_sync() { em_cluster_arrive(), em_cluster_wait(); }
EM_DEV void em_barrier_arrive_in(u64* b, int rank) { emulator::arrive_in(b, (u32)rank); }
EM_DEV void em_tensor_load_multicast(void* shared, const void* map, int x, int y, int z, u64* b, int blocks) {
  emulator::load_tensor_into((1u << blocks) - 1, shared, map, 3, x, y, z, b);
}
