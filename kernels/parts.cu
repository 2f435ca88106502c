// fp32 numbers as bf16 parts that add up: x = p0 + p1 + p2 to 24 bits. One part is x rounded to bf16.
#include "em.h"

// parts (count * rows, columns): part i from row i * rows on
EM_KERNEL(256) split_parts(const void* x, int x_stride, int x_type, u16* parts, int parts_stride, int count, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float rest = em_load(x, (size_t)row * x_stride + column, x_type);
    for (int i = 0; i < count; ++i) {
      u16 part = em_to_bf16(rest);
      parts[((size_t)i * rows + row) * parts_stride + column] = part;
      // What overflows or is not finite stays so in the first part; the others add nothing to it.
      float left = rest - em_from_bf16(part);
      rest = left == left ? left : 0.0f;
    }
  }
}
EM_EXPORT(split_parts)
