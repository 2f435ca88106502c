// Keywords, vector types and index variables for clang's CUDA and HIP modes without any toolkit header.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __shared__ __attribute__((shared))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __align__(n) __attribute__((aligned(n)))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef __SIZE_TYPE__ size_t;
struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
struct __align__(8) uint2 { u32 x, y; };
struct __align__(16) uint4 { u32 x, y, z, w; };

#define EM_DEV static __device__ __forceinline__
#define EM_DEV_MEMBER __device__ __forceinline__
// EM_KERNEL(threads) or EM_KERNEL(threads, blocks a multiprocessor). clang ignores launch_bounds for AMD.
#if defined(__HIP__)
#define EM_BOUNDS1(n) __attribute__((amdgpu_flat_work_group_size(1, n)))
#define EM_BOUNDS2(n, blocks) __attribute__((amdgpu_flat_work_group_size(1, n), amdgpu_waves_per_eu(blocks)))
#define EM_SELECT(a, b, chosen, ...) chosen
#define EM_BOUNDS(...) EM_SELECT(__VA_ARGS__, EM_BOUNDS2, EM_BOUNDS1, )(__VA_ARGS__)
#else
#define EM_BOUNDS(...) __attribute__((launch_bounds(__VA_ARGS__)))
#endif
#define EM_KERNEL(...) extern "C" __global__ EM_BOUNDS(__VA_ARGS__) void
#define EM_EXPORT(kernel)
#define EM_DYNAMIC_SHARED(T, name)                              \
  extern __shared__ __align__(1024) u8 em_dynamic_shared[];     \
  T* const name = (T*)em_dynamic_shared
#define EM_SHARED(T, name, count) __shared__ __align__(16) T name[count]

// threadIdx and its like as objects whose members read a register.
#define EM_INDEX(NAME, X, Y, Z)                                                \
  struct em_##NAME {                                                           \
    __declspec(property(get = get_x)) u32 x;                                   \
    __declspec(property(get = get_y)) u32 y;                                   \
    __declspec(property(get = get_z)) u32 z;                                   \
    static __device__ __forceinline__ u32 get_x() { return X; }                \
    static __device__ __forceinline__ u32 get_y() { return Y; }                \
    static __device__ __forceinline__ u32 get_z() { return Z; }                \
  };                                                                           \
  extern const __device__ __attribute__((weak)) em_##NAME NAME;

EM_DEV u32 em_bits(float v) { return __builtin_bit_cast(u32, v); }
EM_DEV float em_float(u32 v) { return __builtin_bit_cast(float, v); }
EM_DEV u64 em_bits(double v) { return __builtin_bit_cast(u64, v); }
EM_DEV double em_double(u64 v) { return __builtin_bit_cast(double, v); }
EM_DEV float em_fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
EM_DEV double em_fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
EM_DEV float em_abs(float v) { return __builtin_fabsf(v); }
EM_DEV float em_min(float a, float b) { return __builtin_fminf(a, b); }
EM_DEV float em_max(float a, float b) { return __builtin_fmaxf(a, b); }
EM_DEV float em_copysign(float v, float sign) { return __builtin_copysignf(v, sign); }
EM_DEV float em_sqrt(float v) { return __builtin_sqrtf(v); }
EM_DEV float em_round(float v) { return __builtin_rintf(v); }
EM_DEV double em_round(double v) { return __builtin_rint(v); }
EM_DEV int em_popcount(u32 v) { return __builtin_popcount(v); }
EM_DEV u32 em_mulhi(u32 a, u32 b) { return (u32)((u64)a * b >> 32); }
