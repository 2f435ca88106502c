// Fibers, and what they meet at.
#include "barriers.h"
#include "switch.h"
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <sys/mman.h>
#include <utility>

namespace emulator {

thread_local Block* block;
thread_local Thread* current;

static Thread* next_ready() {
  Cluster* c = block->cluster;
  if (!c->count) return nullptr;
  if (c->order == 1) return c->ready[(c->head + --c->count) % MaxFibers];
  if (c->order == 2) {
    c->random = c->random * 1664525u + 1013904223u;
    std::swap(c->ready[(c->head + (c->random >> 8) % c->count) % MaxFibers], c->ready[c->head]);
  }
  Thread* thread = c->ready[c->head];
  if (++c->head == MaxFibers) c->head = 0;
  c->count--;
  return thread;
}

static void resume(Thread* thread) {
  Thread* from = current;
  if (thread == from) return;
  current = thread;
  block = thread->block;
  switch_to(&from->stack_pointer, thread->stack_pointer);
}

static void leave_cluster() { switch_to(&current->stack_pointer, block->cluster->main_stack_pointer); }

void fail(const char* format, ...) {
  char text[200];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const Index &b = block->index, &t = current->index;
  snprintf(block->cluster->error, sizeof block->cluster->error, "%s (block %u,%u,%u thread %u,%u,%u)", text, b.x, b.y, b.z, t.x, t.y, t.z);
  leave_cluster();
  __builtin_unreachable();
}

[[noreturn]] static void fail_waiting(const char* when) {
  Cluster* c = block->cluster;
  int in_blocks = 0;
  for (int i = 0; i < c->size; ++i) in_blocks += c->block[i]->waiting_count;
  fail("deadlock%s: %d alive, %d of them at __syncthreads, %d at the barrier of the cluster", when, c->alive, in_blocks, c->waiting_count);
}

void wait() {
  Thread* next = next_ready();
  if (!next) fail_waiting(", no thread can go on");
  resume(next);
}

void give_way() {
  Cluster* c = block->cluster;
  if (++c->polls > 1000u * (u32)c->alive + 100000u) fail("hang: the threads only poll barriers that never complete");
  if (!c->count) return;
  int order = c->order;
  if (order == 1) c->order = 0;         // polling must be fair
  Thread* next = next_ready();
  make_ready(current);
  c->order = order;
  resume(next);
}

static void release_waiting() {
  Block* b = block;
  int count = b->waiting_count;
  b->waiting_count = 0;
  meet_clocks(b);
  progress();
  for (int i = 0; i < count; ++i) make_ready(b->waiting[b->cluster->order == 1 ? count - 1 - i : i]);
}

void synchronize_block() {
  Block* b = block;
  b->waiting[b->waiting_count++] = current;
  if (b->waiting_count == b->alive) release_waiting();
  wait();
}

static void finish_thread() {
  Block* b = block;
  Cluster* c = b->cluster;
  current->done = true;
  if (current->cluster_arrivals > c->phase) c->arrived--;
  b->alive--;
  if (!b->alive) check_leaving(b);
  if (!--c->alive) leave_cluster();
  if (b->alive && b->waiting_count == b->alive) release_waiting();
  release_cluster();
  Thread* next = next_ready();
  if (!next) fail_waiting(" after a thread left the kernel");
  resume(next);
}

static void enter_thread() {
  block->cluster->invoke(block->cluster->arguments);
  finish_thread();
  __builtin_unreachable();
}

void paint_red(u8* at) {
  for (u32 i = 0; i < RedBytes; i += 4) memcpy(at + i, &Red, 4);
}

static int red_damage(const u8* at) {
  for (u32 i = 0; i < RedBytes; ++i)
    if (at[i] != ((const u8*)&Red)[i & 3]) return (int)i;
  return -1;
}

void* static_shared(const void* key, u32 bytes) {
  Cluster* c = block->cluster;
  for (int i = 0; i < c->static_count; ++i)
    if (c->statics[i].key == key) return block->arena + c->statics[i].offset;
  u32 padded = (bytes + 127) & ~127u, at = c->shared_end;
  if (c->static_count == MaxStatics || at + padded + RedBytes > ArenaBytes) fail("too much static shared memory");
  c->statics[c->static_count++] = {key, at, bytes};
  for (int i = 0; i < c->size; ++i) {
    memset(c->block[i]->arena + at, 0xff, padded);
    paint_red(c->block[i]->arena + at + bytes);
  }
  c->shared_end += padded + RedBytes;
  return block->arena + at;
}

void check_shared(Cluster* c) {
  for (int i = 0; i < c->size; ++i) {
    const Block* b = c->block[i];
    int damage = red_damage(b->arena + c->shared_bytes);
    for (int s = 0; s < c->static_count && damage < 0; ++s) damage = red_damage(b->arena + c->statics[s].offset + c->statics[s].bytes);
    if (damage < 0) continue;
    snprintf(c->error, sizeof c->error, "write past the end of shared memory, %d bytes behind it (block %u,%u,%u)", damage, b->index.x, b->index.y, b->index.z);
    return;
  }
}

void copy_async(void* target, const void* source, u32 size, u32 valid) {
  if (((uintptr_t)target | (uintptr_t)source) & (size - 1)) fail("cp.async: address is not a multiple of %u bytes", size);
  Thread* t = current;
  if (t->copies == MaxCopies) fail("more than %d cp.async of one thread in flight", MaxCopies);
  check_copy(target);
  memset(target, 0xff, size);
  t->copy[t->copies++] = {target, source, size, valid, t->copy_group};
}

void finish_copies(Thread& t, u32 end) {
  int left = 0;
  for (int i = 0; i < t.copies; ++i) {
    const Copy& c = t.copy[i];
    if (c.group >= end) { t.copy[left++] = c; continue; }
    memcpy(c.target, c.source, c.valid);
    memset((u8*)c.target + c.valid, 0, c.size - c.valid);
  }
  t.copies = left;
}

static Block* make_block(Cluster* cluster, u32 rank) {
  Block* b = (Block*)calloc(1, sizeof(Block));
  b->cluster = cluster, b->rank = rank;
  b->thread = (Thread*)calloc(MaxThreads, sizeof(Thread));
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  b->stacks = (char*)mmap(nullptr, StackBytes * MaxThreads, PROT_READ | PROT_WRITE, flags, -1, 0);
  b->arena = (u8*)mmap(nullptr, ArenaBytes + RedBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  b->touched = (u32*)mmap(nullptr, sizeof(u32) * ArenaBytes / 16 * (MaxThreads / 32), PROT_READ | PROT_WRITE, flags, -1, 0);
  return b;
}

// Found by its first block, which is made with it.
Cluster* make_cluster(int size) {
  if (!block) {
    Cluster* c = (Cluster*)calloc(1, sizeof(Cluster));
    block = c->block[0] = make_block(c, 0);
  }
  Cluster* c = block->cluster;
  for (int i = 1; i < size; ++i)
    if (!c->block[i]) c->block[i] = make_block(c, (u32)i);
  c->size = size;
  return c;
}

void make_fiber(Thread* t) {
  t->stack_pointer = prepare(t->stack_pointer, t->block->stacks + StackBytes * (size_t)t->linear, enter_thread);
  make_ready(t);
}

void run_fibers(Cluster* c) {
  current = next_ready();
  block = current->block;
  switch_to(&c->main_stack_pointer, current->stack_pointer);
  current = nullptr;
}

}  // namespace emulator
