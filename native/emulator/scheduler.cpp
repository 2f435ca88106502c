// Fibers, blocks, clusters, and the OS threads that run them.
#include "barriers.h"
#include "switch.h"
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <sys/mman.h>
#include <thread>

namespace emulator {

thread_local Block* block;
thread_local Thread* current;
Kernel* kernels;

static std::atomic<int> thread_order{0}, seed{1}, worker_limit{0};
static std::string error_text;

const char* last_error() { return error_text.c_str(); }

void set_error(const char* format, ...) {
  char text[400];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  error_text = text;
}

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

static void paint_red(u8* at) {
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

static void check_shared(Cluster* c) {
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
  memset(target, 0xff, size);
  t->copy[t->copies++] = {target, source, size, valid, t->copy_group};
}

void finish_copies(u32 keep) {
  Thread* t = current;
  int left = 0;
  for (int i = 0; i < t->copies; ++i) {
    const Copy& c = t->copy[i];
    if (c.group + keep >= t->copy_group) { t->copy[left++] = c; continue; }
    memcpy(c.target, c.source, c.valid);
    memset((u8*)c.target + c.valid, 0, c.size - c.valid);
  }
  t->copies = left;
}

static Block* make_block(Cluster* cluster, u32 rank) {
  Block* b = (Block*)calloc(1, sizeof(Block));
  b->cluster = cluster, b->rank = rank;
  b->thread = (Thread*)calloc(MaxThreads, sizeof(Thread));
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  b->stacks = (char*)mmap(nullptr, StackBytes * MaxThreads, PROT_READ | PROT_WRITE, flags, -1, 0);
  b->arena = (u8*)mmap(nullptr, ArenaBytes + RedBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  return b;
}

// Of this OS thread: found by its first block, which is made with it.
static Cluster* make_cluster(int size) {
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

struct Launch {
  const Kernel* kernel;
  Index grid, dimensions, cluster;
  u32 shared_bytes;
  void** arguments;
  std::atomic<u64> next{0};
  std::atomic<bool> failed{false};
  std::mutex lock;
};

static void start_block(Block* b, const Launch& l, Index index) {
  const Index& d = l.dimensions;
  b->index = index, b->dimensions = d, b->grid = l.grid;
  b->threads = b->alive = (int)(d.x * d.y * d.z);
  b->waiting_count = b->loads = b->stores = b->barriers = b->reads = 0;
  b->cluster_waits = 0;
  memset(b->arena, 0xff, l.shared_bytes);
  paint_red(b->arena + l.shared_bytes);
  memset(b->warp, 0, sizeof(Warp) * (size_t)((b->threads + 31) / 32));
  for (int i = 0; i < b->threads / 128; ++i)
    if (!b->warpgroup[i]) b->warpgroup[i] = (Warpgroup*)calloc(1, sizeof(Warpgroup));
  for (Warpgroup* w : b->warpgroup)
    if (w) w->arrived = w->products = w->chains = 0, w->product_group = 0;
  u32 agents = (u32)(b->threads + 127) / 128;
  for (int i = 0; i < b->threads; ++i) {
    Thread* t = b->thread + i;
    u32 n = (u32)i;
    t->block = b;
    t->linear = n, t->lane = n & 31, t->warp = n / 32, t->agent = b->rank * agents + n / 128;
    t->done = false, t->copy_group = 0, t->copies = 0;
    t->cluster_arrivals = t->cluster_waits = t->unfenced_from = t->unfenced_to = 0;
    t->index = {n % d.x, n / d.x % d.y, n / d.x / d.y};
    b->warp[n / 32].lanes |= 1u << (n & 31);
    t->stack_pointer = prepare(t->stack_pointer, b->stacks + StackBytes * (size_t)i, enter_thread);
    make_ready(t);
  }
}

static void run_cluster(Cluster* c, Launch& l, u64 number) {
  const Index &g = l.grid, &k = l.cluster;
  u32 columns = g.x / k.x, rows = g.y / k.y;
  Index first = {(u32)(number % columns) * k.x, (u32)(number / columns % rows) * k.y, (u32)(number / columns / rows) * k.z};
  c->head = c->count = c->phase = 0;
  c->arrived = c->waiting_count = c->static_count = 0;
  c->tracked = false;
  c->polls = 0;
  c->error[0] = 0;
  c->shared_end = ((l.shared_bytes + 1023) & ~1023u) + 1024;
  c->alive = 0;
  for (int i = 0; i < c->size; ++i) {
    u32 r = (u32)i;
    start_block(c->block[i], l, {first.x + r % k.x, first.y + r / k.x % k.y, first.z + r / k.x / k.y});
    c->alive += c->block[i]->threads;
  }
  c->agents = c->size * ((c->block[0]->threads + 127) / 128);
  current = next_ready();
  block = current->block;
  switch_to(&c->main_stack_pointer, current->stack_pointer);
  current = nullptr;
  if (!c->error[0]) check_shared(c);
}

static void run_clusters(Launch& l) {
  Cluster* c = make_cluster((int)(l.cluster.x * l.cluster.y * l.cluster.z));
  c->invoke = l.kernel->invoke, c->arguments = l.arguments;
  c->shared_bytes = l.shared_bytes;
  c->order = thread_order;
  u64 total = (u64)l.grid.x * l.grid.y * l.grid.z / (u64)c->size;
  for (u64 number; !l.failed && (number = l.next.fetch_add(1)) < total;) {
    c->random = (u32)seed * 2654435761u + (u32)number;
    run_cluster(c, l, number);
    if (!c->error[0]) continue;
    std::lock_guard<std::mutex> guard(l.lock);
    if (!l.failed.exchange(true)) set_error("%s: %s", l.kernel->name, c->error);
  }
}

// OS threads that stay for the next launch; made once and never freed, so that a process can end at any time.
struct Workers {
  std::mutex lock;
  std::condition_variable wake, done;
  Launch* launch = nullptr;
  int wanted = 0, busy = 0, threads = 0;

  void run(Launch& l, int helpers) {
    std::unique_lock<std::mutex> guard(lock);
    for (; threads < helpers; ++threads) std::thread([this] { serve(); }).detach();
    launch = &l, wanted = helpers;
    wake.notify_all();
    guard.unlock();
    run_clusters(l);
    guard.lock();
    wanted = 0;
    done.wait(guard, [this] { return busy == 0; });
  }

  void serve() {
    std::unique_lock<std::mutex> guard(lock);
    for (;;) {
      wake.wait(guard, [this] { return wanted > 0; });
      wanted--, busy++;
      guard.unlock();
      run_clusters(*launch);
      guard.lock();
      if (!--busy) done.notify_all();
    }
  }
};

static int fail_launch(const Kernel& kernel, const char* reason) {
  set_error("%s: %s", kernel.name, reason);
  return 1;                             // CUDA_ERROR_INVALID_VALUE
}

int launch(const Kernel& kernel, Index grid, Index dimensions, Index cluster, u32 shared_bytes, void** arguments) {
  u64 threads = (u64)dimensions.x * dimensions.y * dimensions.z, total = (u64)grid.x * grid.y * grid.z;
  if (!threads || threads > MaxThreads) return fail_launch(kernel, "a block has 1 to 1024 threads");
  if (!total || grid.y > 65535 || grid.z > 65535) return fail_launch(kernel, "the grid is empty or more than 65535 blocks high");
  if (shared_bytes > MaxShared) return fail_launch(kernel, "more shared memory than a block can have");
  static Workers* workers = new Workers;
  Launch l{&kernel, grid, dimensions, cluster, shared_bytes, arguments, {}, {}, {}};
  u64 limit = worker_limit ? (u64)worker_limit : std::thread::hardware_concurrency();
  if (threads * total < 2048) limit = 1;
  u64 clusters = total / (cluster.x * cluster.y * cluster.z), wanted = limit < clusters ? limit : clusters;
  if (wanted > 1) workers->run(l, (int)wanted - 1);
  else run_clusters(l);
  return l.failed ? 719 : 0;            // CUDA_ERROR_LAUNCH_FAILED
}

}  // namespace emulator

// Order of the threads of a block: 0 forward, 1 reverse, 2 random by the seed. workers: OS threads, 0 for all cores.
extern "C" __attribute__((visibility("default"))) void emulatorConfigure(int order, int seed, int workers) {
  emulator::thread_order = order;
  emulator::seed = seed;
  emulator::worker_limit = workers;
}
