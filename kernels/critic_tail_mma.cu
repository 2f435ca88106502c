// A critic's tail of five layers no wider than 48-24-15-7-7-1 (the published one is 48-24-12-6-3-1) on tensor cores, as
// exact as in single precision. A warp takes 16 rows at a time through all layers and waits for no other; where a weight's
// gradient sums over rows, they and the features change places by way of shared memory. The input has whole blocks of 8.
#include "em.h"
#include "em_split.h"

#if EM_HAS_MMA
constexpr int Layers = 5, Warps = 4, ForwardWarps = 8;

// Words of shared memory: weights of the layers, the first in thirds; back from the fourth, the first by halves of
// its inputs; biases and the last layer's weights. Behind them a warp's blocks of 8 x 8, two halves of 16 rows each.
constexpr int First = 0, Second = 3 * Registers<18>::Words, Third = Second + Registers<18>::Words, Fourth = Third + Registers<6>::Words;
constexpr int BackFourth = Fourth + Registers<3>::Words, BackThird = BackFourth + Registers<3>::Words, BackSecond = BackThird + Registers<6>::Words;
constexpr int BackFirst = BackSecond + Registers<18>::Words, BackEnd = BackFirst + 2 * Registers<18>::Words, Numbers = 72;
constexpr int SecondBias = 24, ThirdBias = 40, FourthBias = 48, LastWeights = 56, LastBias = 64;
// Features behind the others that are always 1: the gradients by their weights are those of biases.
constexpr int SecondOne = 15, OtherOne = 7;
constexpr int InputBlocks = 0, FirstBlocks = 12 * 32, SecondBlocks = 30 * 32, ThirdBlocks = 42 * 32, DeltaBlocks = 48 * 32, WarpWords = 68 * 32;

// Where feature i of a block lies in the input: so that a lane reads 16 bytes of a row, then 8.
EM_DEV int input_feature(int block, int i) { return block < 4 ? i / 2 * 8 + block * 2 + i % 2 : 32 + i / 2 * 4 + (block - 4) * 2 + i % 2; }

template <int Tiles> EM_DEV void begin(float (&sum)[Tiles][4], const float* bias) {
#pragma unroll
  for (int n = 0; n < Tiles; ++n) {
    float2 b = *(const float2*)(bias + n * 8 + pair());
    sum[n][0] = sum[n][2] = b.x, sum[n][1] = sum[n][3] = b.y;
  }
}

template <int Tiles> EM_DEV void clear(float (&sum)[Tiles][4]) {
#pragma unroll
  for (int i = 0; i < Tiles * 4; ++i) sum[i / 4][i % 4] = 0.0f;
}

template <int Tiles> EM_DEV void activate(float (&x)[Tiles][4]) {
#pragma unroll
  for (int i = 0; i < Tiles * 4; ++i) x[i / 4][i % 4] = em_leaky_relu(x[i / 4][i % 4]);
}

// The derivative, by the first thirds of an activation that this lane staged.
template <int Tiles> EM_DEV void slope(float (&delta)[Tiles][4], const u32* staged) {
#pragma unroll
  for (int i = 0; i < Tiles * 2; ++i) {
    u32 both = staged[i * 32 + (int)em_lane()];
    float &low = delta[i / 2][i % 2 * 2], &high = delta[i / 2][i % 2 * 2 + 1];
    low = em_bf16_low(both) > 0.0f ? low : 0.01f * low;
    high = em_bf16_high(both) > 0.0f ? high : 0.01f * high;
  }
}

// Weights as right operands: k a pair of features, n one; n inputs and k outputs on the way back.
template <int Thirds, int Tiles, int Blocks> EM_DEV void arrange(u32* to, const float* weights, int in, int out, bool back, bool input, int first_third, int first_tile) {
  for (int i = (int)threadIdx.x; i < Tiles * Blocks * 32; i += (int)blockDim.x) {
    int lane = i % 32, block = i / 32 % Blocks, tile = i / 32 / Blocks, n = lane / 4, at = first_tile + tile;
    float v[2];
#pragma unroll
    for (int e = 0; e < 2; ++e) {
      int k = lane % 4 * 2 + e, row = back ? block * 8 + k : at * 8 + n;
      int column = back ? (input ? input_feature(at, n) : at * 8 + n) : input ? input_feature(block, k) : block * 8 + k;
      v[e] = row < out && column < in ? weights[row * in + column] : 0.0f;
    }
#pragma unroll
    for (int p = 0; p < 3; ++p) {
      u32 both = em_pack_bf16(v[0], v[1]);
      if (p >= first_third && p < first_third + Thirds) to[Registers<Thirds * Tiles * Blocks>::place(((p - first_third) * Tiles + tile) * Blocks + block, lane)] = both;
      v[0] -= em_bf16_low(both), v[1] -= em_bf16_high(both);
    }
  }
}

