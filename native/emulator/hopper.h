// What only compute capability 9.0 has: barriers in shared memory, tensor loads (TMA), products of a warpgroup (wgmma).
#pragma once
#include "warp.h"

namespace emulator {

inline u32 shared_address(const void* p) {
  size_t offset = (size_t)((const u8*)p - block->arena);
  if (offset > ArenaBytes) fail("not an address in shared memory");
  return (u32)offset + SharedBase;
}

// An mbarrier in its 8 bytes: the top bit of `state` is the phase, below it the count of arrivals a phase needs.
struct Barrier { u16 state, pending; int32_t bytes; };

inline void complete_phase(Barrier* b) {
  if (b->pending || b->bytes) return;
  b->state ^= 0x8000;
  b->pending = b->state & 0x7fff;
  progress();
}

inline void init_barrier(u64* at, u32 count) {
  Barrier b{(u16)count, (u16)count, 0};
  memcpy(at, &b, 8);
}

inline void arrive(u64* at, u32 expected_bytes) {
  Barrier* b = (Barrier*)at;
  if (!b->pending) fail("mbarrier: more arrivals than its count");
  b->bytes += (int32_t)expected_bytes;
  b->pending--;
  complete_phase(b);
}

// The 128 bytes of an emulated CUtensorMap, written by cuTensorMapEncodeTiled.
constexpr u64 MapMagic = 0x70616d726f736e74;
struct TensorMap { u64 magic; u8* base; u64 size[3], stride[2]; u32 box[3], rank, element, swizzle; };

inline TensorMap read_map(const void* map, u32 rank) {
  TensorMap m;
  memcpy(&m, map, sizeof m);
  if (m.magic != MapMagic) fail("not a tensor map made by cuTensorMapEncodeTiled");
  if (m.rank != rank) fail("a tensor map of rank %u used with %u coordinates", m.rank, rank);
  return m;
}

// Calls each(global or null, shared, bytes) for every element of the box; null where it lies outside of the tensor.
template <class F> void for_each_element(const TensorMap& m, const int* at, u8* tile, F each) {
  u32 start = (u32)(tile - block->arena), row_bytes = m.box[0] * m.element, row = 0;
  u32 unit = 128u << m.swizzle, lines = m.swizzle ? (1u << m.swizzle) - 1 : 0;   // rows of 64 or 128 bytes, 2 or 3 bits of an address
  if (start & (unit - 1)) fail("tensor copy: the shared address is not a multiple of %u bytes", unit);
  for (u32 z = 0; z < m.box[2]; ++z)
    for (u32 y = 0; y < m.box[1]; ++y, ++row)
      for (u32 x = 0; x < m.box[0]; ++x) {
        int64_t i[3] = {at[0] + (int64_t)x, at[1] + (int64_t)y, at[2] + (int64_t)z};
        bool inside = true;
        for (int d = 0; d < 3; ++d) inside = inside && i[d] >= 0 && (u64)i[d] < m.size[d];
        u32 offset = start + row * row_bytes + x * m.element;
        offset ^= (offset >> 7 & lines) << 4;
        u8* global = inside ? m.base + (u64)i[2] * m.stride[1] + (u64)i[1] * m.stride[0] + (u64)i[0] * m.element : nullptr;
        each(global, block->arena + offset, m.element);
      }
}

inline void carry_out(const Load& load) {
  TensorMap m;
  memcpy(&m, load.map, sizeof m);
  for_each_element(m, load.at, (u8*)load.target, [](u8* global, u8* shared, u32 bytes) {
    if (global) memcpy(shared, global, bytes);
    else memset(shared, 0, bytes);
  });
  Barrier* b = (Barrier*)load.barrier;
  b->bytes -= (int32_t)(m.box[0] * m.box[1] * m.box[2] * m.element);
  complete_phase(b);
}

inline void load_tensor(void* target, const void* map, u32 rank, int x, int y, int z, u64* barrier) {
  TensorMap m = read_map(map, rank);
  if (block->loads == MaxLoads) fail("more than %d tensor loads in flight", MaxLoads);
  memset(target, 0xff, m.box[0] * m.box[1] * m.box[2] * m.element);
  block->load[block->loads++] = {target, map, {x, y, z}, barrier};
}

inline void store_tensor(const void* map, const void* source, u32 rank, int x, int y, int z) {
  TensorMap m = read_map(map, rank);
  int at[3] = {x, y, z};
  for_each_element(m, at, (u8*)source, [](u8* global, u8* shared, u32 bytes) {
    if (global) memcpy(global, shared, bytes);
  });
}

// An arrival that waits for the copies its thread has issued so far.
inline void arrive_after_copies(u64* at) {
  if (block->arrivals == MaxArrivals) fail("more than %d arrivals after copies in flight", MaxArrivals);
  block->arrival[block->arrivals++] = {current, at, current->copy_group++};
}

inline void carry_out(const CopyArrival& arrival) {
  finish_copies(*arrival.thread, arrival.group + 1);
  arrive(arrival.barrier, 0);
}

inline bool try_wait(u64* at, u32 parity) {
  int later = 0;
  for (int i = 0; i < block->arrivals; ++i) {
    if (block->arrival[i].barrier == at) carry_out(block->arrival[i]);
    else block->arrival[later++] = block->arrival[i];
  }
  block->arrivals = later;
  int left = 0;
  for (int i = 0; i < block->loads; ++i) {
    if (block->load[i].barrier == at) carry_out(block->load[i]);
    else block->load[left++] = block->load[i];
  }
  block->loads = left;
  if ((u32)(((Barrier*)at)->state >> 15) != parity) return true;
  give_way();
  return false;
}

// ---- wgmma: d (64 x N) = a (64 x 16) b (16 x N) + d; both in shared memory in swizzled rows of 128 bytes (K-major also of 64),
// K-major, or where transposed MN-major. Issued products wait until wgmma.wait_group; until then d is NaN.
struct ProductSlot { float* d; u64 a, b; const u32* fragments; };

template <class F> void for_each_result(int columns, F each) {
  for (int t = 0; t < 128; ++t) {
    int row = t / 32 * 16 + t % 32 / 4, column = t % 4 * 2;
    for (int i = 0; i < columns / 2; ++i) each(t, i, (row + (i / 2 % 2) * 8) * columns + column + i / 4 * 8 + i % 2);
  }
}

template <int Columns, bool TransposedA, bool TransposedB> void issue_product(Warpgroup& group, ProductSlot** s) {
  int chain = 0;
  while (chain < group.chains && group.chain[chain].result[0] != s[0]->d) ++chain;
  if (group.products == MaxProducts || chain == MaxChains) fail("more than %d wgmma on %d results in flight", MaxProducts, MaxChains);
  Chain& c = group.chain[chain];
  if (chain == group.chains) {
    group.chains++;
    c.columns = Columns;
    for (int t = 0; t < 128; ++t) c.result[t] = s[t]->d;
    for_each_result(Columns, [&](int t, int i, int at) { c.sum[at] = s[t]->d[i]; });
    for (int t = 0; t < 128; ++t) memset(s[t]->d, 0xff, Columns / 2 * sizeof(float));
  }
  Product& p = group.product[group.products++];
  p.a = s[0]->a, p.b = s[0]->b, p.transposed_a = TransposedA, p.transposed_b = TransposedB, p.group = group.product_group, p.chain = chain;
  for (int t = 0; t < 128; ++t)
    if (s[t]->b != p.b || s[t]->a != p.a) fail("wgmma descriptors differ within the warpgroup");
  p.in_registers = s[0]->fragments != nullptr;
  for (int t = 0; t < 128; ++t) p.fragments[t] = s[t]->fragments;
}

// Element (i, k) of an operand; i counts m or n. MN-major, a row of 128 bytes is 64 of i at one k: eight rows of k follow each
// other, the next eight lie `stride` behind, the next 64 of i `leading` behind.
inline float read_operand(u64 descriptor, bool transposed, int i, int k) {
  u32 swizzle = (u32)(descriptor >> 62), row = swizzle == 1 ? 128 : 64;
  if (swizzle != 1 && (swizzle != 2 || transposed)) fail("wgmma: only swizzles of 128 bytes, and of 64 where K-major, are emulated");
  u32 start = (u32)(descriptor & 0x3fff) << 4, leading = (u32)(descriptor >> 16 & 0x3fff) << 4, stride = (u32)(descriptor >> 32 & 0x3fff) << 4;
  u32 offset = start - SharedBase;
  if (transposed) offset += (u32)(i / 64) * leading + (u32)(k / 8) * stride + (u32)(k % 8) * 128 + (u32)(i % 64) * 2;
  else offset += (u32)(i / 8) * stride + (u32)(i % 8) * row + (u32)k * 2;
  offset ^= (offset >> 7 & (row == 128 ? 7 : 3)) << 4;
  if (offset + 2 > block->shared_bytes) fail("a wgmma descriptor reads past the shared memory of the block");
  u16 bits;
  memcpy(&bits, block->arena + offset, 2);
  return from_bf16(bits);
}

// Element (i, k) of an operand in registers, as mma.m16n8k16 has it; they are read when the product is carried out.
inline float read_fragment(const Product& p, int i, int k) {
  u32 pair = p.fragments[i / 16 * 32 + i % 8 * 4 + k % 8 / 2][i % 16 / 8 + k / 8 * 2];
  return from_bf16(k % 2 ? pair >> 16 : pair & 0xffff);
}

inline void carry_out(Warpgroup& group, const Product& p) {
  Chain& c = group.chain[p.chain];
  auto& a = group.a;
  auto& b = group.b;
  for (int i = 0; i < 64; ++i)
    for (int k = 0; k < 16; ++k) a[i][k] = p.in_registers ? read_fragment(p, i, k) : read_operand(p.a, p.transposed_a, i, k);
  for (int j = 0; j < c.columns; ++j)
    for (int k = 0; k < 16; ++k) b[k][j] = read_operand(p.b, p.transposed_b, j, k);
  for (int i = 0; i < 64; ++i) {
    float* d = c.sum + i * c.columns;
    for (int k = 0; k < 16; ++k)
      for (int j = 0; j < c.columns; ++j) d[j] += a[i][k] * b[k][j];
  }
}

struct WaitSlot { u32 keep; };

inline void execute_product_wait(Warpgroup& group, WaitSlot** s) {
  u32 keep = s[0]->keep;
  int left = 0;
  bool pending[MaxChains] = {};
  for (int i = 0; i < group.products; ++i) {
    Product& p = group.product[i];
    if (p.group + keep < group.product_group) { carry_out(group, p); continue; }
    pending[p.chain] = true;
    if (left != i) group.product[left] = p;
    left++;
  }
  group.products = left;
  for (int i = 0; i < group.chains; ++i) {
    Chain& c = group.chain[i];
    if (!c.columns || pending[i]) continue;
    for_each_result(c.columns, [&](int t, int e, int at) { c.result[t][e] = c.sum[at]; });
    c.columns = 0, c.result[0] = nullptr;
  }
  while (group.chains && !group.chain[group.chains - 1].columns) group.chains--;
}

struct CommitSlot {};
inline void execute_product_commit(Warpgroup& group, CommitSlot**) { group.product_group++; }
inline void execute_warpgroup_sync(Warpgroup&, CommitSlot**) {}

}  // namespace emulator
