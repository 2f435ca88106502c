// Warp-wide instructions: what all 32 lanes do together once the last has arrived.
#pragma once
#include "emulator.h"

namespace emulator {

struct ShuffleSlot { u32 value, result; int source; };

inline void execute_shuffle(ShuffleSlot** s, u32 mask) {
  for (int lane = 0; lane < 32; ++lane) {
    if (!(mask >> lane & 1)) continue;
    int source = s[lane]->source >= 0 && s[lane]->source < 32 ? s[lane]->source : lane;
    if (!(mask >> source & 1)) fail("a shuffle reads lane %d, which is not in the mask %08x", source, mask);
    s[lane]->result = s[source]->value;
  }
}

template <class T> T shuffle(u32 mask, T value, int source) {
  static_assert(sizeof(T) == 4);
  ShuffleSlot slot{0, 0, source};
  memcpy(&slot.value, &value, 4);
  warp_operation(mask, slot, execute_shuffle);
  memcpy(&value, &slot.result, 4);
  return value;
}

struct BallotSlot { bool vote; u32 result; };

inline void execute_ballot(BallotSlot** s, u32 mask) {
  u32 result = 0;
  for (int lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) && s[lane]->vote) result |= 1u << lane;
  for (int lane = 0; lane < 32; ++lane)
    if (mask >> lane & 1) s[lane]->result = result;
}

struct SyncSlot {};
inline void execute_sync(SyncSlot**, u32) {}

inline float from_bf16(u32 bits) {
  u32 u = bits << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}

// Rounds to nearest even, as cvt.rn.bf16.f32 does; every NaN becomes 0x7fff.
inline u32 to_bf16(float value) {
  u32 u;
  memcpy(&u, &value, 4);
  return value != value ? 0x7fff : (u + 0x7fff + (u >> 16 & 1)) >> 16;
}

void note_touch(const void* row);       // barriers.h

struct LoadMatrixSlot { const u8* row; u32* result; };

template <int Count, bool Transposed> void execute_load_matrix(LoadMatrixSlot** s, u32 mask) {
  if (mask != ~0u) fail("ldmatrix needs the whole warp");
  for (int m = 0; m < Count; ++m) {
    const u8* row[8];
    for (int i = 0; i < 8; ++i) {
      row[i] = s[8 * m + i]->row;
      if ((uintptr_t)row[i] & 15) fail("ldmatrix: a row's address is not a multiple of 16 bytes");
      note_touch(row[i]);
    }
    for (int lane = 0; lane < 32; ++lane) {
      u32& out = s[lane]->result[m];
      if (!Transposed) { memcpy(&out, row[lane / 4] + lane % 4 * 4, 4); continue; }
      u16 low, high;
      memcpy(&low, row[lane % 4 * 2] + lane / 4 * 2, 2);
      memcpy(&high, row[lane % 4 * 2 + 1] + lane / 4 * 2, 2);
      out = low | (u32)high << 16;
    }
  }
}

template <int Count, bool Transposed> void load_matrix(u32* result, const void* row) {
  LoadMatrixSlot slot{(const u8*)row, result};
  warp_operation(~0u, slot, execute_load_matrix<Count, Transposed>);
}

struct StoreMatrixSlot { u8* row; const u32* value; };

template <int Count> void execute_store_matrix(StoreMatrixSlot** s, u32 mask) {
  if (mask != ~0u) fail("stmatrix needs the whole warp");
  for (int m = 0; m < Count; ++m)
    for (int i = 0; i < 8; ++i) {
      u8* row = s[8 * m + i]->row;
      if ((uintptr_t)row & 15) fail("stmatrix: a row's address is not a multiple of 16 bytes");
      for (int k = 0; k < 4; ++k) memcpy(row + 4 * k, &s[4 * i + k]->value[m], 4);
    }
}

void note_unfenced(const void* row);    // hopper.h

template <int Count> void store_matrix(void* row, const u32* value) {
  note_unfenced(row);
  StoreMatrixSlot slot{(u8*)row, value};
  warp_operation(~0u, slot, execute_store_matrix<Count>);
}

// d (16 x 8) += a (16 x 16, row-major fragments) b (16 x 8, column fragments): layouts of mma.m16n8k16 in the PTX manual.
struct MultiplySlot { float* d; const u32* a; u32 b[2]; };

inline void execute_multiply(MultiplySlot** s, u32 mask) {
  if (mask != ~0u) fail("mma needs the whole warp");
  float a[16][16], b[16][8], d[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, t = lane % 4 * 2;
    const MultiplySlot& slot = *s[lane];
    for (int half = 0; half < 2; ++half) {
      int k = t + 8 * half;
      a[g][k] = from_bf16(slot.a[2 * half] & 0xffff), a[g][k + 1] = from_bf16(slot.a[2 * half] >> 16);
      a[g + 8][k] = from_bf16(slot.a[2 * half + 1] & 0xffff), a[g + 8][k + 1] = from_bf16(slot.a[2 * half + 1] >> 16);
      b[k][g] = from_bf16(slot.b[half] & 0xffff), b[k + 1][g] = from_bf16(slot.b[half] >> 16);
    }
    d[g][t] = slot.d[0], d[g][t + 1] = slot.d[1], d[g + 8][t] = slot.d[2], d[g + 8][t + 1] = slot.d[3];
  }
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k < 16; ++k)
      for (int j = 0; j < 8; ++j) d[i][j] += a[i][k] * b[k][j];
  for (int lane = 0; lane < 32; ++lane) {
    int g = lane / 4, t = lane % 4 * 2;
    float* out = s[lane]->d;
    out[0] = d[g][t], out[1] = d[g][t + 1], out[2] = d[g + 8][t], out[3] = d[g + 8][t + 1];
  }
}

}  // namespace emulator
