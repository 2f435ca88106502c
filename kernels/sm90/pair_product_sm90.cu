// Products on Hopper one operand of which is f(P[a] + Q[b]): rows of two bf16 matrices, alike far apart, added in registers and
// never stored.
// One warpgroup gathers the rows of P and Q by asynchronous copies, two of its warps also load the other operand through tensor
// copies (TMA); two warpgroups add, and multiply (wgmma) 64 rows of y each by 192 or 384 columns. The blocks of a cluster take
// neighbouring rows of y and the same columns: each loads a part of the other operand for all.
#include "em.h"
#include "em_rows16.h"
#if EM_HAS_WGMMA

constexpr int TileM = 128, TileK = 64, PieceK = 32, Threads = 384, Half = 192;
constexpr int PairStages = 4, Pieces = 4, PairBytes = 2 * TileM * TileK * 2;

// Forward: y (m, n) = leaky_relu(A W' + bias), A (m, k) the pairs' rows, W (n, k). ByRows: y (m, n) = A' X, A (k, m), X (k, n).
enum Form { Forward, ByRows };

// Shared memory: stages of rows of P and of Q, pieces of 32 along k of the other operand, barriers. The last stage of a tile is
// where rows of y in bf16 pass on their way.
template <int Halves> struct Ring {
  static constexpr int PieceBytes = Halves * Half * PieceK * 2, PiecesAt = PairStages * PairBytes, BarriersAt = PiecesAt + Pieces * PieceBytes;
  static constexpr int Bytes = BarriersAt + 2 * (PairStages + Pieces) * 8;
};

// In units of 16 bytes: q is where Q begins behind P, stride from row to row.
struct Pairs { const u8* p; u32 q, stride; const int* a; const int* b; int a_stride, b_stride, leaky; };
struct Work { int m, n, k, tiles_n, items, k_of_split; };
struct Barriers { u64 *pairs_full, *pairs_empty, *piece_full, *piece_empty; };

struct Item { int row, column, k, k_end, split; };
// Rows of the first and of the second half of the pairs take turns: in the published protocol they meet the same rows of P.
template <int F> EM_DEV Item item_of(const Work& w, int index, int columns, int cluster, int rank) {
  int groups = (w.m + TileM * cluster - 1) / (TileM * cluster);
  int column = index % w.tiles_n, group = index / w.tiles_n % groups, split = index / w.tiles_n / groups;
  if (F == Forward) {
    group = group % 2 ? (groups + 1) / 2 + group / 2 : group / 2;
    return {(group * cluster + rank) * TileM, column * columns, 0, w.k, 0};
  }
  int k = split * w.k_of_split, k_end = k + w.k_of_split < w.k ? k + w.k_of_split : w.k;
  return {(group * cluster + rank) * TileM, column * columns, k, k_end, split};
}

// A piece of the other operand: Forward, rows of 64 bytes, swizzled, one for each of its n; ByRows, 32 rows of 128 bytes for each 64 of n.
template <int F> EM_DEV u64 descriptor(const void* piece, int half) {
  // The top byte of an address is the block's rank in its cluster.
  u32 at = (em_shared_address(piece) & 0x3ffffu) + (u32)half * (Half * PieceK * 2);
  if (F == Forward) return (u64)(at >> 4) | (u64)1 << 16 | (u64)(512 >> 4) << 32 | (u64)2 << 62;
  return (u64)(at >> 4) | (u64)(4096 >> 4) << 16 | (u64)(1024 >> 4) << 32 | (u64)1 << 62;
}

// Which of a ring's places is next, and the parity of its round.
template <int Count> struct Turn {
  int at = 0;
  u32 round = 0;

  EM_DEV_MEMBER void next() {
    if (++at < Count) return;
    at = 0, round ^= 1u;
  }
};

EM_DEV void wait_for(u64* barrier, u32 parity) {
  while (!em_barrier_try_wait(barrier, parity)) {}
}

