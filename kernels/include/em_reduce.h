// Sums over a warp and a block in a fixed tree: the same bytes whatever else runs.
#pragma once

EM_DEV double em_shuffle_xor(double v, int bits) {
  u64 u = em_bits(v);
  u32 low = (u32)__shfl_xor_sync(0xffffffffu, (int)(u32)u, bits), high = (u32)__shfl_xor_sync(0xffffffffu, (int)(u32)(u >> 32), bits);
  return em_double((u64)high << 32 | low);
}
EM_DEV float em_shuffle_xor(float v, int bits) { return __shfl_xor_sync(0xffffffffu, v, bits); }

struct EmSum { template <class T> EM_DEV_MEMBER T operator()(T a, T b) const { return a + b; } };
// NaN wins, so that a fault is seen.
struct EmMax { template <class T> EM_DEV_MEMBER T operator()(T a, T b) const { return a != a || a > b ? a : b; } };

// Every lane gets the result. Both partners of an exchange combine in the same order.
template <class T, class Op> EM_DEV T em_warp_reduce(T v, Op op) {
#pragma unroll
  for (int bits = 16; bits > 0; bits >>= 1) {
    T other = em_shuffle_xor(v, bits);
    v = em_lane() & (u32)bits ? op(other, v) : op(v, other);
  }
  return v;
}
template <class T> EM_DEV T em_warp_sum(T v) { return em_warp_reduce(v, EmSum{}); }
template <class T> EM_DEV T em_warp_max(T v) { return em_warp_reduce(v, EmMax{}); }

// Every thread gets the result; `scratch` has a place for each warp, and a block of `Warps` whole warps calls it.
template <int Warps, class T, class Op> EM_DEV T em_block_reduce(T v, T* scratch, Op op) {
  v = em_warp_reduce(v, op);
  if (em_lane() == 0) scratch[threadIdx.x / 32] = v;
  __syncthreads();
  T total = scratch[0];
#pragma unroll
  for (int i = 1; i < Warps; ++i) total = op(total, scratch[i]);
  __syncthreads();
  return total;
}
template <int Warps, class T> EM_DEV T em_block_sum(T v, T* scratch) { return em_block_reduce<Warps>(v, scratch, EmSum{}); }
template <int Warps, class T> EM_DEV T em_block_max(T v, T* scratch) { return em_block_reduce<Warps>(v, scratch, EmMax{}); }
