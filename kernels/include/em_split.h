// Products of a warp's 16 rows on tensor cores, as exact as in single precision: a value is the sum of three bf16, its thirds,
// and a product of two the sum of the products of their thirds. Rows stay in registers from product to product: what mma
// returns is what it wants as its left operand. Lane 4 g + t holds, of each block of 8 features, 2 t and 2 t + 1 of row g,
// then of row g + 8.
#pragma once

#if EM_HAS_MMA
EM_DEV int group() { return (int)(em_lane() / 4); }
EM_DEV int pair() { return (int)(em_lane() % 4 * 2); }

// Registers of a lane that hold weights as right operands, and where they lie: whole runs of 16 bytes, then 8.
template <int Count> struct Registers {
  static constexpr int Words = 32 * (Count % 4 == 3 ? Count + 1 : Count);
  EM_DEV int place(int i, int lane) { return i < Count / 4 * 4 || Count % 4 == 3 ? i / 4 * 128 + lane * 4 + i % 4 : Count / 4 * 128 + lane * 2 + i % 4; }
  EM_DEV void load(u32 (&w)[Count], const u32* from) {
    int lane = (int)em_lane();
#pragma unroll
    for (int i = 0; i + 2 < Count; i += 4) {
      uint4 v = *(const uint4*)(from + i * 32 + lane * 4);
      w[i] = v.x, w[i + 1] = v.y, w[i + 2] = v.z;
      if (i + 3 < Count) w[i + 3] = v.w;
    }
    if constexpr (Count % 4 == 2) {
      uint2 v = *(const uint2*)(from + (Count - 2) * 32 + lane * 2);
      w[Count - 2] = v.x, w[Count - 1] = v.y;
    }
  }
};

// x = the sum of its thirds
template <int Blocks> EM_DEV void split(u32 (&thirds)[3][Blocks][2], const float (&x)[Blocks][4]) {
#pragma unroll
  for (int b = 0; b < Blocks; ++b)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float low = x[b][half * 2], high = x[b][half * 2 + 1];
#pragma unroll
      for (int p = 0; p < 3; ++p) {
        u32 both = em_pack_bf16(low, high);
        thirds[p][b][half] = both;
        low -= em_bf16_low(both), high -= em_bf16_high(both);
      }
    }
}

// sum (16, 8 Tiles) += x w, w by third, tile and block. Pairs of thirds whose product is below the last third's are left.
template <int Thirds, int Given, int Blocks, int Tiles> EM_DEV void multiply(float (&sum)[Tiles][4], const u32 (&x)[Given][Blocks][2], const u32* from) {
  constexpr int Count = Thirds * Tiles * Blocks;
  u32 w[Count], held[Tiles], left[4] = {0, 0, 0, 0};
  Registers<Count>::load(w, from);
  bool odd = false;
#pragma unroll
  for (int order = Thirds - 1; order >= 0; --order)
#pragma unroll
    for (int p = 0; p <= order; ++p)
#pragma unroll
      for (int b = 0; b < Blocks; ++b) {
        if (p >= Given) continue;
        left[odd ? 2 : 0] = x[p][b][0], left[odd ? 3 : 1] = x[p][b][1];
#pragma unroll
        for (int n = 0; n < Tiles; ++n) {
          u32 right = w[((order - p) * Tiles + n) * Blocks + b];
          if (odd) em_mma_bf16(sum[n], left, held[n], right);
          else held[n] = right;
        }
        odd = !odd;
      }
  if (!odd) return;
  left[2] = left[3] = 0;
#pragma unroll
  for (int n = 0; n < Tiles; ++n) em_mma_bf16(sum[n], left, held[n], 0);
}

template <int Thirds, int Blocks> EM_DEV void stage(u32* to, const u32 (&x)[Thirds][Blocks][2]) {
#pragma unroll
  for (int i = 0; i < Thirds * Blocks * 2; ++i) to[i * 32 + (int)em_lane()] = x[i / 2 / Blocks][i / 2 % Blocks][i % 2];
}

// What was staged, turned: feature g of rows 2 t and 2 t + 1, then of rows 2 t + 8 and 2 t + 9.
template <int Thirds, int Blocks> EM_DEV void turn(u32 (&x)[Thirds][Blocks][2], const u32* from) {
  constexpr int Count = Thirds * Blocks * 2;
  int lane = (int)em_lane();
#pragma unroll
  for (int i = 0; i < Count; i += 4) {
    u32 four[4];
    em_ldmatrix_x4_transposed(four, from + i * 32 + lane * 4);
#pragma unroll
    for (int e = 0; e < 4; ++e)
      if (i + e < Count) x[(i + e) / 2 / Blocks][(i + e) / 2 % Blocks][e % 2] = four[e];
  }
}


// sum (features of left, features of right) += over the 16 rows of what was staged, a third of right at a time
template <int ThirdsL, int BlocksL, int ThirdsR, int BlocksR> EM_DEV void add_staged(float (&sum)[(BlocksL + 1) / 2][BlocksR][4], const u32* left, const u32* right) {
  u32 l[ThirdsL][BlocksL][2];
  turn(l, left);
#pragma unroll
  for (int third = ThirdsR - 1; third >= 0; --third) {
    u32 r[1][BlocksR][2];
    turn(r, right + third * BlocksR * 64);
#pragma unroll
    for (int p = 0; p < ThirdsL && p < ThirdsR - third; ++p)
#pragma unroll
      for (int i = 0; i < BlocksL; i += 2)
#pragma unroll
        for (int j = 0; j < BlocksR; ++j) {
          constexpr int Next = BlocksL > 1 ? 1 : 0;
          u32 four[4] = {l[p][i][0], Next ? l[p][i + Next][0] : 0, l[p][i][1], Next ? l[p][i + Next][1] : 0};
          em_mma_bf16(sum[i / 2][j], four, r[0][j][0], r[0][j][1]);
        }
  }
}
#endif
