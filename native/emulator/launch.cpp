// Launches: blocks, clusters, and the OS threads that run them.
#include "emulator.h"
#include <atomic>
#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>

namespace emulator {

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
  b->waiting_count = b->loads = b->stores = b->barriers = b->reads = b->arrivals = 0;
  b->cluster_waits = 0;
  memset(b->arena, 0xff, l.shared_bytes);
  paint_red(b->arena + l.shared_bytes);
  memset(b->warp, 0, sizeof(Warp) * (size_t)((b->threads + 31) / 32));
  for (int i = 0; i < b->threads / 128; ++i)
    if (!b->warpgroup[i]) b->warpgroup[i] = (Warpgroup*)calloc(1, sizeof(Warpgroup));
  for (Warpgroup* w : b->warpgroup)
    if (w) w->arrived = w->products = w->chains = 0, w->product_group = 0;
  u32 warps = (u32)(b->threads + 31) / 32;
  for (int i = 0; i < b->threads; ++i) {
    Thread* t = b->thread + i;
    u32 n = (u32)i;
    t->block = b;
    t->linear = n, t->lane = n & 31, t->warp = n / 32, t->party = b->rank * warps + n / 32;
    t->done = false, t->copy_group = t->store_group = 0, t->copies = 0;
    t->cluster_arrivals = t->cluster_waits = t->unfenced_from = t->unfenced_to = 0;
    t->index = {n % d.x, n / d.x % d.y, n / d.x / d.y};
    b->warp[n / 32].lanes |= 1u << (n & 31);
    make_fiber(t);
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
  c->warps = (c->block[0]->threads + 31) / 32, c->groups = c->block[0]->threads / 128, c->parties = c->size * (c->warps + c->groups);
  run_fibers(c);
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

  void run(Launch& l, int others) {
    std::unique_lock<std::mutex> guard(lock);
    for (; threads < others; ++threads) std::thread([this] { serve(); }).detach();
    launch = &l, wanted = others;
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
