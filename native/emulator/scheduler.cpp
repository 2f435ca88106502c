// Fibers, blocks, and the OS threads that run them.
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
  Block* b = block;
  if (!b->count) return nullptr;
  if (b->order == 1) return b->ready[(b->head + --b->count) % MaxThreads];
  if (b->order == 2) {
    b->random = b->random * 1664525u + 1013904223u;
    std::swap(b->ready[(b->head + (b->random >> 8) % b->count) % MaxThreads], b->ready[b->head]);
  }
  Thread* thread = b->ready[b->head];
  if (++b->head == MaxThreads) b->head = 0;
  b->count--;
  return thread;
}

static void resume(Thread* thread) {
  Thread* from = current;
  if (thread == from) return;
  current = thread;
  switch_to(&from->stack_pointer, thread->stack_pointer);
}

static void leave_block() { switch_to(&current->stack_pointer, block->main_stack_pointer); }

void fail(const char* format, ...) {
  char text[200];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  const Index &b = block->index, &t = current->index;
  snprintf(block->error, sizeof block->error, "%s (block %u,%u,%u thread %u,%u,%u)", text, b.x, b.y, b.z, t.x, t.y, t.z);
  leave_block();
  __builtin_unreachable();
}

void wait() {
  Thread* next = next_ready();
  if (!next) fail("deadlock: no thread can go on, %d alive, %d of them at __syncthreads", block->alive, block->waiting_count);
  resume(next);
}

void give_way() {
  Block* b = block;
  if (++b->polls > 1000u * (u32)b->alive + 100000u) fail("hang: the threads only poll barriers that never complete");
  if (!b->count) return;
  int order = b->order;
  if (order == 1) b->order = 0;         // polling must be fair
  Thread* next = next_ready();
  make_ready(current);
  b->order = order;
  resume(next);
}

static void release_waiting() {
  Block* b = block;
  int count = b->waiting_count;
  b->waiting_count = 0;
  progress();
  for (int i = 0; i < count; ++i) make_ready(b->waiting[b->order == 1 ? count - 1 - i : i]);
}

void synchronize_block() {
  Block* b = block;
  b->waiting[b->waiting_count++] = current;
  if (b->waiting_count == b->alive) release_waiting();
  wait();
}

static void finish_thread() {
  Block* b = block;
  current->done = true;
  if (!--b->alive) leave_block();
  if (b->waiting_count == b->alive) release_waiting();
  Thread* next = next_ready();
  if (!next) fail("deadlock after a thread left the kernel: %d alive, %d of them at __syncthreads", b->alive, b->waiting_count);
  resume(next);
}

static void enter_thread() {
  block->invoke(block->arguments);
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
  Block* b = block;
  for (int i = 0; i < b->static_count; ++i)
    if (b->statics[i].key == key) return b->arena + b->statics[i].offset;
  u32 padded = (bytes + 127) & ~127u;
  if (b->static_count == MaxStatics || b->shared_end + padded + RedBytes > ArenaBytes) fail("too much static shared memory");
  b->statics[b->static_count++] = {key, b->shared_end, bytes};
  u8* array = b->arena + b->shared_end;
  memset(array, 0xff, padded);
  paint_red(array + bytes);
  b->shared_end += padded + RedBytes;
  return array;
}

static void check_shared(Block* b) {
  int damage = red_damage(b->arena + b->shared_bytes);
  for (int i = 0; i < b->static_count && damage < 0; ++i) damage = red_damage(b->arena + b->statics[i].offset + b->statics[i].bytes);
  if (damage >= 0)
    snprintf(b->error, sizeof b->error, "write past the end of shared memory, %d bytes behind it (block %u,%u,%u)", damage, b->index.x, b->index.y, b->index.z);
}

