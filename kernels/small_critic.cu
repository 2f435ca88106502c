// All of a training in one block: steps of a critic 64-32-16-1 without a launch between them. Every sum runs in the order
// of the ops it replaces (matmul, sum_rows, sum_by_index, donsker_varadhan, adam), so the bytes are theirs.
// A tile of 64 pairs goes forward for its scores, and again, when the partition is known, forward and backward.
// Where it wins, counted and not yet measured: a step of the ops is about 50 launches, at best 100 us of latency and, over
// many streams, some us of the device's front end, whatever its size. Here a tile is 4 passes of 64 x 2,576 multiply-adds
// for 256 lanes, about 13,000 clocks with their loads from shared memory, and the first layer 2 (Kx + Ky) 64 d of them:
// with 25 classes a side and all 625 pairs a step is 0.1 ms of one block, and 132 multiprocessors hold 264 of them. At
// 4,096 pairs it is 0.5 ms, 2 to 4 us for each training, where the launches begin to be the cheaper way.
#include "em.h"
#include "em_critic.h"
#include "em_pairs.h"
#include "em_tile.h"

constexpr int Threads = 256, Rows = 64, Width1 = 64, Width2 = 32, Width3 = 16, MaxClasses = 160, Chunk = 1024;
constexpr int Pitch1 = Width1 + 4, Pitch2 = Width2 + 4, Pitch3 = Width3 + 4;
constexpr int Biases = Width1 + Width2 + Width3 + 1;

// x or y: inputs (rows, columns), their halves z (rows, 64) of the first layer, and the table that draws a row.
struct Side {
  const float* inputs;
  float* z;
  const u32* thresholds;
  const int* aliases;
  int rows, columns, stride, count;
};

struct SmallTraining {
  Side sides[2];
  int *a, *b;                                                  // (rows, 1), drawn anew from row `fixed` on
  const float *joint, *marginal;                               // (rows, 1)
  float *parameters, *first, *second, *scores;
  const int *starts, *columns;
  const float2* scales;
  Partition* values;
  u64 seed;
  u32 cell, stream;
  int step, fixed, rows, unused;
};
static_assert(sizeof(SmallTraining) == 224, "size of BlockTraining");

// Activations of a tile, deltas of its layers 2 and 3 (those of layer 1 replace its activations), weights, and the sums
// of the first layer's deltas by class, those of x before those of y.
struct Memory {
  float a1[Rows * Pitch1], a2[Rows * Pitch2], a3[Rows * Pitch3], d2[Rows * Pitch2], d3[Rows * Pitch3];
  float w2[Width2 * Pitch1], w3[Width3 * Pitch2], w4[Width3], b2[Width2], b3[Width3], b4[4], g[Rows];
  int a[Rows], b[Rows];
  int zero, step, unused[2];                                   // step: of this launch
  double largest, partition;                                   // max T and sum q e^(T - max) of all pairs
  float sums[MaxClasses * Width1];
};
static_assert(sizeof(Memory) == 99120, "SharedBytes of small_critic");

// The thread's index, where the compiler cannot see that it stays: addresses made from it once and for all would take more
// registers than two blocks of a multiprocessor leave.
EM_DEV int own_thread(const Memory* s) { return (int)threadIdx.x + s->zero; }

EM_DEV float slope(float y, float delta) { return y > 0.0f ? delta : delta * 0.01f; }

EM_DEV float dot4(float4 a, float4 b, float sum) { return em_fma(a.w, b.w, em_fma(a.z, b.z, em_fma(a.y, b.y, em_fma(a.x, b.x, sum)))); }

EM_DEV Alias table(const Side& side) { return {side.thresholds, side.aliases, side.count}; }

EM_DEV void draw(const SmallTraining& t, int step) {
  for (int pair = (int)threadIdx.x; t.fixed + pair < t.rows; pair += Threads) {
    DrawnPair drawn = em_draw_off_support(table(t.sides[0]), table(t.sides[1]), {t.starts, t.columns}, t.stream, pair, step, t.cell, t.seed);
    t.a[t.fixed + pair] = drawn.a;
    t.b[t.fixed + pair] = drawn.b;
  }
}

