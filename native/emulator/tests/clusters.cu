// A cluster of two blocks that multiply, right or wrong in one way: what the emulator must catch between blocks.
#include "em.h"

// Each block multiplies its own tile of a with the tile of b that both share, and loads half of b for both, in `steps` steps
// through a ring of two stages: sum over k of a(rank * 64 + i, k) b(j, k), i and j of 64. Steps are 64 of k.
enum Wrong {
  Nothing,
  UnmaskedAddress,          // descriptors made of shared addresses as they are, which hold the rank of the block
  NoReleaseWait,            // tiles are loaded without waiting for those who read what was there
  ReleasedHereAlone,        // consumers tell their own block, not the one that loads the other half
  NoSyncBefore,             // the other block is reached before it is known to have made its barriers
  NoSyncBehind,             // a block leaves while the other may still arrive at its barriers
  NoBarrierFence,
  LeavesEarly,              // the last stage is not waited for
  SyncOnOneSide,            // one block waits for the cluster, the other for tiles that this one would load
  Diverges,                 // one thread comes to the block's barrier instead of the cluster's
  ArriveTwice,
  WaitAlone,
};

struct Ring { u8 a[2][8192], b[2][8192]; u64 full[2], empty[2]; };

template <bool MnMajor> EM_DEV u64 descriptor_of(const void* tile, int wrong) {
  u32 address = em_shared_address(tile);
  if (wrong != UnmaskedAddress) address &= 0x3ffff;
  return (u64)(address >> 4) | (u64)(MnMajor ? 8192 >> 4 : 1) << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

template <bool MnMajor> EM_DEV void load(Ring* ring, const void* map_a, const void* map_b, int steps, int wrong) {
  int rank = (int)em_cluster_rank();
  for (int step = 0; step < steps; ++step) {
    int stage = step % 2;
    if (wrong != NoReleaseWait)
      while (!em_barrier_try_wait(ring->empty + stage, (u32)(step / 2 & 1) ^ 1u)) {}
    em_barrier_arrive_expecting(ring->full + stage, 2 * 8192);
    // K-major, b's rows are halved; MN-major, the blocks take turns.
    if (MnMajor) {
      em_tensor_load(ring->a[stage], map_a, rank * 64, step * 64, 0, ring->full + stage);
      if (step % 2 == rank) em_tensor_load_multicast(ring->b[stage], map_b, 0, step * 64, 0, ring->full + stage, 2);
    } else {
      em_tensor_load(ring->a[stage], map_a, step * 64, rank * 64, 0, ring->full + stage);
      em_tensor_load_multicast(ring->b[stage] + rank * 4096, map_b, step * 64, rank * 32, 0, ring->full + stage, 2);
    }
  }
}

template <bool MnMajor> EM_DEV void multiply(Ring* ring, float* out, int steps, int wrong) {
  constexpr u64 Step = MnMajor ? 2048 >> 4 : 32 >> 4;
  int thread = (int)threadIdx.x % 128;
  float sum[32];
  for (int i = 0; i < 32; ++i) sum[i] = 0.0f;
  for (int step = 0; step < steps; ++step) {
    int stage = step % 2;
    if (wrong == LeavesEarly && step == steps - 1) break;
    while (!em_barrier_try_wait(ring->full + stage, (u32)(step / 2 & 1))) {}
    u64 a = descriptor_of<MnMajor>(ring->a[stage], wrong), b = descriptor_of<MnMajor>(ring->b[stage], wrong);
    em_wgmma_fence();
    for (int k = 0; k < 4; ++k) em_wgmma<MnMajor, MnMajor>(sum, a + k * Step, b + k * Step);
    em_wgmma_commit();
    em_wgmma_wait<0>();
    if (wrong == ReleasedHereAlone) {
      if (thread < 2) em_barrier_arrive(ring->empty + stage);
    } else if (thread < 2) {
      em_barrier_arrive_in(ring->empty + stage, thread);
    }
  }
  int row = (int)em_cluster_rank() * 64 + thread / 32 * 16 + thread % 32 / 4, column = thread % 4 * 2;
  for (int i = 0; i < 32; ++i) out[(row + i / 2 % 2 * 8) * 64 + column + i / 4 * 8 + i % 2] = sum[i];
}

template <bool MnMajor> EM_DEV void multiply_in_a_cluster(Ring* ring, const void* map_a, const void* map_b, float* out, int steps, int wrong) {
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; ++i) {
      em_barrier_init(ring->full + i, 1);
      em_barrier_init(ring->empty + i, 2);
    }
    if (wrong != NoBarrierFence) em_barrier_init_fence();
  }
  __syncthreads();
  if (wrong == WaitAlone) em_cluster_wait();
  if (wrong == ArriveTwice) em_cluster_arrive();
  if (wrong == Diverges && threadIdx.x == 5) __syncthreads();
  else if (wrong != NoSyncBefore) em_cluster_sync();
  if (wrong == SyncOnOneSide && em_cluster_rank() == 1) em_cluster_sync();
  if (threadIdx.x >= 128) multiply<MnMajor>(ring, out, steps, wrong);
  else if (threadIdx.x == 0) load<MnMajor>(ring, map_a, map_b, steps, wrong);
  if (wrong != NoSyncBehind) em_cluster_sync();
}

EM_KERNEL(256) cluster_k_major(EM_TENSOR_MAP map_a, EM_TENSOR_MAP map_b, float* out, int steps, int wrong) {
  EM_DYNAMIC_SHARED(Ring, ring);
  multiply_in_a_cluster<false>(ring, EM_PARAMETER_ADDRESS(cluster_k_major, 0, map_a), EM_PARAMETER_ADDRESS(cluster_k_major, 1, map_b), out, steps, wrong);
}
EM_EXPORT(cluster_k_major)

EM_KERNEL(256) cluster_mn_major(EM_TENSOR_MAP map_a, EM_TENSOR_MAP map_b, float* out, int steps, int wrong) {
  EM_DYNAMIC_SHARED(Ring, ring);
  multiply_in_a_cluster<true>(ring, EM_PARAMETER_ADDRESS(cluster_mn_major, 0, map_a), EM_PARAMETER_ADDRESS(cluster_mn_major, 1, map_b), out, steps, wrong);
}
EM_EXPORT(cluster_mn_major)
