// Which pairs a step draws: the same words, tables and walks as Randomness/ on the host, in whole numbers only, so
// that every device draws the same pairs.
#pragma once

// What changes from step to step, in device memory, so that a recorded step can be played again.
struct Progress {
  u64 seed;               // key of the generator
  u32 cell;               // counter word
  int step;               // steps taken
  int slot;               // of them since the host last looked: place in its arrays
};

struct Words { u32 x0, x1, x2, x3; };

// Philox4x32-10 (Salmon et al., SC 2011)
EM_DEV Words em_philox(u32 c0, u32 c1, u32 c2, u32 c3, u64 key) {
  u32 k0 = (u32)key, k1 = (u32)(key >> 32);
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    u32 high0 = em_mulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0, high1 = em_mulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0, c1 = low1, c2 = high0 ^ c3 ^ k1, c3 = low0;
    k0 += 0x9E3779B9u, k1 += 0xBB67AE85u;
  }
  return {c0, c1, c2, c3};
}

// Walker's table: slot i yields i where the second word is below thresholds[i], else aliases[i].
struct Alias { const u32* thresholds; const int* aliases; int count; };

EM_DEV int em_alias_draw(Alias table, u32 slot_word, u32 word) {
  int slot = (int)em_mulhi(slot_word, (u32)table.count);
  return word < table.thresholds[slot] ? slot : table.aliases[slot];
}

// Partners of class a in the support are columns[starts[a] .. starts[a + 1]], ascending.
struct Support { const int *starts, *columns; };

EM_DEV bool em_in_support(Support support, int a, int b) {
  int low = support.starts[a], high = support.starts[a + 1];
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (support.columns[middle] < b) low = middle + 1;
    else high = middle;
  }
  return low < support.starts[a + 1] && support.columns[low] == b;
}

struct DrawnPair { int a, b; };

// Pair `pair` off the support: attempt r has the counter (pair, step, cell, stream + 256 r).
EM_DEV DrawnPair em_draw_off_support(Alias x, Alias y, Support support, u32 stream, int pair, int step, u32 cell, u64 seed) {
  for (u32 attempt = 0;; ++attempt) {
    Words w = em_philox((u32)pair, (u32)step, cell, stream + (attempt << 8), seed);
    int a = em_alias_draw(x, w.x0, w.x1), b = em_alias_draw(y, w.x2, w.x3);
    if (!em_in_support(support, a, b)) return {a, b};
  }
}

EM_DEV u32 em_mix(u32 x) {
  x = (x ^ x >> 16) * 0x85EBCA6Bu;
  x = (x ^ x >> 13) * 0xC2B2AE35u;
  x ^= x >> 16;
  return x << 7 | x >> 25;
}
EM_DEV u32 em_rotate_below(u32 value, u32 by, u32 limit) {
  value += by;
  return value < limit ? value : value - limit;
}

// Eight alternating Feistel rounds on a grid rows x columns >= n, walked until the result falls below n.
EM_DEV int em_permute(int index, int n, u32 rows, u32 columns, Words first, Words second) {
  u32 keys[8] = {first.x0, first.x1, first.x2, first.x3, second.x0, second.x1, second.x2, second.x3};
  u32 value = (u32)index;
  do {
    u32 row = value / columns, column = value % columns;
#pragma unroll
    for (int round = 0; round < 8; round += 2) {
      row = em_rotate_below(row, em_mulhi(em_mix(column ^ keys[round]), rows), rows);
      column = em_rotate_below(column, em_mulhi(em_mix(row ^ keys[round + 1]), columns), columns);
    }
    value = row * columns + column;
  } while (value >= (u32)n);
  return (int)value;
}
