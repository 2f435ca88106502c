// What only compute capability 9.0 has: barriers in shared memory, tensor loads (TMA), products of a warpgroup (wgmma).
#pragma once
#include "barriers.h"
#include "warp.h"

namespace emulator {

inline TensorMap read_map(const void* map, u32 rank) {
  TensorMap m;
  memcpy(&m, map, sizeof m);
  if (m.magic != MapMagic) fail("not a tensor map made by cuTensorMapEncodeTiled");
  if (m.rank != rank) fail("a tensor map of rank %u used with %u coordinates", m.rank, rank);
  return m;
}

// Calls each(global or null, shared, bytes) for every element of the box; null where it lies outside of the tensor.
template <class F> void for_each_element(const TensorMap& m, const int* at, u8* tile, F each) {
  u32 start = offset_in(block, tile), row_bytes = m.box[0] * m.element, row = 0;
  u32 lines = m.swizzle ? (1u << m.swizzle) - 1 : 0;             // rows of 64 or 128 bytes, 2 or 3 bits of an address
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

inline Span tile_span(const TensorMap& m, u32 offset) {
  u32 bytes = bytes_of(m);
  if (offset & ((128u << m.swizzle) - 1)) fail("tensor copy: the shared address is not a multiple of %u bytes", 128u << m.swizzle);
  if (offset + bytes > ArenaBytes) fail("tensor copy: past the end of shared memory");
  return {offset, offset + bytes};
}

// Those into this block that report to the barrier.
inline void carry_out_loads(u64* barrier) {
  int left = 0;
  for (int i = 0; i < block->loads; ++i) {
    Load& load = block->load[i];
    if (load.barrier != barrier) {
      if (left != i) block->load[left] = load;
      left++;
      continue;
    }
    for_each_element(load.map, load.at, (u8*)load.target, [](u8* global, u8* shared, u32 bytes) {
      if (global) memcpy(shared, global, bytes);
      else memset(shared, 0, bytes);
    });
    complete_bytes(load, bytes_of(load.map));
  }
  block->loads = left;
}

// The blocks of the cluster whose bit is set take it to the same place and report to the same barrier.
inline void load_tensor_into(u32 blocks, void* target, const void* map, u32 rank, int x, int y, int z, u64* barrier) {
  TensorMap m = read_map(map, rank);
  u32 at = own_offset(target), to = own_offset(barrier);
  Span span = tile_span(m, at);
  for (u32 i = 0; blocks >> i; ++i) {
    if (!(blocks >> i & 1)) continue;
    Block* owner = neighbour(i);
    u64* reports = (u64*)(owner->arena + to);
    check_load(reports, owner, span);
    if (owner->loads == MaxLoads) fail("more than %d tensor loads in flight", MaxLoads);
    memset(owner->arena + at, 0xff, span.to - span.from);
    owner->load[owner->loads++] = {owner->arena + at, m, {x, y, z}, reports, owner == block ? 0 : current->cluster_arrivals + 1};
  }
}

inline void load_tensor(void* target, const void* map, u32 rank, int x, int y, int z, u64* barrier) {
  load_tensor_into(1u << block->rank, target, map, rank, x, y, z, barrier);
}

// ---- before a fence the copy engine and products do not see what a thread wrote; known of stmatrix alone
inline void note_unfenced(const void* row) {
  u32 at = own_offset(row);
  note_touch(row);
  for (int i = 0; i < block->stores; ++i) {
    u32 from = offset_in(block, block->store[i].source);
    if (overlap({at, at + 16}, {from, from + bytes_of(block->store[i].map)})) fail("stmatrix writes where a tensor store still reads");
  }
  Thread* t = current;
  if (t->unfenced_from == t->unfenced_to) t->unfenced_from = at, t->unfenced_to = at + 16;
  if (at < t->unfenced_from) t->unfenced_from = at;
  if (at + 16 > t->unfenced_to) t->unfenced_to = at + 16;
}

inline void fence_proxy() { current->unfenced_from = current->unfenced_to = 0; }

inline void check_fenced(Span span) {
  for (int i = 0; i < block->threads; ++i) {
    const Thread& t = block->thread[i];
    if (overlap(span, {t.unfenced_from, t.unfenced_to})) fail("reads what thread %u wrote without a fence.proxy.async since", t.linear);
  }
}

// ---- tensor stores: read their shared memory when the thread waits for that
inline void store_tensor(const void* map, const void* source, u32 rank, int x, int y, int z) {
  TensorMap m = read_map(map, rank);
  Span span = tile_span(m, own_offset(source));
  check_fenced(span);
  if (block->stores == MaxStores) fail("more than %d tensor stores in flight", MaxStores);
  block->store[block->stores++] = {source, m, {x, y, z}, current, current->store_group};
}

inline void finish_stores(u32 keep) {
  int left = 0;
  for (int i = 0; i < block->stores; ++i) {
    Store& store = block->store[i];
    if (store.by != current || store.group + keep >= current->store_group) {
      if (left != i) block->store[left] = store;
      left++;
      continue;
    }
    for_each_element(store.map, store.at, (u8*)store.source, [](u8* global, u8* shared, u32 bytes) {
      if (global) memcpy(global, shared, bytes);
    });
  }
  block->stores = left;
}

// ---- wgmma: d (64 x N) = a (64 x 16) b (16 x N) + d; both in shared memory in 128-byte swizzled rows, K-major, or where
// transposed MN-major. Issued products wait until wgmma.wait_group; until then d is NaN.
// A descriptor taken apart. Element (i, k) of an operand: i counts m or n. MN-major, a row of 128 bytes is 64 of i at one k:
// eight rows of k follow each other, the next eight lie `stride` behind, the next 64 of i `leading` behind. An address that
// was not masked shows in the bits beside its field.
struct Operand { u32 start, leading, stride, row; };

inline Operand operand(u64 descriptor, bool transposed) {
  constexpr u64 Fields = (u64)3 << 62 | (u64)0x3fff << 32 | (u64)0x3fff << 16 | 0x3fff;
  Operand o = {(u32)(descriptor & 0x3fff) << 4, (u32)(descriptor >> 16 & 0x3fff) << 4, (u32)(descriptor >> 32 & 0x3fff) << 4, descriptor >> 62 == 1 ? 128u : 64u};
  if (descriptor >> 62 != 1 && (descriptor >> 62 != 2 || transposed)) fail("wgmma: only swizzles of 128 bytes, and of 64 where K-major, are emulated");
  if (descriptor & ~Fields) fail("wgmma: bits of the descriptor %016llx are set between its fields", descriptor);
  if (o.start < SharedBase) fail("wgmma: the descriptor's address %x is not in shared memory", o.start);
  if (o.stride % (8 * o.row) || (transposed ? o.leading % 1024 : o.leading > 16))
    fail("wgmma: offsets of %u and %u bytes in a descriptor of swizzled tiles; was its address masked by 0x3ffff?", o.leading, o.stride);
  o.start -= SharedBase;
  return o;
}

inline Span read_by(u64 descriptor, bool transposed, int count) {
  Operand o = operand(descriptor, transposed);
  u32 last = transposed ? (u32)(count - 1) / 64 * o.leading + o.stride : (u32)(count - 1) / 8 * o.stride;
  u32 unit = 8 * o.row, first = o.start & ~(unit - 1);
  Span span = {first, first + last + unit};
  if (span.to > block->cluster->shared_bytes) fail("a wgmma descriptor reads past the shared memory of the block");
  return span;
}

inline float read_operand(const Operand& o, bool transposed, int i, int k) {
  u32 offset = o.start;
  if (transposed) offset += (u32)(i / 64) * o.leading + (u32)(k / 8) * o.stride + (u32)(k % 8) * 128 + (u32)(i % 64) * 2;
  else offset += (u32)(i / 8) * o.stride + (u32)(i % 8) * o.row + (u32)k * 2;
  offset ^= (offset >> 7 & (o.row == 128 ? 7 : 3)) << 4;
  u16 bits;
  memcpy(&bits, block->arena + offset, 2);
  return from_bf16(bits);
}

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
  p.read[0] = p.in_registers ? Span{0, 0} : read_by(p.a, TransposedA, 64);
  p.read[1] = read_by(p.b, TransposedB, Columns);
  for (Span span : p.read) check_fenced(span);
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
  Operand left = p.in_registers ? Operand{} : operand(p.a, p.transposed_a), right = operand(p.b, p.transposed_b);
  for (int i = 0; i < 64; ++i)
    for (int k = 0; k < 16; ++k) a[i][k] = p.in_registers ? read_fragment(p, i, k) : read_operand(left, p.transposed_a, i, k);
  for (int j = 0; j < c.columns; ++j)
    for (int k = 0; k < 16; ++k) b[k][j] = read_operand(right, p.transposed_b, j, k);
  for (int i = 0; i < 64; ++i) {
    float* d = c.sum + i * c.columns;
    for (int k = 0; k < 16; ++k)
      for (int j = 0; j < c.columns; ++j) d[j] += a[i][k] * b[k][j];
  }
  if (!p.in_registers) note_read(p.read[0]);
  note_read(p.read[1]);
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
  tell_reads();
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
inline void execute_warpgroup_sync(Warpgroup&, CommitSlot**) { meet_group(); }

}  // namespace emulator