// z = inputs weight' + bias; weight (64, pitch)
EM_DEV void project(Memory* s, const Side& side, const float* weight, int pitch, const float* bias) {
  int rows = side.rows;
  for (int row0 = 0; row0 < rows; row0 += Tile) {
    Fragment sum = multiply({side.inputs, side.stride, 1, 0}, {weight, pitch, 1, 0}, rows, Width1, 0, side.columns, row0, 0, s->a2, s->a2 + Depth * Pitch);
    int row = row0 + own_thread(s) / 16 * 4, column = own_thread(s) % 16 * 4;
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        if (row + i < rows) side.z[(row + i) * Width1 + column + j] = bias ? sum.v[i][j] + bias[column + j] : sum.v[i][j];
  }
}

EM_DEV void load_weights(Memory* s, const float* w) {
  int thread = own_thread(s);
  for (int i = thread; i < Width2 * Width1; i += Threads) s->w2[i / Width1 * Pitch1 + i % Width1] = w[i];
  w += Width2 * Width1;
  if (thread < Width2) s->b2[thread] = w[thread];
  w += Width2;
  for (int i = thread; i < Width3 * Width2; i += Threads) s->w3[i / Width2 * Pitch2 + i % Width2] = w[i];
  w += Width3 * Width2;
  if (thread < Width3) s->b3[thread] = w[thread], s->w4[thread] = w[Width3 + thread];
  if (thread == 0) s->b4[0] = w[2 * Width3];
}

// The activations of rows row0 .., and the score of row row0 + thread in the first 64 threads. Rows past the end are of pair (0, 0).
EM_DEV float forward(Memory* s, const SmallTraining& t, int row0) {
  int thread = own_thread(s);
  {
    int row = thread / 4, column = thread % 4 * 4;
    bool inside = row0 + row < t.rows;
    int a = inside ? t.a[row0 + row] : 0, b = inside ? t.b[row0 + row] : 0;
    if (column == 0) s->a[row] = a, s->b[row] = b;
#pragma unroll
    for (int c = 0; c < Width1; c += 16) {
      float4 x = *(const float4*)(t.sides[0].z + a * Width1 + column + c), y = *(const float4*)(t.sides[1].z + b * Width1 + column + c);
      *(float4*)(s->a1 + row * Pitch1 + column + c) = {em_leaky_relu(x.x + y.x), em_leaky_relu(x.y + y.y), em_leaky_relu(x.z + y.z), em_leaky_relu(x.w + y.w)};
    }
  }
  __syncthreads();
  {
    int row = thread / 8 * 2, column = thread % 8;
    float sum[2][4] = {{0.0f, 0.0f, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f, 0.0f}};
#pragma unroll 4
    for (int k = 0; k < Width1; k += 4) {
      float4 x0 = *(const float4*)(s->a1 + row * Pitch1 + k), x1 = *(const float4*)(s->a1 + (row + 1) * Pitch1 + k);
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        float4 w = *(const float4*)(s->w2 + (column + 8 * j) * Pitch1 + k);
        sum[0][j] = dot4(x0, w, sum[0][j]);
        sum[1][j] = dot4(x1, w, sum[1][j]);
      }
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      s->a2[row * Pitch2 + column + 8 * j] = em_leaky_relu(sum[0][j] + s->b2[column + 8 * j]);
      s->a2[(row + 1) * Pitch2 + column + 8 * j] = em_leaky_relu(sum[1][j] + s->b2[column + 8 * j]);
    }
  }
  __syncthreads();
  {
    int row = thread / 4, column = thread % 4;
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll
    for (int k = 0; k < Width2; k += 4) {
      float4 x = *(const float4*)(s->a2 + row * Pitch2 + k);
#pragma unroll
      for (int j = 0; j < 4; ++j) sum[j] = dot4(x, *(const float4*)(s->w3 + (column + 4 * j) * Pitch2 + k), sum[j]);
    }
#pragma unroll
    for (int j = 0; j < 4; ++j) s->a3[row * Pitch3 + column + 4 * j] = em_leaky_relu(sum[j] + s->b3[column + 4 * j]);
  }
  __syncthreads();
  float score = 0.0f;
  if (thread < Rows) {
#pragma unroll
    for (int k = 0; k < Width3; k += 4) score = dot4(*(const float4*)(s->a3 + thread * Pitch3 + k), *(const float4*)(s->w4 + k), score);
    score += s->b4[0];
  }
  return score;
}

