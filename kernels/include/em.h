// The one header of every kernel: picks NVIDIA (clang, NVRTC or nvcc), AMD (clang) or emulation on the CPU. Kernels contain
// no assembly, and no #if but EM_HAS_MMA (tensor cores by warp) and EM_HAS_WGMMA (tensor cores by warpgroup, sm_90a).
// Products and sums are never contracted by the compiler: em_fma is written where it is meant, so all targets round alike.
#pragma once
#if defined(EM_EMULATED)
#include "em_emulated.h"
#elif defined(__HIP__)
#include "em_gpu.h"
#include "em_amd.h"
#elif defined(__CUDACC_RTC__) || defined(__NVCC__)
#include "em_nvcc.h"
#include "em_ptx.h"
#elif defined(__CUDA__)
#include "em_gpu.h"
#include "em_clang.h"
#include "em_ptx.h"
#else
#error "compile with clang -x cuda or -x hip, NVRTC, or a C++ compiler and -DEM_EMULATED"
#endif
#include "em_math.h"
#include "em_reduce.h"
