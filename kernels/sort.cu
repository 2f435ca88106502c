// A stable radix sort of small keys by bytes, lowest first: counts of each tile of 4096 keys, their exclusive sums, and a
// scatter that ranks equal digits by warp votes. Nothing depends on the order in which threads run.
#include "em.h"

constexpr int Tile = 4096, Warps = 8, Rounds = Tile / 256, Digits = 256;

// Lanes with the same digit as this one; none for a lane behind the last key.
EM_DEV u32 same_digit(int digit, bool valid) {
  u32 same = __ballot_sync(0xffffffffu, valid);
#pragma unroll
  for (int bit = 0; bit < 8; ++bit) {
    u32 votes = __ballot_sync(0xffffffffu, digit >> bit & 1);
    same &= digit >> bit & 1 ? votes : ~votes;
  }
  return valid ? same : 0;
}

struct Key { int value, digit, at; u32 same, lower; };

// A warp takes 512 keys in order, 32 a round.
EM_DEV Key take(const int* keys, int stride, int count, int shift, int round) {
  int lane = (int)em_lane(), at = (int)blockIdx.x * Tile + (int)threadIdx.x / 32 * (32 * Rounds) + round * 32 + lane;
  bool valid = at < count;
  Key key;
  key.value = valid ? keys[(size_t)at * stride] : 0;
  key.digit = key.value >> shift & 255;
  key.at = valid ? at : -1;
  key.same = same_digit(key.digit, valid);
  key.lower = key.same & ((1u << lane) - 1);
  return key;
}

// Counts of the digits in what each warp takes, (8, 256).
EM_DEV void count_digits(int* counts, const int* keys, int stride, int count, int shift) {
  for (int i = (int)threadIdx.x; i < Warps * Digits; i += 256) counts[i] = 0;
  __syncthreads();
  int* own = counts + (int)threadIdx.x / 32 * Digits;
  for (int round = 0; round < Rounds; ++round) {
    Key key = take(keys, stride, count, shift, round);
    if (key.at >= 0 && key.lower == 0) own[key.digit] += em_popcount(key.same);
    __syncwarp();
  }
  __syncthreads();
}

// counts (256, tiles)
EM_KERNEL(256) sort_count(const int* keys, int stride, int count, int shift, int* counts, int tiles) {
  EM_SHARED(int, shared, Warps * Digits);
  count_digits(shared, keys, stride, count, shift);
  int total = 0;
  for (int warp = 0; warp < Warps; ++warp) total += shared[warp * Digits + threadIdx.x];
  counts[(size_t)threadIdx.x * tiles + blockIdx.x] = total;
}
EM_EXPORT(sort_count)

// counts[i] becomes the sum of those before it; one block.
EM_KERNEL(1024) sort_scan(int* counts, int count) {
  EM_SHARED(int, totals, 32);
  int lane = (int)em_lane(), warp = (int)threadIdx.x / 32, carry = 0;
  for (int start = 0; start < count; start += 4096) {
    int at = start + (int)threadIdx.x * 4, v[4], sum = 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      v[i] = at + i < count ? counts[at + i] : 0;
      sum += v[i];
    }
    int before = sum;
#pragma unroll
    for (int by = 1; by < 32; by *= 2) {
      int other = __shfl_up_sync(0xffffffffu, before, (u32)by);
      if (lane >= by) before += other;
    }
    if (lane == 31) totals[warp] = before;
    __syncthreads();
    int place = carry + before - sum;
    for (int i = 0; i < 32; ++i) {
      if (i < warp) place += totals[i];
      carry += totals[i];
    }
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      if (at + i < count) counts[at + i] = place;
      place += v[i];
    }
    __syncthreads();
  }
}
EM_EXPORT(sort_scan)

// Keys and their values to their places; without values, a key's value is its place in `keys`.
EM_KERNEL(256) sort_scatter(const int* keys, int stride, const int* values, int count, int shift, const int* starts, int tiles, int* sorted_keys, int* sorted_values) {
  EM_SHARED(int, places, Warps * Digits);
  count_digits(places, keys, stride, count, shift);
  int place = starts[(size_t)threadIdx.x * tiles + blockIdx.x];
  for (int warp = 0; warp < Warps; ++warp) {
    int here = places[warp * Digits + threadIdx.x];
    places[warp * Digits + threadIdx.x] = place;
    place += here;
  }
  __syncthreads();
  int* own = places + (int)threadIdx.x / 32 * Digits;
  for (int round = 0; round < Rounds; ++round) {
    Key key = take(keys, stride, count, shift, round);
    if (key.at >= 0) {
      int to = own[key.digit] + em_popcount(key.lower);
      sorted_keys[to] = key.value;
      sorted_values[to] = values ? values[key.at] : key.at;
    }
    __syncwarp();
    if (key.at >= 0 && key.lower == 0) own[key.digit] += em_popcount(key.same);
    __syncwarp();
  }
}
EM_EXPORT(sort_scatter)

// starts[c] = number of sorted keys below c, c in 0 .. classes
EM_KERNEL(256) sort_starts(const int* sorted_keys, int count, int* starts, int classes) {
  int c = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (c > classes) return;
  int low = 0, high = count;
  while (low < high) {
    int middle = low + (high - low) / 2;
    if (sorted_keys[middle] < c) low = middle + 1;
    else high = middle;
  }
  starts[c] = low;
}
EM_EXPORT(sort_starts)