// The partition of all scores, for the gradients and, as the value of the step, for the host.
EM_DEV void evaluate(Memory* s, const SmallTraining& t) {
  Partition* partitions = (Partition*)s->a1;
  __syncthreads();
  em_join_block<Threads>(em_partition_of(t.scores, 1, t.joint, 1, t.marginal, 1, (int)threadIdx.x, t.rows, Threads), partitions);
  if (threadIdx.x == 0) {
    t.values[s->step] = partitions[0];
    s->largest = partitions[0].max;
    s->partition = partitions[0].sum;
  }
  __syncthreads();
}

// Gradients that a thread sums over all tiles: 2 x 4 of layer 2, 2 of layer 3, one of layer 4, and its shares of the biases.
struct Gradients { float w2[2][4], w3[2], w4, b1[2], b2, b3; };

// From the scores' gradients s->g back to layer 1, whose deltas replace its activations.
EM_DEV void backward(Memory* s, Gradients& sum) {
  int thread = own_thread(s);
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    int row = thread / 4, column = thread % 4 + 4 * j;
    s->d3[row * Pitch3 + column] = slope(s->a3[row * Pitch3 + column], em_fma(s->g[row], s->w4[column], 0.0f));
  }
  __syncthreads();
  {
    int row = thread / 8 * 2, column = thread % 8;
    float delta[2][4] = {{0.0f, 0.0f, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f, 0.0f}};
#pragma unroll
    for (int k = 0; k < Width3; ++k) {
      float x0 = s->d3[row * Pitch3 + k], x1 = s->d3[(row + 1) * Pitch3 + k];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        float w = s->w3[k * Pitch2 + column + 8 * j];
        delta[0][j] = em_fma(x0, w, delta[0][j]);
        delta[1][j] = em_fma(x1, w, delta[1][j]);
      }
    }
#pragma unroll
    for (int i = 0; i < 2; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        int at = (row + i) * Pitch2 + column + 8 * j;
        s->d2[at] = slope(s->a2[at], delta[i][j]);
      }
    int output = thread / 16, input = thread % 16;
#pragma unroll 8
    for (int r = 0; r < Rows; ++r) {
      float d = s->d3[r * Pitch3 + output];
      sum.w3[0] = em_fma(d, s->a2[r * Pitch2 + input], sum.w3[0]);
      sum.w3[1] = em_fma(d, s->a2[r * Pitch2 + input + 16], sum.w3[1]);
    }
    // Warps of their own: layer 4, and the biases of layers 3 and 4, eight shares each.
    if (thread >= Threads - Width3)
      for (int r = 0; r < Rows; ++r) sum.w4 = em_fma(s->g[r], s->a3[r * Pitch3 + thread - (Threads - Width3)], sum.w4);
    if (thread < 8 * Width3)
      for (int r = thread / Width3; r < Rows; r += 8) sum.b3 += s->d3[r * Pitch3 + thread % Width3];
    else if (thread < 8 * Width3 + 8)
      for (int r = thread - 8 * Width3; r < Rows; r += 8) sum.b3 += s->g[r];
  }
  __syncthreads();
  {
    int output = thread / 16 * 2, input = thread % 16 * 4;
#pragma unroll 8
    for (int r = 0; r < Rows; ++r) {
      float2 d = *(const float2*)(s->d2 + r * Pitch2 + output);
      float4 x = *(const float4*)(s->a1 + r * Pitch1 + input);
      float xs[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
      for (int j = 0; j < 4; ++j) sum.w2[0][j] = em_fma(d.x, xs[j], sum.w2[0][j]), sum.w2[1][j] = em_fma(d.y, xs[j], sum.w2[1][j]);
    }
    for (int r = thread / Width2; r < Rows; r += 8) sum.b2 += s->d2[r * Pitch2 + thread % Width2];
  }
  int row = thread / 16 * 4, column = thread % 16 * 4;
  float delta[4][4];
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) delta[i][j] = 0.0f;
#pragma unroll 4
  for (int k = 0; k < Width2; ++k) {
    float4 w = *(const float4*)(s->w2 + k * Pitch1 + column);
    float ws[4] = {w.x, w.y, w.z, w.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      float x = s->d2[(row + i) * Pitch2 + k];
#pragma unroll
      for (int j = 0; j < 4; ++j) delta[i][j] = em_fma(x, ws[j], delta[i][j]);
    }
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 4; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) {
      float* at = s->a1 + (row + i) * Pitch1 + column + j;
      *at = slope(*at, delta[i][j]);
    }
  __syncthreads();
}

