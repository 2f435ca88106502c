// The run time that executes device code on the CPU. Clusters of blocks are loop iterations spread over OS threads; the
// threads of a cluster are fibers on one OS thread. A fiber runs until it meets a synchronising operation. Warp-wide
// operations are collectives: every lane deposits its operands and waits, the last to arrive computes for all and wakes the
// others. Asynchronous copies and matrix products are carried out as late as the program allows, and their targets are NaN
// until then; shared memory starts as NaN in every block and ends in a red zone. What is asynchronous, and what blocks do in
// each other's memory, is also held against who can know of what (barriers.h): in any order of the threads.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;

namespace emulator {

constexpr int MaxThreads = 1024, MaxBlocks = 8, MaxStatics = 16, MaxCopies = 128, MaxLoads = 64, MaxStores = 64, MaxArrivals = 2048;
constexpr int MaxBarriers = 64, MaxReads = 256, MaxFibers = MaxBlocks * MaxThreads;
constexpr int MaxParties = MaxFibers / 32 + MaxFibers / 128;
constexpr u32 MaxShared = 227 * 1024, ArenaBytes = 320 * 1024, RedBytes = 256;
constexpr u32 SharedBase = 1024;        // 32-bit shared address of the arena's first byte
constexpr u32 RankShift = 24;           // the bits above hold the rank of the arena's block in its cluster
constexpr u32 Red = 0xffb5ffb5;         // NaN as float, bf16 and half, and not what unwritten memory holds (0xff bytes)

struct Index { u32 x = 1, y = 1, z = 1; };
struct Block;

struct Copy { void* target; const void* source; u32 size, valid, group; };

struct Thread {
  void* stack_pointer;
  Block* block;
  Index index;
  u32 linear, lane, warp, party;
  bool done;
  u32 cluster_arrivals, cluster_waits;  // at the barrier of its cluster
  u32 unfenced_from, unfenced_to;       // bytes of shared memory written by stmatrix since the last fence.proxy.async
  u32 store_group;                      // of tensor stores committed so far
  u32 copy_group;                       // cp.async groups committed so far
  int copies;
  Copy copy[MaxCopies];                 // issued, not carried out
};

struct Meeting { u32 mask, arrived; const void* operation; void* slot[32]; };
struct Warp { Meeting meeting[4]; u32 lanes; };

struct Span { u32 from, to; };          // bytes of a block's shared memory
struct Product { u64 a, b; bool transposed_a, transposed_b, in_registers; u32 group; int chain; Span read[2]; const u32* fragments[128]; };
struct Chain { float* result[128]; int columns; float sum[64 * 256]; };
constexpr int MaxProducts = 32, MaxChains = 4;
struct Warpgroup {
  int arrived;
  void* slot[128];
  u32 product_group;                    // wgmma groups committed so far
  int products, chains;
  Product product[MaxProducts];         // issued, not carried out
  Chain chain[MaxChains];
  float a[64][16], b[16][256];          // operands of the product that is being carried out
};

// The 128 bytes of an emulated CUtensorMap, written by cuTensorMapEncodeTiled.
constexpr u64 MapMagic = 0x70616d726f736e74;
struct TensorMap { u64 magic; u8* base; u64 size[3], stride[2]; u32 box[3], rank, element, swizzle; };

// How far a party knows each other party to have come: a warp, or behind all warps the products of a warpgroup.
struct Clock { u32 at[MaxParties]; };

// An mbarrier; its 8 bytes hold a copy that tells when something else was written there.
struct Barrier {
  u64* at;
  u32 count, pending, parity;
  int32_t bytes;
  Thread* maker;
  bool fenced;                          // by fence.mbarrier_init
  u32 made_after;                       // cluster barriers that its maker had arrived at
  u32 foreign, foreign_complete;        // 1 + those of a thread of another block that reported to this phase, to a complete one not waited for
  Clock told, complete;                 // by those who arrived so far, and until the last phase was complete
};

struct Load { void* target; TensorMap map; int at[3]; u64* barrier; u32 foreign; };
struct Store { const void* source; TensorMap map; int at[3]; Thread* by; u32 group; };
struct CopyArrival { Thread* thread; u64* barrier; u32 group; };
struct Read { Span span; u32 group, time; };
struct Static { const void* key; u32 offset, bytes; };
struct Cluster;

struct Block {
  Index index, dimensions, grid;
  Cluster* cluster;
  u32 rank;
  u8* arena;
  Thread* thread;
  Thread* waiting[MaxThreads];          // at __syncthreads
  int threads, alive, waiting_count;
  u32 cluster_waits;                    // barriers of the cluster that a thread of the block has passed
  Warp warp[MaxThreads / 32];
  Warpgroup* warpgroup[MaxThreads / 128];
  Load load[MaxLoads];                  // tensor loads into the block's memory that were issued, not carried out
  Store store[MaxStores];               // tensor stores, likewise
  Barrier barrier[MaxBarriers];
  Read read[MaxReads];                  // by products that were carried out
  u32* touched;                         // when each warp last used each 16 bytes by ldmatrix or stmatrix
  CopyArrival arrival[MaxArrivals];     // arrivals on mbarriers that wait for copies of their threads
  int loads, stores, barriers, reads, arrivals;
  char* stacks;
};

struct Cluster {
  Block* block[MaxBlocks];
  int size, alive, warps, groups, parties; // warps and groups of a block; parties in all
  Thread* ready[MaxFibers];             // ring of runnable fibers
  u32 head, count;
  Thread* waiting[MaxFibers];           // at the cluster's barrier
  int arrived, waiting_count;
  u32 phase;                            // barriers of the cluster that are complete
  Static statics[MaxStatics];           // at the same place in every block
  int static_count;
  u32 shared_bytes, shared_end;         // dynamic bytes; end of all red zones
  bool tracked;                         // there are mbarriers: clocks are kept
  Clock clock[MaxParties], told, complete;
  void* main_stack_pointer;
  void (*invoke)(void**);
  void** arguments;
  u64 polls;
  int order;
  u32 random;
  char error[320];
};

// Two words a thread: the small reserve of static TLS that dlopen leaves is enough for them, and for nothing large beside them.
extern thread_local Block* block __attribute__((tls_model("initial-exec")));
extern thread_local Thread* current __attribute__((tls_model("initial-exec")));

void wait();                            // until another fiber makes this one ready
void give_way();                        // to the others, in a polling loop
void synchronize_block();
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));
void* static_shared(const void* key, u32 bytes);
void copy_async(void* target, const void* source, u32 size, u32 valid);
void finish_copies(Thread& thread, u32 end); // those of groups before `end`