// 128 threads copy a stage of rows of P and Q, 16 bytes of a row at a time: Forward, 128 rows of 64 columns; ByRows, 64 rows of
// 128 columns, in two halves. The lanes that share rows tell each other where they begin, in units of 16 bytes.
template <int F> struct Gather {
  static constexpr int Across = F == Forward ? 8 : 16, RowsAtOnce = 128 / Across;
  const u8* p;                  // of row 0, this thread's 16 bytes
  u32 place, now, then;         // Forward: a row of P and one of Q; ByRows: a row of either, and the index of one of the next stage
  int row;                      // ByRows: the pair whose row is the next one

  EM_DEV_MEMBER Gather(const Pairs& s, const Work& w, const Item& item) {
    int thread = (int)em_from_here(threadIdx.x), chunk = thread % Across;
    place = (u32)(chunk / 8 * 8192 + thread / Across * 128 + ((chunk % 8 ^ thread / Across % 8) << 4));
    p = s.p + (F == Forward ? 0 : item.row) * 2 + chunk * 16;
    row = thread / Across + thread % 8 * RowsAtOnce;
    if (F == Forward) {
      int pair = item.row + row < w.m ? item.row + row : w.m - 1;
      now = (u32)s.a[(size_t)pair * s.a_stride] * s.stride, then = (u32)s.b[(size_t)pair * s.b_stride] * s.stride + s.q;
      return;
    }
    row += item.k;
    then = next(s, item.k_end);
  }

  // Of 16 lanes the first 8 have rows of P, the others of Q; behind the last pair there is row 0.
  EM_DEV_MEMBER u32 next(const Pairs& s, int k_end) {
    bool of_p = em_from_here(threadIdx.x) % 16 < 8;
    u32 v = row < k_end ? (u32)(of_p ? s.a : s.b)[(size_t)row * (of_p ? s.a_stride : s.b_stride)] : 0;
    row += TileK;
    return v;
  }

  // Whole: every row is one of a pair; the others are zero. Four rows at a time: their addresses do not wait for each other.
  template <bool Whole> EM_DEV_MEMBER void copy(u8* to, bool valid, int rows) const {
#pragma unroll
    for (int i = 0; i < 8; i += 2) {
      u32 of_p[2], of_q[2];
#pragma unroll
      for (int j = 0; j < 2; ++j) of_p[j] = em_shuffle_within<Across>(now, i + j), of_q[j] = em_shuffle_within<Across>(F == Forward ? then : now, (F == Forward ? 0 : 8) + i + j);
#pragma unroll
      for (int j = 0; j < 2; ++j) {
        u8* at = to + (i + j) * RowsAtOnce * 128;
        bool here = valid && (Whole || (int)threadIdx.x / Across + (i + j) * RowsAtOnce < rows);
        em_copy_async16_or_zero(at, p + (size_t)of_p[j] * 16, here);
        em_copy_async16_or_zero(at + PairBytes / 2, p + (size_t)of_q[j] * 16, here);
      }
    }
  }

  EM_DEV_MEMBER void copy(const Pairs& s, const Work& w, const Item& item, int k, u8* stage) {
    bool valid = (F == Forward ? k : item.row) + (int)threadIdx.x % Across * 8 < (F == Forward ? w.k : w.m);
    u8* to = stage + place;
    if (F == Forward) {
      copy<true>(to, valid, TileM);
      p += TileK * 2;
      return;
    }
    now = then * s.stride + (em_from_here(threadIdx.x) % 16 < 8 ? 0 : s.q);
    if (k + TileK <= item.k_end) copy<true>(to, valid, TileK);
    else copy<false>(to, valid, item.k_end - k);
    then = next(s, item.k_end);
  }
};

// The blocks of a cluster take turns loading parts of it: 96 of n, or 64.
template <int F, int Halves> EM_DEV void load_piece(const void* map, const Item& item, int k, u8* piece, u64* full, int cluster, int rank) {
  using R = Ring<Halves>;
  em_barrier_arrive_expecting(full, R::PieceBytes);
  constexpr int Rows = F == Forward ? 96 : 64, Bytes = Rows * PieceK * 2;
  for (int part = rank; part < Halves * Half / Rows; part += cluster) {
    int column = item.column + part * Rows;
    if (F == Forward) em_tensor_load_multicast(piece + part * Bytes, map, k, column, 0, full, cluster);
    else em_tensor_load_multicast(piece + part * Bytes, map, column, k, 0, full, cluster);
  }
}

// Two warps load the pieces, by turns, beside their share of the gathering.
template <int F, int Halves> EM_DEV void load_tiles(const Pairs& s, const Work& w, const void* map, u8* ring, const Barriers& bar, int cluster, int rank) {
  using R = Ring<Halves>;
  Turn<PairStages> stage;
  Turn<Pieces> piece;
  int warp = __shfl_sync(0xffffffffu, (int)threadIdx.x / 32, 0);
  if (warp == 1) piece.next();
  for (int index = (int)blockIdx.x / cluster; index < w.items; index += (int)gridDim.x / cluster) {
    Item item = item_of<F>(w, index, Halves * Half, cluster, rank);
    Gather<F> rows(s, w, item);
    for (int k = item.k; k < item.k_end; k += TileK, stage.next()) {
      wait_for(bar.pairs_empty + stage.at, stage.round ^ 1u);
      rows.copy(s, w, item, k, ring + stage.at * PairBytes);
      em_copy_arrive(bar.pairs_full + stage.at);
      if (warp > 1) continue;
      wait_for(bar.piece_empty + piece.at, piece.round ^ 1u);
      __syncwarp(); // a lane that still waited could miss the round of a piece that is already used up
      if (em_lane() == 0) load_piece<F, Halves>(map, item, k + warp * PieceK, ring + R::PiecesAt + piece.at * R::PieceBytes, bar.piece_full + piece.at, cluster, rank);
      piece.next();
      piece.next();
    }
  }
}

