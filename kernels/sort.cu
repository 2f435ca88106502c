// A stable radix sort of small keys by digits of up to 10 bits, lowest first: counts of each tile of 4096 keys, their
// exclusive sums, and a scatter that ranks equal digits by warp votes. Nothing depends on the order in which threads run.
#include "em.h"

constexpr int Tile = 4096, Warps = 8, Rounds = Tile / 256, MaxDigits = 1024;

// What a thread takes of a tile: a warp has 512 keys in order, 32 a round.
struct Taken {
  int value[Rounds];
  u32 same[Rounds];           // lanes with the same digit; none for a lane behind the last key
};

EM_DEV int place_of(int round) { return (int)blockIdx.x * Tile + (int)threadIdx.x / 32 * (32 * Rounds) + round * 32 + (int)em_lane(); }
EM_DEV int digit_of(int key, int shift, int bits) { return key >> shift & ((1 << bits) - 1); }
EM_DEV u32 below(u32 lanes) { return lanes & ((1u << em_lane()) - 1); }

EM_DEV u32 same_digit(int digit, int bits, bool valid) {
  u32 same = __ballot_sync(0xffffffffu, valid);
#pragma unroll 1
  for (int bit = 0; bit < bits; ++bit) {
    u32 votes = __ballot_sync(0xffffffffu, digit >> bit & 1);
    same &= digit >> bit & 1 ? votes : ~votes;
  }
  return valid ? same : 0;
}

// All reads are under way before the first key is looked at. counts (8, 1024): digits in what each warp takes.
EM_DEV Taken take(const int* keys, int stride, int count, int shift, int bits, int* counts) {
  Taken t;
#pragma unroll
  for (int round = 0; round < Rounds; ++round) t.value[round] = place_of(round) < count ? keys[(size_t)place_of(round) * stride] : 0;
  for (int i = (int)threadIdx.x; i < Warps * MaxDigits; i += 256) counts[i] = 0;
  __syncthreads();
  int* own = counts + (int)threadIdx.x / 32 * MaxDigits;
#pragma unroll
  for (int round = 0; round < Rounds; ++round) {
    int digit = digit_of(t.value[round], shift, bits);
    t.same[round] = same_digit(digit, bits, place_of(round) < count);
    if (t.same[round] != 0 && below(t.same[round]) == 0) own[digit] += em_popcount(t.same[round]);
    __syncwarp();
  }
  __syncthreads();
  return t;
}

// The sum of v over the lanes up to this one.
EM_DEV int sum_up(int v) {
#pragma unroll
  for (int by = 1; by < 32; by *= 2) {
    int other = __shfl_up_sync(0xffffffffu, v, (u32)by);
    if ((int)em_lane() >= by) v += other;
  }
  return v;
}

// counts (digits, tiles)
EM_KERNEL(256) sort_count(const int* keys, int stride, int count, int shift, int bits, int* counts, int tiles) {
  EM_SHARED(int, shared, Warps * MaxDigits);
  take(keys, stride, count, shift, bits, shared);
  for (int digit = (int)threadIdx.x; digit < 1 << bits; digit += 256) {
    int total = 0;
#pragma unroll
    for (int warp = 0; warp < Warps; ++warp) total += shared[warp * MaxDigits + digit];
    counts[(size_t)digit * tiles + blockIdx.x] = total;
  }
}
EM_EXPORT(sort_count)

// A warp for a digit: its counts become the sums of those of the tiles before, totals (digits) those of all.
EM_KERNEL(256) sort_scan(int* counts, int tiles, int* totals, int digits) {
  int digit = (int)(blockIdx.x * 8 + threadIdx.x / 32), lane = (int)em_lane(), carry = 0;
  if (digit >= digits) return;
  int* own = counts + (size_t)digit * tiles;
  for (int start = 0; start < tiles; start += 128) {
    int v[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) v[i] = start + i * 32 + lane < tiles ? own[start + i * 32 + lane] : 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      int upto = sum_up(v[i]);
      if (start + i * 32 + lane < tiles) own[start + i * 32 + lane] = carry + upto - v[i];
      carry += __shfl_sync(0xffffffffu, upto, 31);
    }
  }
  if (lane == 0) totals[digit] = carry;
}
EM_EXPORT(sort_scan)