void copy_async(void* target, const void* source, u32 size, u32 valid) {
  if (((uintptr_t)target | (uintptr_t)source) & (size - 1)) fail("cp.async: address is not a multiple of %u bytes", size);
  Thread* t = current;
  if (t->copies == MaxCopies) fail("more than %d cp.async of one thread in flight", MaxCopies);
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

static Block* make_block() {
  if (block) return block;
  block = (Block*)calloc(1, sizeof(Block));
  block->thread = (Thread*)calloc(MaxThreads, sizeof(Thread));
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  block->stacks = (char*)mmap(nullptr, StackBytes * MaxThreads, PROT_READ | PROT_WRITE, flags, -1, 0);
  block->arena = (u8*)mmap(nullptr, ArenaBytes + RedBytes, PROT_READ | PROT_WRITE, flags, -1, 0);
  return block;
}

struct Launch {
  const Kernel* kernel;
  Index grid, dimensions;
  u32 shared_bytes;
  void** arguments;
  std::atomic<u64> next{0};
  std::atomic<bool> failed{false};
  std::mutex lock;
};

static void run_block(Block* b, Launch& l, u64 number) {
  const Index &g = l.grid, &d = l.dimensions;
  b->index = {(u32)(number % g.x), (u32)(number / g.x % g.y), (u32)(number / g.x / g.y)};
  b->head = b->count = 0;
  b->alive = b->threads;
  b->waiting_count = b->loads = b->arrivals = b->static_count = 0;
  b->polls = 0;
  b->error[0] = 0;
  memset(b->arena, 0xff, l.shared_bytes);
  paint_red(b->arena + l.shared_bytes);
  b->shared_end = ((l.shared_bytes + 1023) & ~1023u) + 1024;
  memset(b->warp, 0, sizeof(Warp) * (size_t)((b->threads + 31) / 32));
  for (Warpgroup* w : b->warpgroup)
    if (w) w->arrived = w->products = w->chains = 0, w->product_group = 0;
  for (int i = 0; i < b->threads; ++i) {
    Thread* t = b->thread + i;
    u32 n = (u32)i;
    t->linear = n, t->lane = n & 31, t->warp = n / 32;
    t->done = false, t->copy_group = 0, t->copies = 0;
    t->index = {n % d.x, n / d.x % d.y, n / d.x / d.y};
    b->warp[n / 32].lanes |= 1u << (n & 31);
    t->stack_pointer = prepare(t->stack_pointer, b->stacks + StackBytes * (size_t)i, enter_thread);
    make_ready(t);
  }
  current = next_ready();
  switch_to(&b->main_stack_pointer, current->stack_pointer);
  current = nullptr;
  if (!b->error[0]) check_shared(b);
}

static void run_blocks(Launch& l) {
  Block* b = make_block();
  b->invoke = l.kernel->invoke, b->arguments = l.arguments;
  b->grid = l.grid, b->dimensions = l.dimensions, b->shared_bytes = l.shared_bytes;
  b->threads = (int)(l.dimensions.x * l.dimensions.y * l.dimensions.z);
  b->order = thread_order;
  for (int i = 0; i < b->threads / 128; ++i)
    if (!b->warpgroup[i]) b->warpgroup[i] = (Warpgroup*)calloc(1, sizeof(Warpgroup));
  u64 total = (u64)l.grid.x * l.grid.y * l.grid.z;
  for (u64 number; !l.failed && (number = l.next.fetch_add(1)) < total;) {
    b->random = (u32)seed * 2654435761u + (u32)number;
    run_block(b, l, number);
    if (!b->error[0]) continue;
    std::lock_guard<std::mutex> guard(l.lock);
    if (!l.failed.exchange(true)) set_error("%s: %s", l.kernel->name, b->error);
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
    run_blocks(l);
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
      run_blocks(*launch);
      guard.lock();
      if (!--busy) done.notify_all();
    }
  }
};

static int fail_launch(const Kernel& kernel, const char* reason) {
  set_error("%s: %s", kernel.name, reason);
  return 1;                             // CUDA_ERROR_INVALID_VALUE
}

int launch(const Kernel& kernel, Index grid, Index dimensions, u32 shared_bytes, void** arguments) {
  u64 threads = (u64)dimensions.x * dimensions.y * dimensions.z, total = (u64)grid.x * grid.y * grid.z;
  if (!threads || threads > MaxThreads) return fail_launch(kernel, "a block has 1 to 1024 threads");
  if (!total || grid.y > 65535 || grid.z > 65535) return fail_launch(kernel, "the grid is empty or more than 65535 blocks high");
  if (shared_bytes > MaxShared) return fail_launch(kernel, "more shared memory than a block can have");
  static Workers* workers = new Workers;
  Launch l{&kernel, grid, dimensions, shared_bytes, arguments, {}, {}, {}};
  u64 limit = worker_limit ? (u64)worker_limit : std::thread::hardware_concurrency();
  if (threads * total < 2048) limit = 1;
  u64 wanted = limit < total ? limit : total;
  if (wanted > 1) workers->run(l, (int)wanted - 1);
  else run_blocks(l);
  return l.failed ? 719 : 0;            // CUDA_ERROR_LAUNCH_FAILED
}

}  // namespace emulator

// Order of the threads of a block: 0 forward, 1 reverse, 2 random by the seed. workers: OS threads, 0 for all cores.
extern "C" __attribute__((visibility("default"))) void emulatorConfigure(int order, int seed, int workers) {
  emulator::thread_order = order;
  emulator::seed = seed;
  emulator::worker_limit = workers;
}
