// Who can know of what (barriers.h): only where there are mbarriers, for nothing else asks.
#include "barriers.h"

namespace emulator {

static void merge(Clock& into, const Clock& from) {
  for (int i = 0; i < block->cluster->parties; ++i)
    if (into.at[i] < from.at[i]) into.at[i] = from.at[i];
}

Clock& own_clock() { return block->cluster->clock[current->party]; }

void tell(Clock& what) {
  if (!block->cluster->tracked) return;
  merge(what, own_clock());
  own_clock().at[current->party]++;     // what comes now was not told
}

void learn(const Clock& what) {
  if (block->cluster->tracked) merge(own_clock(), what);
}

static void meet(Clock* first, int count) {
  Clock all{};
  for (int i = 0; i < count; ++i) merge(all, first[i]);
  for (int i = 0; i < count; ++i) merge(first[i], all), first[i].at[first - block->cluster->clock + i]++;
}

void meet_clocks(Block* b) {
  Cluster* c = b->cluster;
  if (!c->tracked) return;
  meet(c->clock + b->rank * (u32)c->warps, c->warps);
}

static u32 first_of_group() { return current->party - current->warp % 4; }

void meet_group() {
  if (block->cluster->tracked) meet(block->cluster->clock + first_of_group(), 4);
}

// Of the products of the current thread's warpgroup: a party behind those of all warps.
static u32 party_of_products() {
  Cluster* c = block->cluster;
  return (u32)(c->size * c->warps) + block->rank * (u32)c->groups + current->linear / 128;
}

void tell_reads() {
  Cluster* c = block->cluster;
  if (!c->tracked) return;
  u32 group = party_of_products(), first = first_of_group();
  for (u32 warp = first; warp < first + 4; ++warp) c->clock[warp].at[group] = c->clock[group].at[group];
  c->clock[group].at[group]++;
}

void track(Cluster* c) {
  if (c->tracked) return;
  c->tracked = true;
  memset(c->clock, 0, sizeof c->clock);
  for (int i = 0; i < c->parties; ++i) c->clock[i].at[i] = 1;
  c->told = c->complete = {};
  for (int i = 0; i < c->size; ++i) memset(c->block[i]->touched, 0, sizeof(u32) * ArenaBytes / 16 * (size_t)c->warps);
}

// ---- uses of memory, and who may write there next
void note_read(Span span) {
  if (!block->cluster->tracked) return;
  u32 group = party_of_products(), time = block->cluster->clock[group].at[group];
  for (int i = 0; i < block->reads; ++i) {
    Read& r = block->read[i];
    if (r.group != group || r.span.from != span.from || r.span.to != span.to) continue;
    r.time = time;
    return;
  }
  if (block->reads == MaxReads) fail("more than %d pieces of shared memory read by products", MaxReads);
  block->read[block->reads++] = {span, group, time};
}

static u32* touches(const void* at) { return block->touched + own_offset(at) / 16 * (u32)block->cluster->warps; }

void note_touch(const void* row) {
  if (block->cluster->tracked) touches(row)[current->warp] = own_clock().at[current->party];
}

void check_copy(const void* target) {
  Cluster* c = block->cluster;
  u32 at = own_offset(target);
  for (int i = 0; i < block->stores; ++i) {
    u32 from = offset_in(block, block->store[i].source);
    if (overlap({at, at + 1}, {from, from + bytes_of(block->store[i].map)})) fail("cp.async writes where a tensor store still reads");
  }
  if (!c->tracked) return;
  const u32* touched = touches(target);
  for (int warp = 0; warp < c->warps; ++warp)
    if (own_clock().at[block->rank * (u32)c->warps + (u32)warp] < touched[warp])
      fail("cp.async writes what warp %d used by ldmatrix or stmatrix and did not release since", warp);
}

}  // namespace emulator