inline void make_ready(Thread* thread) {
  Cluster* c = block->cluster;
  u32 at = c->head + c->count++;
  c->ready[at >= MaxFibers ? at - MaxFibers : at] = thread;
}

inline void progress() { block->cluster->polls = 0; }

// Meets the other lanes of the mask; `execute` sees the operands of all of them.
template <class Slot> void warp_operation(u32 mask, Slot& slot, void (*execute)(Slot**, u32)) {
  Thread* self = current;
  Warp& warp = block->warp[self->warp];
  mask &= warp.lanes;
  if (!(mask >> self->lane & 1)) fail("lane %u is not in the mask %08x of its own warp operation", self->lane, mask);
  Meeting* meeting = nullptr;
  for (Meeting& m : warp.meeting)
    if (m.mask == mask) meeting = &m;
  if (!meeting)
    for (Meeting& m : warp.meeting)
      if (!m.mask) { m = {mask, 0, (const void*)execute, {}}; meeting = &m; break; }
  if (!meeting) fail("more than 4 different masks at once in one warp");
  if (meeting->operation != (const void*)execute) fail("lanes of one warp meet in different warp operations");
  meeting->slot[self->lane] = &slot;
  meeting->arrived |= 1u << self->lane;
  if (meeting->arrived != mask) return wait();
  execute((Slot**)meeting->slot, mask);
  meeting->mask = 0;
  progress();
  Thread* first = self - self->lane;
  for (u32 lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) && lane != self->lane) make_ready(first + lane);
}

// Meets the other 127 threads of the warpgroup.
template <class Slot> void warpgroup_operation(Slot& slot, void (*execute)(Warpgroup&, Slot**)) {
  Thread* self = current;
  Warpgroup& group = *block->warpgroup[self->linear / 128];
  group.slot[self->linear % 128] = &slot;
  if (++group.arrived != 128) return wait();
  group.arrived = 0;
  execute(group, (Slot**)group.slot);
  progress();
  Thread* first = self - self->linear % 128;
  for (int i = 0; i < 128; ++i)
    if (first + i != self) make_ready(first + i);
}

// ---- what a library of kernels registers
struct Kernel { const char *name, *file; void (*invoke)(void**); int parameters; const u32* sizes; Kernel* next; };
extern Kernel* kernels;

template <auto K> struct Registration;
template <class... P, void (*K)(P...)> struct Registration<K> {
  static constexpr u32 sizes[sizeof...(P) + 1] = {(u32)sizeof(P)..., 0};
  Kernel kernel;
  template <size_t... I> static void unpack(void** a, std::index_sequence<I...>) { K(*(std::remove_cv_t<P>*)a[I]...); }
  static void invoke(void** arguments) { unpack(arguments, std::index_sequence_for<P...>{}); }
  Registration(const char* name, const char* file) : kernel{name, file, invoke, (int)sizeof...(P), sizes, kernels} { kernels = &kernel; }
};

// ---- scheduler.cpp, for launch.cpp
Cluster* make_cluster(int size);        // that of this OS thread
void make_fiber(Thread* thread);
void run_fibers(Cluster* cluster);      // until the last of them has ended
void paint_red(u8* at);
void check_shared(Cluster* cluster);    // red zones

// ---- launch.cpp
int launch(const Kernel& kernel, Index grid, Index dimensions, Index cluster, u32 shared_bytes, void** arguments);
const char* last_error();
void set_error(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace emulator
