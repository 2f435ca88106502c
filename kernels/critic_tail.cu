// The narrow layers at a critic's end, in single precision from their stored bf16 input on: forward to T, and backward with
// the activations made again. A block takes `length` rows in tiles of 32, 64 or 128; thread (row, part) of a tile makes every
// parts-th group of 8 columns of a layer. Activations lie in shared memory, a column of a tile after the other; weights too.
#include "em.h"

// Widths: input, outputs of the layers; parameters: (out, in) weights and (out) biases, layer by layer.
struct Tail {
  int layers, tile, pitch, parts, row, part;
  const int* widths;          // in shared memory, as all below
  float* by_input;            // weights of a layer (in, out rounded up to 8), then its biases
  float* by_output;           // weights (out, in rounded up to 8)
  float* gradient;            // as the parameters
  float* state;               // columns of `pitch`
};

EM_DEV int round8(int v) { return (v + 7) / 8 * 8; }

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
  t.layers = layers, t.tile = tile, t.pitch = tile + 4, t.parts = 256 / tile, t.row = (int)threadIdx.x % tile, t.part = (int)threadIdx.x / tile;
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

// Input columns of this thread's row; zeros for rows behind the last.
EM_DEV void read_rows(const Tail& t, const u16* input, int stride, int row, bool inside) {
  int columns = t.widths[0];
  for (int c = t.part * 8; c < columns; c += t.parts * 8) {
    uint4 p = inside ? *(const uint4*)(input + (size_t)row * stride + c) : uint4{0, 0, 0, 0};
    u32 pairs[4] = {p.x, p.y, p.z, p.w};
#pragma unroll
    for (int i = 0; i < 8; ++i)
      if (c + i < columns) t.state[(c + i) * t.pitch + t.row] = i % 2 ? em_bf16_high(pairs[i / 2]) : em_bf16_low(pairs[i / 2]);
  }
}

// sum[i] += sum_k weights[k][i] source[k], weights with rows of `pitch`
EM_DEV void multiply(float (&sum)[8], const Tail& t, const float* weights, int pitch, const float* source, int count) {
#pragma unroll 2
  for (int k = 0; k < count; ++k) {
    float v = source[k * t.pitch + t.row];
    float4 low = *(const float4*)(weights + k * pitch), high = *(const float4*)(weights + k * pitch + 4);
    float w[8] = {low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) sum[i] = em_fma(v, w[i], sum[i]);
  }
}

// Columns of layers 0 .. count - 1 behind those of the input; the last layer of all has no activation.
EM_DEV void forward(const Tail& t, int count) {
  const float* weights = t.by_input;
  float* source = t.state;
  for (int l = 0; l < count; ++l) {
    int in = t.widths[l], out = t.widths[l + 1], pitch = round8(out);
    float* to = source + in * t.pitch;
    for (int j = t.part * 8; j < out; j += t.parts * 8) {
      float sum[8];
#pragma unroll
      for (int i = 0; i < 8; ++i) sum[i] = weights[in * pitch + j + i];
      multiply(sum, t, weights + j, pitch, source, in);
#pragma unroll
      for (int i = 0; i < 8; ++i)
        if (j + i < out) to[(j + i) * t.pitch + t.row] = l + 1 < t.layers ? em_leaky_relu(sum[i]) : sum[i];
    }
    __syncthreads();
    weights += (in + 1) * pitch;
    source = to;
  }
}

