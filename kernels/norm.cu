// Norms of rows: one warp a row, eight rows a block; the row is read once a pass and stays in L1.
#include "em.h"

// y = (x - mean) / sqrt(variance + epsilon) * weight + bias + residual; weight, bias, residual may be null
EM_KERNEL(256) layer_norm(const float* x, int x_stride, const void* weight, int weight_type, const void* bias, int bias_type, float epsilon,
                          float* y, int y_stride, const float* residual, int residual_stride, int rows, int columns) {
  int row = (int)(blockIdx.x * 8 + threadIdx.x / 32), lane = (int)em_lane();
  if (row >= rows) return;
  const float* in = x + (size_t)row * x_stride;
  float sum = 0.0f, squares = 0.0f;
  for (int c = lane; c < columns; c += 32) sum += in[c];
  float mean = em_warp_sum(sum) / (float)columns;
  for (int c = lane; c < columns; c += 32) { float d = in[c] - mean; squares = em_fma(d, d, squares); }
  float scale = 1.0f / em_sqrt(em_warp_sum(squares) / (float)columns + epsilon);
  for (int c = lane; c < columns; c += 32) {
    float v = (in[c] - mean) * scale;
    if (weight) v *= em_load(weight, (size_t)c, weight_type);
    if (bias) v += em_load(bias, (size_t)c, bias_type);
    if (residual) v += residual[(size_t)row * residual_stride + c];
    y[(size_t)row * y_stride + c] = v;
  }
}
EM_EXPORT(layer_norm)

// y = x / sqrt(mean(x^2) + epsilon) * weight + residual; weight, residual may be null
EM_KERNEL(256) rms_norm(const float* x, int x_stride, const void* weight, int weight_type, float epsilon,
                        float* y, int y_stride, const float* residual, int residual_stride, int rows, int columns) {
  int row = (int)(blockIdx.x * 8 + threadIdx.x / 32), lane = (int)em_lane();
  if (row >= rows) return;
  const float* in = x + (size_t)row * x_stride;
  float squares = 0.0f;
  for (int c = lane; c < columns; c += 32) squares = em_fma(in[c], in[c], squares);
  float scale = 1.0f / em_sqrt(em_warp_sum(squares) / (float)columns + epsilon);
  for (int c = lane; c < columns; c += 32) {
    float v = in[c] * scale;
    if (weight) v *= em_load(weight, (size_t)c, weight_type);
    if (residual) v += residual[(size_t)row * residual_stride + c];
    y[(size_t)row * y_stride + c] = v;
  }
}
EM_EXPORT(rms_norm)
