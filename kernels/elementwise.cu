// Ops on single elements of (rows, columns) matrices with a row stride: one thread an element, a grid-stride loop over rows.
#include "em.h"

// y = activation(gate) * up
EM_KERNEL(256) gate(const float* gate, int gate_stride, const float* up, int up_stride, float* y, int y_stride, int rows, int columns, int activation) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y)
    y[(size_t)row * y_stride + column] = em_activate(gate[(size_t)row * gate_stride + column], activation) * up[(size_t)row * up_stride + column];
}
EM_EXPORT(gate)

// y = factor * x + residual, which may be null
EM_KERNEL(256) scale(const float* x, int x_stride, float factor, float* y, int y_stride, const float* residual, int residual_stride, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float v = factor * x[(size_t)row * x_stride + column];
    if (residual) v += residual[(size_t)row * residual_stride + column];
    y[(size_t)row * y_stride + column] = v;
  }
}
EM_EXPORT(scale)

// x to least where it is below, to most where it is above
EM_KERNEL(256) clip(float* x, int stride, int rows, int columns, float least, float most) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float* at = x + (size_t)row * stride + column;
    *at = *at < least ? least : *at > most ? most : *at;
  }
}
EM_EXPORT(clip)

// x = linear x + (x > 0 ? positive x^2 : negative (e^min(x, limit) - 1 - x)), with e^x - 1 = 2 t / (1 - t), t = tanh(x / 2)
EM_KERNEL(256) apply_xielu(float* x, int stride, int rows, int columns, float positive, float negative, float linear, float limit) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float* at = x + (size_t)row * stride + column;
    float v = *at, t = em_tanh(0.5f * (v > limit ? limit : v));
    *at = em_fma(linear, v, v > 0.0f ? positive * v * v : negative * (2.0f * t / (1.0f - t) - v));
  }
}
EM_EXPORT(apply_xielu)

// x = cap * tanh(x / cap)
EM_KERNEL(256) soft_cap(float* x, int stride, int rows, int columns, float cap) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float* at = x + (size_t)row * stride + column;
    *at = cap * em_tanh(*at / cap);
  }
}
EM_EXPORT(soft_cap)

// dy *= f'(z) of y = leaky_relu(z)
EM_KERNEL(256) leaky_relu_gradient(const float* y, int y_stride, float* dy, int dy_stride, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y)
    if (!(y[(size_t)row * y_stride + column] > 0.0f)) dy[(size_t)row * dy_stride + column] *= 0.01f;
}
EM_EXPORT(leaky_relu_gradient)

// y[r] = leaky_relu(zx[a[r]] + zy[b[r]])
EM_KERNEL(256) add_pairs(const float* zx, int zx_stride, const int* a, int a_stride, const float* zy, int zy_stride, const int* b, int b_stride, float* y, int y_stride, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float z = zx[(size_t)a[(size_t)row * a_stride] * zx_stride + column] + zy[(size_t)b[(size_t)row * b_stride] * zy_stride + column];
    y[(size_t)row * y_stride + column] = em_leaky_relu(z);
  }
}
EM_EXPORT(add_pairs)
