// fp32 numbers as bf16 thirds that add up: x = p0 + p1 + p2 to 24 bits. One third is x rounded to bf16.
#include "em.h"

// thirds (count * rows, columns): third i from row i * rows on
EM_KERNEL(256) split3(const void* x, int x_stride, int x_type, u16* thirds, int thirds_stride, int count, int rows, int columns) {
  int column = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (column >= columns) return;
  for (int row = (int)blockIdx.y; row < rows; row += (int)gridDim.y) {
    float rest = em_load(x, (size_t)row * x_stride + column, x_type);
    for (int i = 0; i < count; ++i) {
      u16 third = em_to_bf16(rest);
      thirds[((size_t)i * rows + row) * thirds_stride + column] = third;
      // What overflows or is not finite stays so in the first third; the others add nothing to it.
      float left = rest - em_from_bf16(third);
      rest = left == left ? left : 0.0f;
    }
  }
}
EM_EXPORT(split3)
