// NVIDIA by NVRTC or nvcc: keywords, index variables, shuffles and vector types are built in.
#pragma once
#define EM_HAS_MMA 1
#if defined(EM_SM90A)
#define EM_HAS_WGMMA 1
#else
#define EM_HAS_WGMMA 0
#endif

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

#define EM_DEV static __device__ __forceinline__
#define EM_DEV_MEMBER __device__ __forceinline__
#define EM_KERNEL(...) extern "C" __global__ void __launch_bounds__(__VA_ARGS__)
#define EM_EXPORT(kernel)
#define EM_DYNAMIC_SHARED(T, name)                              \
  extern __shared__ __align__(1024) u8 em_dynamic_shared[];     \
  T* const name = (T*)em_dynamic_shared
#define EM_SHARED(T, name, count) __shared__ __align__(16) T name[count]

struct __align__(64) EmTensorMap { u64 opaque[16]; };
#define EM_TENSOR_MAP const __grid_constant__ EmTensorMap

EM_DEV u32 em_bits(float v) { return __float_as_uint(v); }
EM_DEV float em_float(u32 v) { return __uint_as_float(v); }
EM_DEV u64 em_bits(double v) { return (u64)__double_as_longlong(v); }
EM_DEV double em_double(u64 v) { return __longlong_as_double((long long)v); }
EM_DEV float em_fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }
EM_DEV double em_fma(double a, double b, double c) { return __fma_rn(a, b, c); }
EM_DEV float em_abs(float v) { return fabsf(v); }
EM_DEV float em_min(float a, float b) { return fminf(a, b); }
EM_DEV float em_max(float a, float b) { return fmaxf(a, b); }
EM_DEV float em_copysign(float v, float sign) { return copysignf(v, sign); }
EM_DEV float em_sqrt(float v) { return __fsqrt_rn(v); }
EM_DEV float em_round(float v) { return rintf(v); }
EM_DEV double em_round(double v) { return rint(v); }
EM_DEV int em_popcount(u32 v) { return __popc(v); }
EM_DEV u32 em_mulhi(u32 a, u32 b) { return __umulhi(a, b); }
EM_DEV void em_threadfence() { __threadfence(); }
EM_DEV u32 em_shared_address(const void* p) { return (u32)__cvta_generic_to_shared(p); }
