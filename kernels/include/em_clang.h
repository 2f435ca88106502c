// NVIDIA by clang >= 19 in CUDA mode, without the CUDA toolkit: clang's builtins.
#pragma once
#define EM_HAS_MMA 1
#if defined(EM_SM90A)
#define EM_HAS_WGMMA 1
#else
#define EM_HAS_WGMMA 0
#endif

EM_INDEX(threadIdx, __nvvm_read_ptx_sreg_tid_x(), __nvvm_read_ptx_sreg_tid_y(), __nvvm_read_ptx_sreg_tid_z())
EM_INDEX(blockIdx, __nvvm_read_ptx_sreg_ctaid_x(), __nvvm_read_ptx_sreg_ctaid_y(), __nvvm_read_ptx_sreg_ctaid_z())
EM_INDEX(blockDim, __nvvm_read_ptx_sreg_ntid_x(), __nvvm_read_ptx_sreg_ntid_y(), __nvvm_read_ptx_sreg_ntid_z())
EM_INDEX(gridDim, __nvvm_read_ptx_sreg_nctaid_x(), __nvvm_read_ptx_sreg_nctaid_y(), __nvvm_read_ptx_sreg_nctaid_z())

struct __align__(64) EmTensorMap { u64 opaque[16]; };
#define EM_TENSOR_MAP const EmTensorMap

// __syncthreads is a builtin.
EM_DEV void __syncwarp(u32 mask = 0xffffffffu) { __nvvm_bar_warp_sync(mask); }
EM_DEV float __shfl_sync(u32 mask, float v, int lane) { return __nvvm_shfl_sync_idx_f32(mask, v, lane, 31); }
EM_DEV int __shfl_sync(u32 mask, int v, int lane) { return __nvvm_shfl_sync_idx_i32(mask, v, lane, 31); }
EM_DEV float __shfl_xor_sync(u32 mask, float v, int bits) { return __nvvm_shfl_sync_bfly_f32(mask, v, bits, 31); }
EM_DEV int __shfl_xor_sync(u32 mask, int v, int bits) { return __nvvm_shfl_sync_bfly_i32(mask, v, bits, 31); }
EM_DEV float __shfl_up_sync(u32 mask, float v, u32 by) { return __nvvm_shfl_sync_up_f32(mask, v, by, 0); }
EM_DEV int __shfl_up_sync(u32 mask, int v, u32 by) { return __nvvm_shfl_sync_up_i32(mask, v, by, 0); }
EM_DEV float __shfl_down_sync(u32 mask, float v, u32 by) { return __nvvm_shfl_sync_down_f32(mask, v, by, 31); }
EM_DEV int __shfl_down_sync(u32 mask, int v, u32 by) { return __nvvm_shfl_sync_down_i32(mask, v, by, 31); }
EM_DEV u32 __ballot_sync(u32 mask, int vote) { return __nvvm_vote_ballot_sync(mask, vote); }
EM_DEV u32 atomicAdd(u32* p, u32 v) { return __nvvm_atom_add_gen_i((int*)p, (int)v); }
EM_DEV void em_threadfence() { __nvvm_membar_gl(); }
EM_DEV u32 em_shared_address(const void* p) { return (u32)(size_t)(const __attribute__((address_space(3))) void*)p; }