// gradient (out, in), (out) += over the tile's rows, by a thread 4 outputs of one input; input `in` stands for the bias.
EM_DEV void add_gradient(const Tail& t, float* gradient, const float* source, const float* delta, int in, int out) {
  int items = (out + 3) / 4 * (in + 1);
  for (int item = (int)threadIdx.x; item < items; item += 256) {
    int j = item / (in + 1) * 4, k = item % (in + 1);
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
#pragma unroll 2
    for (int r = 0; r < t.tile; r += 4) {
      float4 x = k < in ? *(const float4*)(source + k * t.pitch + r) : float4{1.0f, 1.0f, 1.0f, 1.0f};
#pragma unroll
      for (int e = 0; e < 4; ++e) {
        float4 d = *(const float4*)(delta + (j + e) * t.pitch + r);
        sum[e] = em_fma(d.w, x.w, em_fma(d.z, x.z, em_fma(d.y, x.y, em_fma(d.x, x.x, sum[e]))));
      }
    }
#pragma unroll
    for (int e = 0; e < 4; ++e)
      if (j + e < out) gradient[k < in ? (j + e) * in + k : out * in + j + e] += sum[e];
  }
}

// Layer by layer from the last, whose delta lies in the last column: gradients, then the delta of the layer before over its
// activations.
EM_DEV void backward(const Tail& t, int columns, int parameters, int weights) {
  for (int l = t.layers - 1; l >= 0; --l) {
    int in = t.widths[l], out = t.widths[l + 1];
    columns -= in, parameters -= (in + 1) * out, weights -= out * round8(in);
    float *source = t.state + columns * t.pitch, *delta = source + in * t.pitch;
    add_gradient(t, t.gradient + parameters, source, delta, in, out);
    __syncthreads();
    for (int k = t.part * 8; k < in; k += t.parts * 8) {
      float sum[8] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};
      multiply(sum, t, t.by_output + weights + k, round8(in), delta, out);
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        if (k + i >= in) continue;
        float* at = source + (k + i) * t.pitch + t.row;
        *at = *at > 0.0f ? sum[i] : 0.01f * sum[i];
      }
    }
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
    int row = first + t.row;
    read_rows(t, input, stride, row, row < end);
    __syncthreads();
    forward(t, layers);
    if (t.part == 0 && row < end) scores[(size_t)row * scores_stride] = t.state[last * t.pitch + t.row];
    __syncthreads();
  }
}
EM_EXPORT(critic_tail)

// The input becomes its delta; gradients (gridDim.x, parameters), a row of them by each block.
EM_KERNEL(256, 2) critic_tail_gradient(u16* input, int stride, const int* widths, int layers, const float* parameters, const float* score_gradients, int score_stride,
                                       float* gradients, int rows, int length, int tile) {
  EM_DYNAMIC_SHARED(float, shared);
  Tail t = open(shared, widths, parameters, layers, tile, true);
  int last = 0, count = 0, weights = 0, columns = t.widths[0];
  for (int l = 0; l < layers; ++l) {
    last += t.widths[l];
    count += (t.widths[l] + 1) * t.widths[l + 1];
    weights += t.widths[l + 1] * round8(t.widths[l]);
  }
  int start = (int)blockIdx.x * length, end = start + length < rows ? start + length : rows;
  for (int first = start; first < end; first += tile) {
    int row = first + t.row;
    bool inside = row < end;
    read_rows(t, input, stride, row, inside);
    if (t.part == 0) t.state[last * t.pitch + t.row] = inside ? score_gradients[(size_t)row * score_stride] : 0.0f;
    __syncthreads();
    forward(t, layers - 1);
    backward(t, last, count, weights);
    for (int c = t.part * 8; c < columns; c += t.parts * 8) {
      float v[8];
#pragma unroll
      for (int i = 0; i < 8; ++i) v[i] = c + i < columns ? t.state[(c + i) * t.pitch + t.row] : 0.0f;
      if (inside) *(uint4*)(input + (size_t)row * stride + c) = uint4{em_pack_bf16(v[0], v[1]), em_pack_bf16(v[2], v[3]), em_pack_bf16(v[4], v[5]), em_pack_bf16(v[6], v[7])};
    }
    __syncthreads();
  }
  for (int i = (int)threadIdx.x; i < count; i += 256) gradients[(size_t)blockIdx.x * count + i] = t.gradient[i];
}
EM_EXPORT(critic_tail_gradient)