// Adds the first layer's deltas of `rows` rows to the sums of their classes, in order: a column has two threads for x and
// two for y, one for the even and one for the odd classes.
EM_DEV void add_by_class(Memory* s, const SmallTraining& t, int rows, Gradients& sum) {
  int thread = own_thread(s), column = thread % Width1, group = thread / Width1;
  const int* classes = group < 2 ? s->a : s->b;
  float* sums = s->sums + (group < 2 ? 0 : t.sides[0].rows * Width1) + column;
  for (int r = 0; r < rows; ++r) {
    int c = classes[r];
    if ((c & 1) == (group & 1)) sums[c * Width1] += s->a1[r * Pitch1 + column];
  }
#pragma unroll
  for (int j = 0; j < 2; ++j)
    for (int r = group + 4 * j; r < Rows; r += 8) sum.b1[j] += s->a1[r * Pitch1 + column];
}

// Ends a chunk of the biases' sums: their eight shares in order, added to what the chunks before made. Bias i is thread i's.
EM_DEV void end_chunk(Memory* s, Gradients& sum, float& total) {
  int thread = own_thread(s);
  float* shares = s->d2;  // (8, Biases)
  shares[thread / Width1 * Biases + thread % Width1] = sum.b1[0];
  shares[(thread / Width1 + 4) * Biases + thread % Width1] = sum.b1[1];
  shares[thread / Width2 * Biases + Width1 + thread % Width2] = sum.b2;
  if (thread < 8 * Width3) shares[thread / Width3 * Biases + Width1 + Width2 + thread % Width3] = sum.b3;
  else if (thread < 8 * Width3 + 8) shares[(thread - 8 * Width3) * Biases + Biases - 1] = sum.b3;
  sum.b1[0] = sum.b1[1] = sum.b2 = sum.b3 = 0.0f;
  __syncthreads();
  if (thread < Biases) {
    float chunk = shares[thread];
    for (int i = 1; i < 8; ++i) chunk += shares[i * Biases + thread];
    total += chunk;
  }
  __syncthreads();
}

EM_DEV void update(const SmallTraining& t, int at, float gradient, float2 scale) { em_adam(t.parameters + at, gradient, t.first + at, t.second + at, scale.x, scale.y); }

// Half of the first layer's weights: gradient (64, columns) = sums' inputs; sums (rows, 64)
EM_DEV void update_first(Memory* s, const SmallTraining& t, const Side& side, const float* sums, int pitch, int start, float2 scale) {
  int columns = side.columns;
  for (int column0 = 0; column0 < columns; column0 += Tile) {
    Fragment sum = multiply({sums, 1, Width1, 0}, {side.inputs, 1, side.stride, 0}, Width1, columns, 0, side.rows, 0, column0, s->a2, s->a2 + Depth * Pitch);
    int output = own_thread(s) / 16 * 4, column = column0 + own_thread(s) % 16 * 4;
#pragma unroll
    for (int i = 0; i < 4; ++i)
#pragma unroll
      for (int j = 0; j < 4; ++j)
        if (column + j < columns) update(t, (output + i) * pitch + start + column + j, sum.v[i][j], scale);
  }
}