// Leaky ReLU of two bf16: the slope 0.01 in two parts, so that it is rounded once.
EM_DEV u32 leaky_bf16x2(u32 v) {
  constexpr u32 High = 0x3c243c24u, Low = 0xb724b724u;
  return em_max_bf16x2(v, em_fma_bf16x2(v, High, em_mul_bf16x2(v, Low)));
}

// Fragments of A, 64 x 64 of it for a warpgroup, made by halves along k from rows of P and Q in shared memory. Of Forward, `signs`
// has a bit for each element: whether it is positive; word i of the sixteen has bits i and 16 + i. Of ByRows, `sums` adds up what
// the thread has of two of A's columns.
template <int F> struct Fragments {
  u32 a[4][4], signs;
  float2 sums;

  template <int Part> EM_DEV_MEMBER void form(const u8* rows_of_p, int group, int leaky, bool summed) {
    u32 thread = threadIdx.x % 128, lane = thread % 32, warp = thread / 32, matrix = lane / 8;
    u32 row = F == Forward ? warp * 16 + matrix % 2 * 8 + lane % 8 : matrix / 2 * 8 + lane % 8;
    const u8* base = rows_of_p + group * 8192 + row * 128;
    if (Part == 0) signs = 0;
#pragma unroll
    for (int s = Part * 2; s < Part * 2 + 2; ++s) {
      u32 p[4], q[4];
      if (F == Forward) {
        const u8* at = base + (((u32)s * 2 + matrix / 2) ^ lane % 8) * 16;
        em_ldmatrix_x4(p, at);
        em_ldmatrix_x4(q, at + PairBytes / 2);
      } else {
        const u8* at = base + s * 2048 + ((warp * 2 + matrix % 2) ^ lane % 8) * 16;
        em_ldmatrix_x4_transposed(p, at);
        em_ldmatrix_x4_transposed(q, at + PairBytes / 2);
      }
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        u32 v = em_add_bf16x2(p[i], q[i]);
        a[s][i] = leaky ? leaky_bf16x2(v) : v;
        if (F == Forward) signs |= em_positive_bf16x2(v) & 0x00010001u << (s * 4 + i);
      }
    }
    if (F == Forward || !summed) return;
#pragma unroll
    for (int s = Part * 2; s < Part * 2 + 2; ++s) {
      sums.x += (em_bf16_low(a[s][0]) + em_bf16_high(a[s][0])) + (em_bf16_low(a[s][2]) + em_bf16_high(a[s][2]));
      sums.y += (em_bf16_low(a[s][1]) + em_bf16_high(a[s][1])) + (em_bf16_low(a[s][3]) + em_bf16_high(a[s][3]));
    }
  }
};

struct Output { void* y; const float* bias; u32* signs; float* sums; int transposed; };

// A partial sum along k in fp32; eight rows of four columns fill sectors either way.
template <int Halves> EM_DEV void write_split(const float (&sum)[Halves][Half / 2], const Work& w, const Output& o, int row0, int column0, int split) {
  int thread = (int)threadIdx.x % 128, own_row = row0 + thread / 32 * 16 + thread % 32 / 4, own_column = column0 + thread % 4 * 2;
  float* y = (float*)o.y + (size_t)split * w.m * w.n;
#pragma unroll
  for (int i = 0; i < Halves * Half / 2; ++i) {
    int row = own_row + i / 2 % 2 * 8, column = own_column + i / 4 * 8 + i % 2;
    if (row < w.m && column < w.n) y[o.transposed ? (size_t)column * w.m + row : (size_t)row * w.n + column] = sum[i / (Half / 2)][i % (Half / 2)];
  }
}

