// The narrow layers at a critic's end, in single precision from their stored bf16 input on: forward to T, and backward with
// the activations made again. A block takes `length` rows in tiles of 32, 64 or 128. Activations lie in shared memory, a
// column of a tile after the other; weights too. What bounds these kernels are the reads from shared memory, 4 clocks for
// 16 bytes a lane and 4 multiply-adds a clock, so a thread multiplies 4 rows with 8 columns (3 reads for 32) or with 4.
#include "em.h"

// Widths: input, outputs of the layers; parameters: (out, in) weights and (out) biases, layer by layer.
struct Tail {
  int layers, tile, pitch;
  int row, part, parts;       // of a layer: 4 rows from `row`, every parts-th group of columns from `part`
  const int* widths;          // in shared memory, as all below
  float* by_input;            // weights of a layer (in, out rounded up to 8), then its biases
  float* by_output;           // weights (out, in rounded up to 8)
  float* gradient;            // as the parameters
  float* state;               // columns of `pitch`
};

EM_DEV int round8(int v) { return (v + 7) / 8 * 8; }
EM_DEV float slope(float y, float delta) { return y > 0.0f ? delta : 0.01f * delta; }

// Shared memory: 32 widths, weights, activations; the backward pass keeps weights by output and the gradient as well.
EM_DEV Tail open(float* shared, const int* widths, const float* parameters, int layers, int tile, bool backward) {
  int* own = (int*)shared;
  if ((int)threadIdx.x <= layers) own[threadIdx.x] = widths[threadIdx.x];
  __syncthreads();
  int by_input = 0, by_output = 0, count = 0;
  for (int l = 0; l < layers; ++l) {
    by_input += (own[l] + 1) * round8(own[l + 1]);
    by_output += own[l + 1] * round8(own[l]);
    count += (own[l] + 1) * own[l + 1];
  }
  Tail t;
  t.layers = layers, t.tile = tile, t.pitch = tile + 4;
  t.row = (int)threadIdx.x % (tile / 4) * 4, t.part = (int)threadIdx.x / (tile / 4), t.parts = 1024 / tile;
  t.widths = own;
  t.by_input = shared + 32;
  t.by_output = t.by_input + by_input;
  t.gradient = t.by_output + (backward ? by_output : 0);
  t.state = t.gradient + (backward ? (count + 3) / 4 * 4 : 0);
  for (float* at = t.by_input + threadIdx.x; at < t.state; at += 256) *at = 0.0f;
  __syncthreads();
  float *in = t.by_input, *out = t.by_output;
  const float* from = parameters;
  for (int l = 0; l < layers; ++l) {
    int columns = own[l], rows = own[l + 1];
    for (int i = (int)threadIdx.x; i < columns * rows; i += 256) {
      in[i % columns * round8(rows) + i / columns] = from[i];
      if (backward) out[i / columns * round8(columns) + i % columns] = from[i];
    }
    for (int i = (int)threadIdx.x; i < rows; i += 256) in[columns * round8(rows) + i] = from[columns * rows + i];
    in += (columns + 1) * round8(rows), out += rows * round8(columns), from += (columns + 1) * rows;
  }
  return t;
}

// The tile's rows of the input, a thread twice 8 columns of one at a time; zeros for rows behind the last.
EM_DEV void read_rows(const Tail& t, const u16* input, int stride, int first, int end) {
  int columns = t.widths[0], own = (int)threadIdx.x % t.tile, row = first + own, step = 2048 / t.tile;
#pragma unroll 1
  for (int c = (int)threadIdx.x / t.tile * 8; c < columns; c += 2 * step) {
    uint4 p[2];
#pragma unroll
    for (int i = 0; i < 2; ++i) p[i] = row < end && c + i * step < columns ? *(const uint4*)(input + (size_t)row * stride + c + i * step) : uint4{0, 0, 0, 0};
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int column = c + i * step;
      u32 pairs[4] = {p[i].x, p[i].y, p[i].z, p[i].w};
#pragma unroll
      for (int e = 0; e < 8; ++e)
        if (column + e < columns) t.state[(column + e) * t.pitch + own] = e % 2 ? em_bf16_high(pairs[e / 2]) : em_bf16_low(pairs[e / 2]);
    }
  }
}

// And back.
EM_DEV void write_rows(const Tail& t, u16* output, int stride, int first, int end) {
  int columns = t.widths[0], own = (int)threadIdx.x % t.tile, row = first + own;
  if (row >= end) return;
  for (int c = (int)threadIdx.x / t.tile * 8; c < columns; c += 2048 / t.tile) {
    float v[8];
#pragma unroll
    for (int i = 0; i < 8; ++i) v[i] = c + i < columns ? t.state[(c + i) * t.pitch + own] : 0.0f;
    *(uint4*)(output + (size_t)row * stride + c) = uint4{em_pack_bf16(v[0], v[1]), em_pack_bf16(v[2], v[3]), em_pack_bf16(v[4], v[5]), em_pack_bf16(v[6], v[7])};
  }
}