// The inner layers; `at`: where their parameters begin, behind the first layer's.
EM_DEV void update_inner(const Memory* s, const SmallTraining& t, int at, const Gradients& sum, float total, float2 scale) {
  int thread = own_thread(s), w3 = at + Width2 * (Width1 + 1), w4 = w3 + Width3 * (Width2 + 1);
#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j) update(t, at + (thread / 16 * 2 + i) * Width1 + thread % 16 * 4 + j, sum.w2[i][j], scale);
#pragma unroll
  for (int j = 0; j < 2; ++j) update(t, w3 + thread / 16 * Width2 + thread % 16 + 16 * j, sum.w3[j], scale);
  if (thread >= Threads - Width3) update(t, w4 + thread - (Threads - Width3), sum.w4, scale);
  int bias = thread < Width1 ? at - Width1 + thread : thread < Width1 + Width2 ? w3 - Width2 + thread - Width1 : thread < Biases - 1 ? w4 - Width3 + thread - Width1 - Width2 : w4 + Width3;
  if (thread < Biases) update(t, bias, total, scale);
}

EM_KERNEL(256, 2) small_critic(const SmallTraining* trainings, int steps) {
  EM_DYNAMIC_SHARED(Memory, s);
  const SmallTraining& t = trainings[blockIdx.x];
  if (threadIdx.x == 0) s->zero = 0, s->step = 0;
  __syncthreads();
#pragma unroll 1
  while (s->step < steps) {
    int pitch = t.sides[0].columns + t.sides[1].columns;
    draw(t, t.step + s->step);
    load_weights(s, t.parameters + Width1 * (pitch + 1));
#pragma unroll 1
    for (int i = 0; i < 2; ++i) project(s, t.sides[i], t.parameters + (i ? t.sides[0].columns : 0), pitch, i ? nullptr : t.parameters + Width1 * pitch);
    for (int i = own_thread(s); i < (t.sides[0].rows + t.sides[1].rows) * Width1; i += Threads) s->sums[i] = 0.0f;
    __syncthreads();

    Gradients gradients = {{{0.0f, 0.0f, 0.0f, 0.0f}, {0.0f, 0.0f, 0.0f, 0.0f}}, {0.0f, 0.0f}, 0.0f, {0.0f, 0.0f}, 0.0f, 0.0f};
    float total = 0.0f;
    // Twice over the pairs, with one copy of the code.
#pragma unroll 1
    for (int back = 0; back < 2; ++back) {
#pragma unroll 1
      for (int row0 = 0; row0 < t.rows; row0 += Rows) {
        float score = forward(s, t, row0);
        int thread = own_thread(s), row = row0 + thread;
        if (!back) {
          if (thread < Rows && row < t.rows) t.scores[row] = score;
          continue;
        }
        if (thread < Rows) s->g[thread] = row < t.rows ? em_score_gradient(score, t.joint[row], t.marginal[row], s->largest, s->partition) : 0.0f;
        __syncthreads();
        backward(s, gradients);
        add_by_class(s, t, t.rows - row0 < Rows ? t.rows - row0 : Rows, gradients);
        __syncthreads();
        if ((row0 + Rows) % Chunk == 0 || row0 + Rows >= t.rows) end_chunk(s, gradients, total);
      }
      if (!back) evaluate(s, t);
    }

    float2 scale = t.scales[s->step];
    pitch = t.sides[0].columns + t.sides[1].columns;
    update_inner(s, t, Width1 * (pitch + 1), gradients, total, scale);
#pragma unroll 1
    for (int i = 0; i < 2; ++i) update_first(s, t, t.sides[i], s->sums + (i ? t.sides[0].rows * Width1 : 0), pitch, i ? t.sides[0].columns : 0, scale);
    __syncthreads();
    if (threadIdx.x == 0) s->step++;
    __syncthreads();
  }
}
EM_EXPORT(small_critic)