struct Tail { const int* widths; const float* parameters; };

// Where a layer's weights begin; its biases lie behind them.
EM_DEV int start_of(const Tail& t, int layer) {
  int at = 0;
  for (int l = 0; l < layer; ++l) at += (t.widths[l] + 1) * t.widths[l + 1];
  return at;
}

EM_DEV void open(u32* shared, float* numbers, const Tail& t, bool backward) {
  const float* at[Layers];
  int w[Layers + 1];
#pragma unroll
  for (int l = 0; l < Layers; ++l) at[l] = t.parameters + start_of(t, l), w[l] = t.widths[l];
  w[Layers] = 1;
  for (int p = 0; p < 3; ++p) arrange<1, 3, 6>(shared + First + p * Registers<18>::Words, at[0], w[0], w[1], false, true, p, 0);
  arrange<3, 2, 3>(shared + Second, at[1], w[1], w[2], false, false, 0, 0);
  arrange<3, 1, 2>(shared + Third, at[2], w[2], w[3], false, false, 0, 0);
  arrange<3, 1, 1>(shared + Fourth, at[3], w[3], w[4], false, false, 0, 0);
  if (backward) {
    arrange<3, 1, 1>(shared + BackFourth, at[3], w[3], w[4], true, false, 0, 0);
    arrange<3, 2, 1>(shared + BackThird, at[2], w[2], w[3], true, false, 0, 0);
    arrange<3, 3, 2>(shared + BackSecond, at[1], w[1], w[2], true, false, 0, 0);
    for (int half = 0; half < 2; ++half) arrange<2, 3, 3>(shared + BackFirst + half * Registers<18>::Words, at[0], w[0], w[1], true, true, 0, half * 3);
  }
  int starts[Layers + 1] = {0, SecondBias, ThirdBias, FourthBias, LastBias, Numbers};
#pragma unroll
  for (int l = 0; l < Layers; ++l) {
    int end = l == Layers - 2 ? LastWeights : starts[l + 1];
    for (int i = (int)threadIdx.x; i < end - starts[l]; i += (int)blockDim.x)
      numbers[starts[l] + i] = i < w[l + 1] ? at[l][w[l] * w[l + 1] + i] : l > 0 && l < Layers - 1 && i == (l == 1 ? SecondOne : OtherOne) ? 1.0f : 0.0f;
  }
  if (threadIdx.x < LastBias - LastWeights) numbers[LastWeights + threadIdx.x] = (int)threadIdx.x < w[Layers - 1] ? at[Layers - 1][threadIdx.x] : 0.0f;
  __syncthreads();
}

EM_DEV void read(u32 (&x)[1][6][2], const u16* input, int stride, int columns, int first, int end) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int row = first + half * 8 + group(), column = pair();
    const u16* at = input + (size_t)(u32)row * (u32)stride;
    uint4 low = row < end && column * 4 < columns ? *(const uint4*)(at + column * 4) : uint4{0, 0, 0, 0};
    uint2 high = row < end && 32 + column * 2 < columns ? *(const uint2*)(at + 32 + column * 2) : uint2{0, 0};
    x[0][0][half] = low.x, x[0][1][half] = low.y, x[0][2][half] = low.z, x[0][3][half] = low.w, x[0][4][half] = high.x, x[0][5][half] = high.y;
  }
}

// The fourth layer's outputs. Backward: what the layers are given is staged for the way back.
template <bool Backward> EM_DEV void forward(float (&last)[1][4], const u32 (&input)[1][6][2], const u32* weights, const float* numbers, u32* blocks) {
  float a[3][4], b[2][4], c[1][4];
  u32 x[3][3][2], y[3][2][2], z[3][1][2];
  if constexpr (Backward) stage(blocks + InputBlocks, input);
  begin(a, numbers);
#pragma unroll
  for (int p = 2; p >= 0; --p) multiply<1>(a, input, weights + First + p * Registers<18>::Words);
  activate(a);
  split(x, a);
  if constexpr (Backward) stage(blocks + FirstBlocks, x);
  begin(b, numbers + SecondBias);
  multiply<3>(b, x, weights + Second);
  activate(b);
  split(y, b);
  if constexpr (Backward) stage(blocks + SecondBlocks, y);
  begin(c, numbers + ThirdBias);
  multiply<3>(c, y, weights + Third);
  activate(c);
  split(z, c);
  if constexpr (Backward) stage(blocks + ThirdBlocks, z);
  begin(last, numbers + FourthBias);
  multiply<3>(last, z, weights + Fourth);
  activate(last);
}