// One half of a step along k: what it takes has been formed.
template <int F, int Halves, int Part> EM_DEV void multiply_part(float (&sum)[Halves][Half / 2], Fragments<F>& fragments, const u8* piece) {
  constexpr u64 Step = F == Forward ? 32 >> 4 : 2048 >> 4;
  em_wgmma_fence();
#pragma unroll
  for (int half = 0; half < Halves; ++half) {
    u64 b = descriptor<F>(piece, half);
#pragma unroll
    for (int i = 0; i < 2; ++i) em_wgmma<F == ByRows>(sum[half], fragments.a[Part * 2 + i], b + i * Step);
  }
  em_wgmma_commit();
}

template <int F, int Halves> EM_DEV void multiply_tiles(const Pairs& s, const Work& w, const Output& o, const void* map_y, u8* ring, const Barriers& bar, int cluster, int rank) {
  using R = Ring<Halves>;
  int group = (int)threadIdx.x / 128 - 1, thread = (int)threadIdx.x % 128;
  Turn<PairStages> stage;
  Turn<Pieces> piece;
  float sum[Halves][Half / 2];
  Fragments<F> fragments;
  for (int index = (int)blockIdx.x / cluster; index < w.items; index += (int)gridDim.x / cluster) {
    Item item = item_of<F>(w, index, Halves * Half, cluster, rank);
    int row0 = item.row + group * 64;
    bool keeps = F == Forward && item.column == 0 && row0 < w.m, summed = F == ByRows && item.column == 0 && o.sums;
    u32 word = (u32)(row0 / 64 * ((w.k + 63) / 64) * 128 + thread);
    fragments.sums = {0.0f, 0.0f};
#pragma unroll
    for (int half = 0; half < Halves; ++half) begin_with(sum[half], o.bias, item.column + half * Half, w.n);
    // While one half of a step is multiplied the next one is formed. A piece goes back once the products after its own are queued.
    auto multiplied = [&](bool any) {
      em_wgmma_wait<1>();
      if (any && thread < cluster) em_barrier_arrive_in(bar.piece_empty + (piece.at == 0 ? Pieces : piece.at) - 1, thread);
      piece.next();
    };
    int k = item.k;
    do {
      const u8* rows = ring + stage.at * PairBytes;
      wait_for(bar.pairs_full + stage.at, stage.round);
      fragments.template form<0>(rows, group, s.leaky, summed);
      wait_for(bar.piece_full + piece.at, piece.round);
      multiply_part<F, Halves, 0>(sum, fragments, ring + R::PiecesAt + piece.at * R::PieceBytes);
      multiplied(k > item.k);
      fragments.template form<1>(rows, group, s.leaky, summed);
      if (F == ByRows || k + TileK < item.k_end) em_barrier_arrive(bar.pairs_empty + stage.at);
      if (keeps) o.signs[word] = fragments.signs;
      word += TileK * 2;
      wait_for(bar.piece_full + piece.at, piece.round);
      multiply_part<F, Halves, 1>(sum, fragments, ring + R::PiecesAt + piece.at * R::PieceBytes);
      multiplied(true);
      stage.next();
      k += TileK;
    } while (k < item.k_end);
    em_wgmma_wait<0>();
    if (thread < cluster) em_barrier_arrive_in(bar.piece_empty + (piece.at == 0 ? Pieces : piece.at) - 1, thread);
#pragma unroll
    for (int half = 0; half < Halves; ++half) em_wgmma_results(sum[half]);
    if (F == Forward) {
      // The whole warpgroup has done with its rows of the last stage: two pieces of y for each warp fit there.
      int last = (stage.at == 0 ? PairStages : stage.at) - 1, warp = (int)em_from_here(threadIdx.x) / 32 - 4;
      u8* pieces = ring + last * PairBytes + warp / 2 % 2 * (PairBytes / 2) + warp / 4 * 8192 + warp % 2 * 4096;
      em_warpgroup_sync(1 + group);
      Rows16 to = {map_y, pieces, item.row + warp * 16, item.column, w.m, w.n};
      write_rows<Half, 2, OfSum>(sum[0], {}, to);
      to.column += Half;
      if constexpr (Halves == 2) write_rows<Half, 2, OfSum, Half / 64 % 2>(sum[1], {}, to);
      if (thread % 32 == 0) em_tensor_store_wait_read<0>();
      __syncwarp();
      em_barrier_arrive(bar.pairs_empty + last);
      continue;
    }
    write_split<Halves>(sum, w, o, row0, item.column, item.split);
    if (!summed) continue;
    float2 v = fragments.sums;
    float x = v.x + em_shuffle_xor(v.x, 1), y = v.y + em_shuffle_xor(v.y, 1);
    x += em_shuffle_xor(x, 2), y += em_shuffle_xor(y, 2);
    int row = row0 + thread / 32 * 16 + thread % 32 / 4;
    if (thread % 4 == 0 && row < w.m) o.sums[(size_t)item.split * w.m + row] = x;
    if (thread % 4 == 0 && row + 8 < w.m) o.sums[(size_t)item.split * w.m + row + 8] = y;
  }
}

