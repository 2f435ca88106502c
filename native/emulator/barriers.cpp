// See barriers.h.
#include "hopper.h"

namespace emulator {

static Block* owner_of(const void* p) {
  Cluster* c = block->cluster;
  if ((const u8*)p >= block->arena && (const u8*)p < block->arena + ArenaBytes) return block;
  for (int i = 0; i < c->size; ++i)
    if ((const u8*)p >= c->block[i]->arena && (const u8*)p < c->block[i]->arena + ArenaBytes) return c->block[i];
  fail("not an address in shared memory");
}

u32 shared_address(const void* p) {
  const Block* owner = owner_of(p);
  return (offset_in(owner, p) + SharedBase) | owner->rank << RankShift;
}

u32 map_shared(u32 address, u32 rank) { return (address & ((1u << RankShift) - 1)) | neighbour(rank)->rank << RankShift; }

u8* shared_pointer(u32 address) {
  u32 offset = (address & ((1u << RankShift) - 1)) - SharedBase;
  if (offset >= ArenaBytes) fail("%08x is not an address in shared memory", address);
  return neighbour(address >> RankShift)->arena + offset;
}

// ---- mbarriers
static u64 image(const Barrier& b) { return (u64)b.parity << 63 | (u64)b.count << 48 | (u64)(b.pending & 0xffff) << 32 | (u32)b.bytes; }

static void keep(const Barrier& b) {
  u64 word = image(b);
  memcpy(b.at, &word, 8);
}

static Barrier* look_up(Block* owner, const u64* at) {
  for (int i = 0; i < owner->barriers; ++i) {
    Barrier& b = owner->barrier[i];
    if (b.at != at) continue;
    u64 word = image(b);
    if (memcmp(b.at, &word, 8)) fail("mbarrier: something else was written over it");
    return &b;
  }
  return nullptr;
}

static Barrier& own_barrier(u64* at) {
  if (owner_of(at) != block) fail("mbarrier: this instruction is for the block's own memory");
  Barrier* b = look_up(block, at);
  if (!b) fail("mbarrier: not initialised");
  return *b;
}

// In any block; one of another block must be known by way of the cluster's barrier, and still be there.
static Barrier& barrier_in(Block* owner, const u64* at) {
  if (owner != block && !owner->alive) fail("reaches into the memory of block %u of the cluster, which has left", owner->rank);
  Barrier* b = look_up(owner, at);
  if (owner != block && (!b || block->cluster_waits <= b->made_after))
    fail("reaches an mbarrier of block %u of the cluster without a cluster barrier since it was initialised", owner->rank);
  if (!b) fail("mbarrier: not initialised");
  if (!b->fenced) fail("mbarrier: no fence.mbarrier_init between its initialisation and the other blocks or the copy engine");
  return *b;
}

void init_barrier(u64* at, u32 count) {
  if (owner_of(at) != block) fail("mbarrier: this instruction is for the block's own memory");
  if ((uintptr_t)at & 7 || !count || count > 0x7fff) fail("mbarrier: %u arrivals or its address cannot be", count);
  track(block->cluster);
  Barrier* b = nullptr;
  for (int i = 0; i < block->barriers; ++i)
    if (block->barrier[i].at == at) b = block->barrier + i;
  if (!b && block->barriers == MaxBarriers) fail("more than %d mbarriers", MaxBarriers);
  if (!b) b = block->barrier + block->barriers++;
  memset(b, 0, sizeof *b);
  b->at = at, b->count = b->pending = count, b->maker = current, b->made_after = current->cluster_arrivals;
  keep(*b);
}

void fence_barriers() {
  for (int i = 0; i < block->barriers; ++i)
    if (block->barrier[i].maker == current) block->barrier[i].fenced = true;
}

static void settle(Barrier& b) {
  if (!b.pending && !b.bytes) {
    b.parity ^= 1, b.pending = b.count, b.complete = b.told;
    if (b.foreign > b.foreign_complete) b.foreign_complete = b.foreign;
    b.foreign = 0;
    progress();
  }
  keep(b);
}

static void arrive_at(Barrier& b, u32 expected_bytes) {
  if (!b.pending) fail("mbarrier: more arrivals than its count");
  tell(b.told);
  b.bytes += (int32_t)expected_bytes;
  b.pending--;
  settle(b);
}

void arrive(u64* at, u32 expected_bytes) { arrive_at(own_barrier(at), expected_bytes); }

void arrive_in(u64* at, u32 rank) {
  Block* owner = neighbour(rank);
  Barrier& b = barrier_in(owner, (u64*)shared_pointer(map_shared(shared_address(at), rank)));
  if (owner != block) b.foreign = current->cluster_arrivals + 1;
  arrive_at(b, 0);
}

void arrive_after_copies(u64* at) {
  if (block->arrivals == MaxArrivals) fail("more than %d arrivals after copies in flight", MaxArrivals);
  tell(own_barrier(at).told);
  block->arrival[block->arrivals++] = {current, at, current->copy_group++};
}

static void carry_out_arrivals(Barrier& b) {
  int left = 0;
  for (int i = 0; i < block->arrivals; ++i) {
    const CopyArrival& a = block->arrival[i];
    if (a.barrier != b.at) { block->arrival[left++] = a; continue; }
    finish_copies(*a.thread, a.group + 1);
    if (!b.pending) fail("mbarrier: more arrivals than its count");
    b.pending--;
    settle(b);
  }
  block->arrivals = left;
}

bool try_wait(u64* at, u32 parity) {
  Barrier& b = own_barrier(at);
  carry_out_arrivals(b);
  carry_out_loads(at);
  if (b.parity == parity) {
    give_way();
    return false;
  }
  learn(b.complete);
  b.foreign_complete = 0;
  return true;
}

void complete_bytes(const Load& load, u32 bytes) {
  Barrier* b = look_up(block, load.barrier);
  if (!b) fail("mbarrier: not initialised");
  b->bytes -= (int32_t)bytes;
  if (load.foreign > b->foreign) b->foreign = load.foreign;
  settle(*b);
}

// ---- the barrier of a cluster
void release_cluster() {
  Cluster* c = block->cluster;
  if (!c->arrived || c->arrived != c->alive) return;
  int count = c->waiting_count;
  c->arrived = c->waiting_count = 0;
  c->phase++;
  c->complete = c->told;
  progress();
  for (int i = 0; i < count; ++i) make_ready(c->waiting[c->order == 1 ? count - 1 - i : i]);
}

void arrive_at_cluster() {
  if (current->cluster_arrivals != current->cluster_waits) fail("barrier.cluster.arrive a second time without barrier.cluster.wait");
  tell(block->cluster->told);
  current->cluster_arrivals++;
  block->cluster->arrived++;
  release_cluster();
}

void wait_for_cluster() {
  Cluster* c = block->cluster;
  if (current->cluster_arrivals == current->cluster_waits) fail("barrier.cluster.wait without barrier.cluster.arrive");
  if (c->phase < current->cluster_arrivals) {
    c->waiting[c->waiting_count++] = current;
    wait();
  }
  current->cluster_waits++;
  if (block->cluster_waits < current->cluster_waits) block->cluster_waits = current->cluster_waits;
  learn(c->complete);
}

// ---- what happens to memory
void check_load(u64* barrier, Block* owner, Span target) {
  barrier_in(owner, barrier);
  for (int i = 0; i < owner->loads; ++i) {
    const Load& l = owner->load[i];
    u32 from = offset_in(owner, l.target);
    if (overlap(target, {from, from + bytes_of(l.map)})) fail("a tensor load writes where another one in flight does");
  }
  for (int i = 0; i < owner->stores; ++i) {
    const Store& s = owner->store[i];
    u32 from = offset_in(owner, s.source);
    if (overlap(target, {from, from + bytes_of(s.map)})) fail("a tensor load writes where a tensor store still reads");
  }
  for (Warpgroup* group : owner->warpgroup)
    for (int i = 0; group && i < group->products; ++i)
      if (overlap(target, group->product[i].read[0]) || overlap(target, group->product[i].read[1]))
        fail("a tensor load writes into block %u of the cluster where a product in flight reads", owner->rank);
  int left = 0;
  for (int i = 0; i < owner->reads; ++i) {
    const Read& r = owner->read[i];
    if (!overlap(target, r.span)) { owner->read[left++] = r; continue; }
    if (own_clock().at[r.group] < r.time) fail("a tensor load writes into block %u of the cluster what a product read there and was not released since", owner->rank);
    if (r.span.from < target.from || r.span.to > target.to) owner->read[left++] = r;
  }
  owner->reads = left;
}

void check_leaving(Block* b) {
  if (b->loads) fail("block %u of the cluster leaves while a tensor load into its memory is in flight", b->rank);
  if (b->stores) fail("block %u of the cluster leaves while a tensor store reads its memory", b->rank);
  for (int i = 0; i < b->barriers; ++i)
    if (b->barrier[i].foreign > b->cluster_waits || b->barrier[i].foreign_complete > b->cluster_waits)
      fail("block %u of the cluster leaves without having waited for those who arrive at its mbarriers", b->rank);
}

}  // namespace emulator