struct Gradient {
  float first[3][3][4], second[1][3][4], third[1][1][4], fourth[1][1][4], last[2];
  float first_bias[3][2], second_bias[2][2];
};

// bias += the rows' deltas
template <int Tiles> EM_DEV void add_rows(float (&bias)[Tiles][2], const float (&delta)[Tiles][4]) {
#pragma unroll
  for (int i = 0; i < Tiles * 2; ++i) bias[i / 2][i % 2] += delta[i / 2][i % 2] + delta[i / 2][i % 2 + 2];
}

template <int Tiles> EM_DEV void stage_thirds(u32* blocks, u32 (&thirds)[3][Tiles][2], const float (&delta)[Tiles][4]) {
  split(thirds, delta);
  __syncwarp();
  stage(blocks, thirds);
  __syncwarp();
}

// The input's delta is rounded to bf16, so the first two of three thirds are enough.
EM_DEV void backward(Gradient& g, u32 (&input)[1][6][2], const float (&fourth)[1][4], const float (&score)[2], const u32* weights, const float* numbers, u32* blocks) {
  float a[3][4], b[2][4], c[1][4], d[1][4];
  u32 x[3][3][2], y[3][2][2], z[3][1][2], *deltas = blocks + DeltaBlocks;
  float2 last = *(const float2*)(numbers + LastWeights + pair());
#pragma unroll
  for (int i = 0; i < 4; ++i) {
    float by = score[i / 2] * (i % 2 ? last.y : last.x);
    d[0][i] = fourth[0][i] > 0.0f ? by : 0.01f * by;
    g.last[i % 2] = em_fma(score[i / 2], fourth[0][i], g.last[i % 2]);
  }
  stage_thirds(deltas, z, d);
  clear(c);
  multiply<3>(c, z, weights + BackFourth);
  add_staged<3, 1, 3, 1>(g.fourth, blocks + ThirdBlocks, deltas);
  slope(c, blocks + ThirdBlocks);
  stage_thirds(deltas, z, c);
  clear(b);
  multiply<3>(b, z, weights + BackThird);
  add_staged<3, 2, 3, 1>(g.third, blocks + SecondBlocks, deltas);
  slope(b, blocks + SecondBlocks);
  add_rows(g.second_bias, b);
  stage_thirds(deltas, y, b);
  clear(a);
  multiply<3>(a, y, weights + BackSecond);
  add_staged<3, 2, 3, 3>(g.second, deltas, blocks + FirstBlocks);
  slope(a, blocks + FirstBlocks);
  add_rows(g.first_bias, a);
  stage_thirds(deltas, x, a);
  add_staged<1, 6, 3, 3>(g.first, blocks + InputBlocks, deltas);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    clear(a);
    multiply<2>(a, x, weights + BackFirst + half * Registers<18>::Words);
    slope(a, blocks + InputBlocks + half * 6 * 32);
#pragma unroll
    for (int i = 0; i < 6; ++i) input[0][half * 3 + i / 2][i % 2] = em_pack_bf16(a[i / 2][i % 2 * 2], a[i / 2][i % 2 * 2 + 1]);
  }
}

EM_DEV void write(u16* output, int stride, int columns, int first, int end, const u32 (&x)[1][6][2]) {
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    int row = first + half * 8 + group(), column = pair();
    u16* at = output + (size_t)(u32)row * (u32)stride;
    if (row < end && column * 4 < columns) *(uint4*)(at + column * 4) = uint4{x[0][0][half], x[0][1][half], x[0][2][half], x[0][3][half]};
    if (row < end && 32 + column * 2 < columns) *(uint2*)(at + 32 + column * 2) = uint2{x[0][4][half], x[0][5][half]};
  }
}

struct Matrix {
  float* sums;
  int in, out, one;
  EM_DEV_MEMBER void add(int column, int row, float v) const {
    if (row < out && (column < in || column == one)) sums[column < in ? row * in + column : in * out + row] += v;
  }
  template <int Tiles> EM_DEV_MEMBER void add_biases(const float (&bias)[Tiles][2]) const {
#pragma unroll
    for (int i = 0; i < Tiles * 2; ++i) {
      float v = over_groups(bias[i / 2][i % 2]);
      int row = i / 2 * 8 + pair() + i % 2;
      if (group() == 0 && row < out) sums[in * out + row] += v;
    }
  }
  // The sum over the 8 lanes that have the same features.
  EM_DEV float over_groups(float v) {
#pragma unroll
    for (int bits = 4; bits < 32; bits *= 2) v += em_shuffle_xor(v, bits);
    return v;
  }
};