// counts (8, 1024) of the block's warps become the places of their first keys: behind all lower digits, those of the tiles
// before and of the warps before. Of a single tile, `counts` of the block are all there are.
EM_DEV void find_places(int* counts, const int* before, const int* totals, int tiles, int bits) {
  int first = (int)threadIdx.x * 4, digits = 1 << bits, here[Warps][4], total[4], sum = 0;
#pragma unroll
  for (int warp = 0; warp < Warps; ++warp) {
    uint4 v = *(const uint4*)(counts + warp * MaxDigits + first);
    here[warp][0] = (int)v.x, here[warp][1] = (int)v.y, here[warp][2] = (int)v.z, here[warp][3] = (int)v.w;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    total[i] = 0;
    if (totals) total[i] = first + i < digits ? totals[first + i] : 0;
    else
      for (int warp = 0; warp < Warps; ++warp) total[i] += here[warp][i];
    sum += total[i];
  }
  int upto = sum_up(sum), place = upto - sum;
  __syncthreads();
  if (em_lane() == 31) counts[threadIdx.x / 32] = upto; // all counts are in registers now
  __syncthreads();
  for (int warp = 0; warp < (int)threadIdx.x / 32; ++warp) place += counts[warp];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    int to = place + (totals && first + i < digits ? before[(size_t)(first + i) * tiles + blockIdx.x] : 0);
#pragma unroll
    for (int warp = 0; warp < Warps; ++warp) {
      counts[warp * MaxDigits + first + i] = to;
      to += here[warp][i];
    }
    place += total[i];
  }
  __syncthreads();
}

// Keys and their values to their places; without values, a key's value is its place in `keys`. One tile needs no totals.
EM_KERNEL(256, 2) sort_scatter(const int* keys, int stride, const int* values, int count, int shift, int bits, const int* before, const int* totals, int tiles, int* sorted_keys, int* sorted_values) {
  EM_SHARED(int, places, Warps * MaxDigits);
  int value[Rounds];
#pragma unroll
  for (int round = 0; round < Rounds; ++round) value[round] = values && place_of(round) < count ? values[place_of(round)] : place_of(round);
  Taken t = take(keys, stride, count, shift, bits, places);
  find_places(places, before, totals, tiles, bits);
  int* own = places + (int)threadIdx.x / 32 * MaxDigits;
#pragma unroll
  for (int round = 0; round < Rounds; ++round) {
    int digit = digit_of(t.value[round], shift, bits), lower = em_popcount(below(t.same[round]));
    if (t.same[round] != 0) {
      int to = own[digit] + lower;
      sorted_keys[to] = t.value[round];
      sorted_values[to] = value[round];
    }
    __syncwarp();
    if (t.same[round] != 0 && lower == 0) own[digit] += em_popcount(t.same[round]);
    __syncwarp();
  }
}
EM_EXPORT(sort_scatter)

// starts[c] = number of sorted keys below c, c in 0 .. classes: key i tells it for the classes above key i - 1 up to its own.
EM_KERNEL(256) sort_starts(const int* sorted_keys, int count, int* starts, int classes) {
  int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (i > count) return;
  int first = i == 0 ? 0 : sorted_keys[i - 1] + 1, last = i == count ? classes : sorted_keys[i];
  for (int c = first; c <= last; ++c) starts[c] = i;
}
EM_EXPORT(sort_starts)

// The pairs by class where each class has one of the first n and one of the last n: those two, one behind the other.
EM_KERNEL(256) order_twos(const int* index, int stride, int n, int* order) {
  int pair = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (pair < 2 * n) order[2 * (size_t)index[(size_t)pair * stride] + (pair >= n ? 1 : 0)] = pair;
}
EM_EXPORT(order_twos)