// sum[i] += sum_k weights[k][i] source[k], for 4 rows; weights with rows of `pitch`.
template <int Columns> EM_DEV void multiply(float (&sum)[Columns][4], const Tail& t, const float* weights, int pitch, const float* source, int count) {
#pragma unroll 2
  for (int k = 0; k < count; ++k) {
    float4 v = *(const float4*)(source + k * t.pitch + t.row);
#pragma unroll
    for (int i = 0; i < Columns; i += 4) {
      float4 four = *(const float4*)(weights + k * pitch + i);
      float w[4] = {four.x, four.y, four.z, four.w};
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        sum[i + e][0] = em_fma(v.x, w[e], sum[i + e][0]);
        sum[i + e][1] = em_fma(v.y, w[e], sum[i + e][1]);
        sum[i + e][2] = em_fma(v.z, w[e], sum[i + e][2]);
        sum[i + e][3] = em_fma(v.w, w[e], sum[i + e][3]);
      }
    }
  }
}

// One layer: `to` = activation of weights (in, out), then biases, by `source`.
template <int Columns> EM_DEV void layer_forward(const Tail& t, const float* weights, const float* source, float* to, int in, int out, bool activated) {
  int pitch = round8(out);
  for (int j = t.part * Columns; j < out; j += t.parts * Columns) {
    float sum[Columns][4];
#pragma unroll
    for (int i = 0; i < Columns; ++i) sum[i][0] = sum[i][1] = sum[i][2] = sum[i][3] = weights[in * pitch + j + i];
    multiply<Columns>(sum, t, weights + j, pitch, source, in);
#pragma unroll
    for (int i = 0; i < Columns; ++i) {
      if (j + i >= out) continue;
      float4 y = {sum[i][0], sum[i][1], sum[i][2], sum[i][3]};
      if (activated) y = {em_leaky_relu(y.x), em_leaky_relu(y.y), em_leaky_relu(y.z), em_leaky_relu(y.w)};
      *(float4*)(to + (j + i) * t.pitch + t.row) = y;
    }
  }
}

// Columns of layers 0 .. count - 1 behind those of the input; the last layer of all has no activation.
EM_DEV void forward(const Tail& t, int count) {
  const float* weights = t.by_input;
  float* source = t.state;
  for (int l = 0; l < count; ++l) {
    int in = t.widths[l], out = t.widths[l + 1];
    float* to = source + in * t.pitch;
    if (out > 16) layer_forward<8>(t, weights, source, to, in, out, l + 1 < t.layers);
    else layer_forward<4>(t, weights, source, to, in, out, l + 1 < t.layers);
    __syncthreads();
    weights += (in + 1) * round8(out);
    source = to;
  }
}

// Adds over the 8 lanes of a group what each has in `sum`; lane i is left with the i-th eighth of the sums, in front.
template <int Count> EM_DEV void share(float (&sum)[Count]) {
#pragma unroll
  for (int bits = 4, left = Count / 2; bits > 0; bits /= 2, left /= 2) {
    bool upper = (em_lane() & (u32)bits) != 0;
#pragma unroll
    for (int i = 0; i < left; ++i) {
      float keep = upper ? sum[i + left] : sum[i], give = upper ? sum[i] : sum[i + left];
      sum[i] = keep + em_shuffle_xor(give, bits);
    }
  }
}

// gradient (out, in) += over the tile's rows: 8 lanes make 4 outputs of 8 inputs, each from every 8th group of 4 rows.
// Columns behind the last of a layer are read and their sums left.
EM_DEV void add_weight_gradient(const Tail& t, float* gradient, const float* source, const float* delta, int in, int out) {
  int across = (out + 3) / 4, items = across * ((in + 7) / 8), slice = (int)threadIdx.x % 8;
  for (int first = (int)threadIdx.x / 32 * 4; first < items; first += 32) {
    int item = first + (int)threadIdx.x % 32 / 8, own = item < items ? item : items - 1, j = own % across * 4, k = own / across * 8;
    float sum[32];
#pragma unroll
    for (int i = 0; i < 32; ++i) sum[i] = 0.0f;
    for (int r = slice * 4; r < t.tile; r += 32) {
      float4 d[4];
#pragma unroll
      for (int e = 0; e < 4; ++e) d[e] = *(const float4*)(delta + (j + e) * t.pitch + r);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        float4 x = *(const float4*)(source + (k + i) * t.pitch + r);
#pragma unroll
        for (int e = 0; e < 4; ++e)
          sum[e * 8 + i] = em_fma(d[e].w, x.w, em_fma(d[e].z, x.z, em_fma(d[e].y, x.y, em_fma(d[e].x, x.x, sum[e * 8 + i]))));
      }
    }
    share(sum);
    // Of 32 sums a lane keeps four in a row: output slice / 2, inputs slice % 2 * 4 ..
    int output = j + slice / 2;
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      int input = k + slice % 2 * 4 + i;
      if (item < items && output < out && input < in) gradient[output * in + input] += sum[i];
    }
  }
}