template <int F, int Halves> EM_DEV void multiply_pairs(u8* ring, const void* map_b, const void* map_y, const Pairs& s, Work w, const Output& o) {
  using R = Ring<Halves>;
  int cluster = (int)em_cluster_size(), rank = (int)em_cluster_rank(), rows = TileM * cluster, splits = w.items;
  w.tiles_n = (w.n + Halves * Half - 1) / (Halves * Half);
  w.items = w.tiles_n * ((w.m + rows - 1) / rows) * splits;
  u64* at = (u64*)(ring + R::BarriersAt);
  Barriers bar = {at, at + PairStages, at + 2 * PairStages, at + 2 * PairStages + Pieces};
  if (threadIdx.x == 0) {
    for (int i = 0; i < PairStages; ++i) {
      em_barrier_init(bar.pairs_full + i, 128);
      em_barrier_init(bar.pairs_empty + i, 256); // whoever read a stage says so itself
    }
    for (int i = 0; i < Pieces; ++i) {
      em_barrier_init(bar.piece_full + i, 1);
      em_barrier_init(bar.piece_empty + i, (u32)(2 * cluster));
    }
    em_barrier_init_fence();
  }
  __syncthreads();
  em_cluster_sync();
  if (threadIdx.x < 128) {
    em_registers_fewer<24>();
    load_tiles<F, Halves>(s, w, map_b, ring, bar, cluster, rank);
  } else {
    em_registers_more<240>();
    multiply_tiles<F, Halves>(s, w, o, map_y, ring, bar, cluster, rank);
  }
  // No block leaves while the other may still write into its memory.
  em_cluster_sync();
}

// y (m, n) bf16 = leaky_relu(A W' + bias); signs: for every 64 rows and 64 columns of A a word for each thread of a warpgroup.
#define FORWARD(name, halves)                                                                                                      \
  EM_KERNEL(Threads, 1) name(EM_TENSOR_MAP map_b, EM_TENSOR_MAP map_y, const u8* p, u32 q, u32 stride, const int* a, int a_stride, const int* b, \
                             int b_stride, const float* bias, u32* signs, int m, int n, int k) {        \
    EM_DYNAMIC_SHARED(u8, ring);                                                                                                  \
    multiply_pairs<Forward, halves>(ring, EM_PARAMETER_ADDRESS(name, 0, map_b), EM_PARAMETER_ADDRESS(name, 1, map_y),                \
                                    {p, q, stride, a, b, a_stride, b_stride, 1}, {m, n, k, 0, 1, k}, {nullptr, bias, signs, nullptr, 0}); \
  }                                                                                                                               \
  EM_EXPORT(name)

// y (splits, m, n) fp32, or (splits, n, m): partial sums of A' X along k; sums (splits, m), or none: those of A's columns.
#define BY_ROWS(name, halves)                                                                                                      \
  EM_KERNEL(Threads, 1) name(EM_TENSOR_MAP map_b, const u8* p, u32 q, u32 stride, const int* a, int a_stride, const int* b, int b_stride, \
                              int leaky, float* y, int transposed, float* sums, int m, int n, int k,     \
                             int k_of_split, int splits) {                                                                        \
    EM_DYNAMIC_SHARED(u8, ring);                                                                                                  \
    multiply_pairs<ByRows, halves>(ring, EM_PARAMETER_ADDRESS(name, 0, map_b), nullptr, {p, q, stride, a, b, a_stride, b_stride, leaky}, \
                                   {m, n, k, 0, splits, k_of_split}, {y, nullptr, nullptr, sums, transposed});                      \
  }                                                                                                                               \
  EM_EXPORT(name)

FORWARD(pair_product_sm90_forward_192, 1)
FORWARD(pair_product_sm90_forward_384, 2)
BY_ROWS(pair_product_sm90_by_rows_192, 1)
BY_ROWS(pair_product_sm90_by_rows_384, 2)

static_assert(Ring<1>::Bytes == 180352, "SharedBytes of pair_product_sm90_forward_192");
static_assert(Ring<2>::Bytes == 229504, "SharedBytes of pair_product_sm90_forward_384");
static_assert(Ring<1>::Bytes == 180352, "SharedBytes of pair_product_sm90_by_rows_192");
static_assert(Ring<2>::Bytes == 229504, "SharedBytes of pair_product_sm90_by_rows_384");
#endif