// Adds what a warp has to the block's sums.
EM_DEV void add_up(float* sums, const Gradient& g, const Tail& t) {
  Matrix m[Layers];
#pragma unroll
  for (int l = 0; l < Layers; ++l) m[l] = {sums + start_of(t, l), t.widths[l], t.widths[l + 1], l < 2 ? -1 : l == 2 ? SecondOne : OtherOne};
#pragma unroll
  for (int i = 0; i < 36; ++i) m[0].add(input_feature(i / 12 * 2 + i % 4 / 2, group()), i / 4 % 3 * 8 + pair() + i % 2, g.first[i / 12][i / 4 % 3][i % 4]);
#pragma unroll
  for (int i = 0; i < 12; ++i) m[1].add(i / 4 * 8 + pair() + i % 2, i % 4 / 2 * 8 + group(), g.second[0][i / 4][i % 4]);
#pragma unroll
  for (int i = 0; i < 4; ++i) m[2].add(i / 2 * 8 + group(), pair() + i % 2, g.third[0][0][i]);
#pragma unroll
  for (int i = 0; i < 2; ++i) m[3].add(group(), pair() + i, g.fourth[0][0][i]);
#pragma unroll
  for (int i = 0; i < 2; ++i) m[4].add(group() == 0 ? pair() + i : 8, 0, Matrix::over_groups(g.last[i]));
  m[0].add_biases(g.first_bias);
  m[1].add_biases(g.second_bias);
}

EM_KERNEL(32 * ForwardWarps, 3) critic_tail_mma(const u16* input, int stride, const int* widths, const float* parameters, float* scores, int scores_stride, int rows, int length) {
  EM_SHARED(u32, weights, BackFourth);
  EM_SHARED(float, numbers, Numbers);
  open(weights, numbers, {widths, parameters}, false);
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows, columns = widths[0];
  float2 last = *(const float2*)(numbers + LastWeights + pair());
  for (int first = start + (int)threadIdx.x / 32 * 16; first < end; first += 16 * ForwardWarps) {
    u32 x[1][6][2];
    float fourth[1][4];
    read(x, input, stride, columns, first, end);
    forward<false>(fourth, x, weights, numbers, nullptr);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float sum = em_fma(fourth[0][half * 2 + 1], last.y, fourth[0][half * 2] * last.x);
      sum += em_shuffle_xor(sum, 1);
      sum += em_shuffle_xor(sum, 2);
      int row = first + half * 8 + group();
      if (pair() == 0 && row < end) scores[(size_t)row * scores_stride] = sum + numbers[LastBias];
    }
  }
}
EM_EXPORT(critic_tail_mma)

// The input becomes its delta; gradients (gridDim.x, parameters), a row of them by each block.
EM_KERNEL(32 * Warps, 3) critic_tail_mma_gradient(u16* input, int stride, const int* widths, const float* parameters, const float* score_gradients, int score_stride,
                                                  float* gradients, int rows, int length) {
  EM_DYNAMIC_SHARED(u32, weights);
  float* numbers = (float*)(weights + BackEnd);
  u32* blocks = weights + BackEnd + Numbers;
  Tail t = {widths, parameters};
  open(weights, numbers, t, true);
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows, columns = widths[0], warp = (int)threadIdx.x / 32;
  Gradient g = {};
  for (int first = start + warp * 16; first < end; first += 16 * Warps) {
    u32 x[1][6][2];
    float fourth[1][4], score[2];
    read(x, input, stride, columns, first, end);
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      int row = first + half * 8 + group();
      score[half] = row < end ? score_gradients[(size_t)(u32)row * (u32)score_stride] : 0.0f;
    }
    __syncwarp();
    forward<true>(fourth, x, weights, numbers, blocks + warp * WarpWords);
    backward(g, x, fourth, score, weights, numbers, blocks + warp * WarpWords);
    write(input, stride, columns, first, end, x);
  }
  int count = start_of(t, Layers);
  float* sums = (float*)blocks;
  __syncthreads();
  for (int i = (int)threadIdx.x; i < count; i += 32 * Warps) sums[i] = 0.0f;
  for (int w = 0; w < Warps; ++w) {
    __syncthreads();
    if (w == warp) add_up(sums, g, t);
  }
  __syncthreads();
  for (int i = (int)threadIdx.x; i < count; i += 32 * Warps) gradients[(size_t)blockIdx.x * count + i] = sums[i];
}
EM_EXPORT(critic_tail_mma_gradient)
static_assert((BackEnd + Numbers + Warps * WarpWords) * 4 == 53792, "SharedBytes of critic_tail_mma_gradient");
#endif