// gradient (out) += delta over the tile's rows, 8 lanes an output.
EM_DEV void add_bias_gradient(const Tail& t, float* gradient, const float* delta, int out) {
  for (int first = (int)threadIdx.x / 32 * 4; first < out; first += 32) {
    int j = first + (int)threadIdx.x % 32 / 8;
    float sum = 0.0f;
    if (j < out)
      for (int r = (int)threadIdx.x % 8 * 4; r < t.tile; r += 32) {
        float4 d = *(const float4*)(delta + j * t.pitch + r);
        sum += (d.x + d.y) + (d.z + d.w);
      }
#pragma unroll
    for (int bits = 4; bits > 0; bits /= 2) sum += em_shuffle_xor(sum, bits);
    if (j < out && threadIdx.x % 8 == 0) gradient[j] += sum;
  }
}

// The delta of the layer before over its activations, `source`; weights (out, in).
template <int Columns> EM_DEV void layer_backward(const Tail& t, const float* weights, float* source, const float* delta, int in, int out) {
  for (int k = t.part * Columns; k < in; k += t.parts * Columns) {
    float sum[Columns][4];
#pragma unroll
    for (int i = 0; i < Columns; ++i) sum[i][0] = sum[i][1] = sum[i][2] = sum[i][3] = 0.0f;
    multiply<Columns>(sum, t, weights + k, round8(in), delta, out);
#pragma unroll
    for (int i = 0; i < Columns; ++i) {
      if (k + i >= in) continue;
      float4* at = (float4*)(source + (k + i) * t.pitch + t.row);
      float4 y = *at;
      *at = {slope(y.x, sum[i][0]), slope(y.y, sum[i][1]), slope(y.z, sum[i][2]), slope(y.w, sum[i][3])};
    }
  }
}

// Layer by layer from the last, whose delta lies in the last column.
EM_DEV void backward(const Tail& t, int columns, int parameters, int weights) {
  for (int l = t.layers - 1; l >= 0; --l) {
    int in = t.widths[l], out = t.widths[l + 1];
    columns -= in, parameters -= (in + 1) * out, weights -= out * round8(in);
    float *source = t.state + columns * t.pitch, *delta = source + in * t.pitch;
    add_weight_gradient(t, t.gradient + parameters, source, delta, in, out);
    add_bias_gradient(t, t.gradient + parameters + in * out, delta, out);
    __syncthreads();
    if (in > 16) layer_backward<8>(t, t.by_output + weights, source, delta, in, out);
    else layer_backward<4>(t, t.by_output + weights, source, delta, in, out);
    __syncthreads();
  }
}

EM_KERNEL(256, 2) critic_tail(const u16* input, int stride, const int* widths, int layers, const float* parameters, float* scores, int scores_stride, int rows, int length, int tile) {
  EM_DYNAMIC_SHARED(float, shared);
  Tail t = open(shared, widths, parameters, layers, tile, false);
  int last = 0;
  for (int l = 0; l < layers; ++l) last += t.widths[l];
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows;
  for (int first = start; first < end; first += tile) {
    int row = first + (int)threadIdx.x;
    read_rows(t, input, stride, first, end);
    __syncthreads();
    forward(t, layers);
    if ((int)threadIdx.x < tile && row < end) scores[(size_t)row * scores_stride] = t.state[last * t.pitch + threadIdx.x];
    __syncthreads();
  }
}
EM_EXPORT(critic_tail)

// The input becomes its delta; gradients (gridDim.x, parameters), a row of them by each block.
EM_KERNEL(256, 2) critic_tail_gradient(u16* input, int stride, const int* widths, int layers, const float* parameters, const float* score_gradients, int score_stride,
                                       float* gradients, int rows, int length, int tile) {
  EM_DYNAMIC_SHARED(float, shared);
  Tail t = open(shared, widths, parameters, layers, tile, true);
  int last = 0, count = 0, weights = 0;
  for (int l = 0; l < layers; ++l) {
    last += t.widths[l];
    count += (t.widths[l] + 1) * t.widths[l + 1];
    weights += t.widths[l + 1] * round8(t.widths[l]);
  }
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows;
  for (int first = start; first < end; first += tile) {
    int row = first + (int)threadIdx.x;
    float delta = (int)threadIdx.x < tile && row < end ? score_gradients[(size_t)row * score_stride] : 0.0f;
    read_rows(t, input, stride, first, end);
    if ((int)threadIdx.x < tile) t.state[last * t.pitch + threadIdx.x] = delta;
    __syncthreads();
    forward(t, layers - 1);
    backward(t, last, count, weights);
    write_rows(t, input, stride, first, end);
    __syncthreads();
  }
  for (int i = (int)threadIdx.x; i < count; i += 256) gradients[(size_t)blockIdx.x * count + i] = t.gradient[i];
}
EM_EXPORT(critic_tail_gradient)
