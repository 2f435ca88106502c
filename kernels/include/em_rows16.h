// How the sums of a warpgroup's products (sm_90a) become bf16 rows: factors, then 16 rows of each warp by pieces of 64 columns
// through shared memory, where tensor copies (TMA) fetch and bring them. A warp waits for no other.
#pragma once
#include "em.h"

constexpr int PieceBytes = 16 * 64 * 2;

// Rows row .. row + 15 and columns from `column` on of an (m, n) matrix; the map's boxes are pieces. Shared memory holds some
// pieces of this warp.
struct Rows16 {
  const void* map;
  u8* pieces;
  int row, column, m, n;

  EM_DEV_MEMBER bool has(int piece) const { return row < m && column + piece * 64 < n; }
};

// Sums of 64 rows that begin with the bias of their columns, or with zero.
template <int Count> EM_DEV void begin_with(float (&sum)[Count], const float* bias, int column0, int n) {
  int own = column0 + (int)threadIdx.x % 4 * 2;
#pragma unroll
  for (int i = 0; i < Count; ++i) sum[i] = 0.0f;
  if (!bias) return;
#pragma unroll
  for (int i = 0; i < Count / 2; ++i) {
    int column = own + i / 2 * 8 + i % 2;
    float b = column < n ? bias[column] : 0.0f;
    sum[i / 2 * 4 + i % 2] = b, sum[i / 2 * 4 + i % 2 + 2] = b;
  }
}

// What decides whether a result is multiplied by leaky ReLU's slope: nothing, its own sign, that of what lies in its place, a bit.
enum Slope { None, OfSum, OfPlace, OfBit };

// Bits in the order of the sums, two bf16 have bits i and 16 + i: a word of each thread for each 64 columns of 64 rows.
template <int TileN> EM_DEV void read_bits(u32 (&bits)[TileN / 64], const u32* words, const Rows16& rows) {
  int tiles = (rows.n + 63) / 64;
  words += ((size_t)(rows.row / 64) * tiles + rows.column / 64) * 128 + threadIdx.x % 128;
#pragma unroll
  for (int piece = 0; piece < TileN / 64; ++piece) bits[piece] = rows.has(piece) ? words[piece * 128] : 0;
}

// One lane has the copy engine bring what lies in y, and tells the barrier how much that is.
template <int TileN> EM_DEV void load_rows(const Rows16& rows, u64* full) {
  u32 bytes = 0;
  for (int piece = 0; piece < TileN / 64 && rows.has(piece); ++piece) bytes += PieceBytes;
  em_barrier_arrive_expecting(full, bytes);
  for (int piece = 0; piece < (int)bytes / PieceBytes; ++piece)
    em_tensor_load(rows.pieces + piece * PieceBytes, rows.map, rows.column + piece * 64, rows.row, 0, full);
}

template <int S> EM_DEV float sloped(float v, bool positive) {
  if (S == None) return v;
  return S == OfSum ? em_max(v, 0.01f * v) : positive ? v : 0.01f * v;
}

// Each lane names a row of 8 columns for ldmatrix and stmatrix, whose fragments are those of a product's results; tensor copies
// have pieces swizzled. Pieces: how many shared memory holds; First: of them the one whose turn it is.
template <int TileN, int Pieces, int S, int First = 0> EM_DEV void write_rows(const float (&sum)[TileN / 2], const u32 (&bits)[TileN / 64], const Rows16& rows) {
  u32 lane = em_from_here(threadIdx.x) % 32, row = ((lane >> 3 & 1u) * 8 + lane % 8) * 128, high = lane >> 4;
#pragma unroll
  for (int piece = 0; piece < TileN / 64; ++piece) {
    u8* tile = rows.pieces + (First + piece) % Pieces * PieceBytes;
    u32 packed[4][4] = {};
    if (S == OfPlace)
#pragma unroll
      for (u32 pair = 0; pair < 4; ++pair) em_ldmatrix_x4(packed[pair], tile + row + (((pair * 2 + high) ^ lane % 8) << 4));
#pragma unroll
    for (u32 i = 0; i < 16; ++i) {
      const float* s = sum + piece * 32 + i * 2;
      u32 old = packed[i / 4][i % 4], bit = bits[piece] >> i;
      bool low = S == OfPlace ? (int)(old << 16) > 0 : bit & 1u, upper = S == OfPlace ? (int)old > 0xffff : bit & 0x10000u;
      packed[i / 4][i % 4] = em_pack_bf16(sloped<S>(s[0], low), sloped<S>(s[1], upper));
    }
    if (S != OfPlace) {
      if (lane == 0) em_tensor_store_wait_read<Pieces - 1>();
      __syncwarp();
    }
#pragma unroll
    for (u32 pair = 0; pair < 4; ++pair) em_stmatrix_x4(tile + row + (((pair * 2 + high) ^ lane % 8) << 4), packed[pair]);
    em_proxy_fence();
    __syncwarp();
    if (lane == 0) {
      if (rows.has(piece)) em_tensor_store(rows.map, tile, rows.column + piece * 64, rows.row, 0);
      em_tensor_store_commit();
    }
  }
}
