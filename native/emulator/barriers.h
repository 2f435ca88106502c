// Barriers in shared memory (mbarrier), the barrier of a cluster, shared memory as the blocks of a cluster see it, and who can
// know of what. A party is a warp. Where it arrives it tells what it knows, where it has waited it knows what was told; memory that
// was read may be written by another party only once that one knows of the read.
#pragma once
#include "emulator.h"

namespace emulator {

u32 shared_address(const void* p);
u32 map_shared(u32 address, u32 rank);  // mapa: the same place in another block of the cluster
u8* shared_pointer(u32 address);

void init_barrier(u64* at, u32 count);
void fence_barriers();
void arrive(u64* at, u32 expected_bytes);
void arrive_in(u64* at, u32 rank);
bool try_wait(u64* at, u32 parity);
void arrive_after_copies(u64* at);      // those of this thread so far
void complete_bytes(const Load& load, u32 bytes);

void arrive_at_cluster();
void wait_for_cluster();
void release_cluster();                 // if all threads that are left have arrived
void meet_clocks(Block* block);         // at __syncthreads

// ---- clocks.cpp
Clock& own_clock();
void track(Cluster* c);                 // from now on
void tell(Clock& what);                 // what this party knows
void learn(const Clock& what);

// ---- what tensor loads, stores and products do to memory
void check_load(u64* barrier, Block* owner, Span target);
void note_read(Span span);              // by a product of the current thread's warpgroup
void tell_reads();                      // those of products so far, to the warps of this warpgroup
void meet_group();                      // at a barrier of the warpgroup's threads
void note_touch(const void* row);       // 16 bytes, by a matrix instruction of the current thread's warp
void check_copy(const void* target);    // 16 bytes or fewer
void check_leaving(Block* block);       // its last thread has ended

// ---- hopper.h, for those above
void carry_out_loads(u64* barrier);

inline Block* neighbour(u32 rank) {
  Cluster* c = block->cluster;
  if (rank >= (u32)c->size) fail("there is no block %u in a cluster of %d", rank, c->size);
  return c->block[rank];
}

inline bool overlap(Span a, Span b) { return a.from < b.to && b.from < a.to; }
inline u32 bytes_of(const TensorMap& map) { return map.box[0] * map.box[1] * map.box[2] * map.element; }
inline u32 offset_in(const Block* owner, const void* p) { return (u32)((const u8*)p - owner->arena); }

inline u32 own_offset(const void* p) {
  if ((size_t)((const u8*)p - block->arena) >= ArenaBytes) fail("not an address in the block's own shared memory");
  return offset_in(block, p);
}

}  // namespace emulator
