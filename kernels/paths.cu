// What goes along the paths of a forest, each row from where its parent left off: a convolution with the rows before, and
// recurrences with a state for every channel. Rows are in depth-first order; a state waits for its children in the place
// that the host has chosen, and the last child writes over it.
#include "em.h"

// y[n] = activation(bias + sum over j of weight[., taps - 1 - j] * x[the j-th row before n]): one thread an element
EM_KERNEL(256) convolve_paths(const float* x, int x_stride, const int* parents, int parents_stride, const float* weight, int weight_stride, int taps,
                              const float* bias, int activation, float* y, int y_stride, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  const float* tap = weight + (size_t)column * weight_stride;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float sum = bias ? bias[column] : 0.0f;
    for (int at = row, j = taps - 1; at >= 0 && j >= 0; at = parents[(size_t)at * parents_stride], --j)
      sum = em_fma(tap[j], x[(size_t)at * x_stride + column], sum);
    y[(size_t)row * y_stride + column] = em_activate(sum, activation);
  }
}
EM_EXPORT(convolve_paths)

// ln(1 + e^x); the quotient takes back what 1 + e^-|x| has lost of a small e^-|x|
EM_DEV float soft_plus(float x) {
  float small = em_exp(x < 0.0f ? x : -x), sum = 1.0f + small;
  return (x > 0.0f ? x : 0.0f) + (sum == 1.0f ? small : em_log(sum) * (small / (sum - 1.0f)));
}

constexpr int Warps = 4;                                                   // a warp a channel, its lanes share the state

// state = e^(-step rate) * the parent's + step x b; y = state c + skip x
EM_KERNEL(128) scan_paths(const float* x, int x_stride, const float* steps, int steps_stride, const float* b, int b_stride, const float* c, int c_stride,
                          const float* log_rates, int rates_stride, int by_state, const float* step_bias, float least, float most, const float* skip,
                          const int* parents, int parents_stride, const int* places, int places_stride, float* states,
                          float* y, int y_stride, int channels, int width, int group, int size, int rows) {
  int channel = (int)blockIdx.x * Warps + (int)threadIdx.x / 32, lane = (int)em_lane();
  if (channel >= channels) return;
  int head = channel / width, first = head / group * size;
  const float* rates = log_rates + (size_t)head * rates_stride;
  float rate = em_exp(rates[0]);
  for (int row = 0; row < rows; ++row) {
    int parent = parents[(size_t)row * parents_stride];
    const float* from = parent < 0 ? nullptr : states + ((size_t)places[(size_t)parent * places_stride] * channels + channel) * size;
    float* to = states + ((size_t)places[(size_t)row * places_stride] * channels + channel) * size;
    float step = soft_plus(steps[(size_t)row * steps_stride + head] + (step_bias ? step_bias[head] : 0.0f));
    step = step < least ? least : step > most ? most : step;
    float own = x[(size_t)row * x_stride + channel], input = step * own, sum = 0.0f;
    for (int i = lane; i < size; i += 32) {
      float state = input * b[(size_t)row * b_stride + first + i];
      if (from) state = em_fma(em_exp(-step * (by_state ? em_exp(rates[i]) : rate)), from[i], state);
      to[i] = state;
      sum = em_fma(state, c[(size_t)row * c_stride + first + i], sum);
    }
    sum = em_warp_sum(sum);
    if (lane == 0) y[(size_t)row * y_stride + channel] = em_fma(skip[head], own, sum);
  }
}
EM_EXPORT(scan_paths)

// kept = e^(-rate softplus(step)) * the parent's; state = kept + k (v - kept k) sigmoid(gate); y = state q
EM_KERNEL(128) delta_paths(const float* q, int q_stride, const float* k, int k_stride, const float* v, int v_stride, const float* steps, int steps_stride,
                           const float* gates, int gates_stride, const float* log_rates, int rates_stride, const float* step_bias,
                           const int* parents, int parents_stride, const int* places, int places_stride, float* states,
                           float* y, int y_stride, int channels, int width, int group, int size, int rows) {
  int channel = (int)blockIdx.x * Warps + (int)threadIdx.x / 32, lane = (int)em_lane();
  if (channel >= channels) return;
  int head = channel / width, first = head / group * size;
  float rate = em_exp(log_rates[(size_t)head * rates_stride]);
  for (int row = 0; row < rows; ++row) {
    int parent = parents[(size_t)row * parents_stride];
    const float* from = parent < 0 ? nullptr : states + ((size_t)places[(size_t)parent * places_stride] * channels + channel) * size;
    float* to = states + ((size_t)places[(size_t)row * places_stride] * channels + channel) * size;
    const float* query = q + (size_t)row * q_stride + first;
    const float* key = k + (size_t)row * k_stride + first;
    float decay = em_exp(-rate * soft_plus(steps[(size_t)row * steps_stride + head] + step_bias[head])), known = 0.0f;
    for (int i = lane; i < size; i += 32) {
      float kept = from ? decay * from[i] : 0.0f;
      to[i] = kept;
      known = em_fma(kept, key[i], known);
    }
    known = em_warp_sum(known);
    float gate = 1.0f / (1.0f + em_exp(-gates[(size_t)row * gates_stride + head])), sum = 0.0f;
    float change = (v[(size_t)row * v_stride + channel] - known) * gate;
    for (int i = lane; i < size; i += 32) {
      float state = em_fma(key[i], change, to[i]);
      to[i] = state;
      sum = em_fma(state, query[i], sum);
    }
    sum = em_warp_sum(sum);
    if (lane == 0) y[(size_t)row * y_stride + channel] = sum;
  }
}
EM_EXPORT(delta_paths)
