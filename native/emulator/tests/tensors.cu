// The copy engine and barriers of one block, right or wrong in one way.
#include "em.h"

enum Wrong {
  Nothing,
  NoProxyFence,             // the copy engine does not see what was written
  NoWaitForRead,            // before the next load to the same place
  WrittenAgain,             // while the store may still read it
  LoadedAgain,
  LoadedTwice,
  BarrierNotMade,
  BarrierOverwritten,
  NoSuchBlock,
  BitsBesideFields,         // of a descriptor
  LeavesReading,            // nothing waits for the store
};

struct Memory { u8 tile[2048]; u64 barrier; };

// One warp writes a tile of (16, 64) bf16, 1.0 everywhere, by stmatrix and stores it to the map's matrix.
EM_KERNEL(32) store_a_tile(EM_TENSOR_MAP map, int wrong) {
  EM_DYNAMIC_SHARED(Memory, memory);
  const void* address = EM_PARAMETER_ADDRESS(store_a_tile, 0, map);
  u32 ones[4] = {0x3f803f80, 0x3f803f80, 0x3f803f80, 0x3f803f80};
  u8* row = memory->tile + threadIdx.x * 16;
  if (threadIdx.x == 0 && wrong != BarrierNotMade) {
    em_barrier_init(&memory->barrier, 1);
    em_barrier_init_fence();
  }
  for (int piece = 0; piece < 4; ++piece) em_stmatrix_x4(row + piece * 512, ones);
  if (wrong != NoProxyFence) em_proxy_fence();
  __syncthreads();
  if (threadIdx.x == 0) {
    if (wrong == BarrierOverwritten) memory->barrier = 7;
    if (wrong == NoSuchBlock) em_barrier_arrive_in(&memory->barrier, 1);
    em_tensor_store(address, memory->tile, 0, 0, 0);
    em_tensor_store_commit();
    if (wrong == LoadedAgain) em_tensor_load(memory->tile, address, 0, 0, 0, &memory->barrier);
  }
  __syncwarp();
  if (wrong == LeavesReading) return;
  if (wrong == WrittenAgain) em_stmatrix_x4(row, ones);
  if (threadIdx.x == 0 && wrong != NoWaitForRead) em_tensor_store_wait_read<0>();
  if (threadIdx.x == 0) {
    em_barrier_arrive_expecting(&memory->barrier, 2048);
    for (int i = 0; i < (wrong == LoadedTwice ? 2 : 1); ++i) em_tensor_load(memory->tile, address, 0, 0, 0, &memory->barrier);
  }
  while (!em_barrier_try_wait(&memory->barrier, 0)) {}
}
EM_EXPORT(store_a_tile)

EM_KERNEL(128) multiply_a_tile(float* out, int wrong) {
  EM_DYNAMIC_SHARED(u16, tile);
  for (u32 i = threadIdx.x; i < 64 * 64; i += 128) tile[i] = 0x3f80;
  em_proxy_fence();
  __syncthreads();
  float sum[32];
  for (int i = 0; i < 32; ++i) sum[i] = 0.0f;
  u64 descriptor = (u64)((em_shared_address(tile) & 0x3ffff) >> 4) | (u64)1 << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
  if (wrong == BitsBesideFields) descriptor |= (u64)1 << 15;
  em_wgmma<0, 0>(sum, descriptor, descriptor);
  em_wgmma_commit();
  em_wgmma_wait<0>();
  out[threadIdx.x] = sum[0];
}
EM_EXPORT(multiply_a_tile)

enum WrongRefill {
  Right,
  ReleasedBefore,           // a reader says that it has read before it does
  OneForBoth,               // a reader says so for the other one too
  CopiedWhileStored,        // over what a tensor store still reads
};

struct Stages { u8 rows[2][2048]; u64 full[2], empty[2]; };

// Two warps read by ldmatrix what a third copies into two stages in turn, and add one number of each pair up.
EM_KERNEL(96) refill_stages(EM_TENSOR_MAP map, float* out, const u8* in, int wrong) {
  EM_DYNAMIC_SHARED(Stages, stages);
  u32 warp = threadIdx.x / 32, row = threadIdx.x % 32 * 16;
  float count = 0.0f;
  if (threadIdx.x == 0)
    for (int i = 0; i < 2; ++i) {
      em_barrier_init(stages->full + i, 32);
      em_barrier_init(stages->empty + i, wrong == OneForBoth ? 32 : 64);
    }
  __syncthreads();
  if (wrong == CopiedWhileStored && threadIdx.x == 64) em_tensor_store(EM_PARAMETER_ADDRESS(refill_stages, 0, map), stages->rows[0], 0, 0, 0);
  __syncthreads();
  for (int step = 0; step < 6; ++step) {
    u32 stage = (u32)step % 2, round = (u32)step / 2 & 1;
    if (warp == 0) {
      while (!em_barrier_try_wait(stages->empty + stage, round ^ 1)) {}
      em_copy_async16(stages->rows[stage] + row, in + row);
      em_copy_arrive(stages->full + stage);
      continue;
    }
    while (!em_barrier_try_wait(stages->full + stage, round)) {}
    if (wrong == ReleasedBefore) em_barrier_arrive(stages->empty + stage);
    u32 v[4];
    em_ldmatrix_x4(v, stages->rows[stage] + row);
    for (u32 pair : v) count += em_float(pair << 16);
    if (wrong != ReleasedBefore && (wrong != OneForBoth || warp == 1)) em_barrier_arrive(stages->empty + stage);
  }
  out[threadIdx.x] = count;
}
EM_EXPORT(refill_stages)
