// The values of a packed matrix, whatever its form: (code - zero) * scale * factor, each step rounded to single precision. One thread
// an element; what differs between forms is the same for all threads. Addresses are those that byte 0 of a part would have: only what
// the rows ask for is there.
#include "em.h"

struct Unpacking {
  const void* codes;             // (rows, columns) numbers
  const float* table;            // 16 values of codes that are an index
  const void* zeros;             // numbers, one a block; none: all are zero_offset
  const void* scales;            // one a block, or a run
  const float* nested_table;     // 256 values of scales that are an index
  const float* nested_scales;    // of these, one for nested_run of them
  const int* row_groups;         // the row of blocks of each row, or none
  const int* column_groups;      // the column of blocks of each column, or none
  const int* row_order;          // which row each row is, or none
  const int* column_order;       // which column each column is, or none
  int columns, code_bits, code_order, meaning;
  int zero_bits, zero_order, zero_columns, zero_offset, zeros_are_signed;
  int scale_type, nested_run, block_rows, block_columns, columns_of_blocks, run;
  float divisor, offset, factor;
};
static_assert(sizeof(Unpacking) == 152, "size of Unpacking");

// The bits of number (row, column) of a matrix with so many columns; orders as in PackedOrder.
EM_DEV int number(const void* numbers, int bits, int order, int columns, int row, int column) {
  u32 mask = (1u << bits) - 1;
  if (order <= 1) {              // in bytes, row after row; 1: the two of a byte exchanged
    size_t index = ((size_t)row * columns + column) ^ (size_t)order, bit = index * bits;
    return (int)(((const u8*)numbers)[bit >> 3] >> (bit & 7) & mask);
  }
  const u32* words = (const u32*)numbers;
  int each = 32 / bits, place = column % each;
  if (order == 2 || order == 3) { // whole, along rows; 3: even ones first
    if (order == 3) place = place >> 1 | (place & 1) << 2;
    return (int)(words[(size_t)row * ((columns + each - 1) / each) + column / each] >> place * bits & mask);
  }
  if (order == 4)                // whole, along columns
    return (int)(words[(size_t)(row / each) * columns + column] >> row % each * bits & mask);
  bool along_row = order == 5;   // one sequence of bits
  u32 bit = (u32)(along_row ? column : row) * (u32)bits, shift = bit & 31;
  size_t step = along_row ? 1 : (size_t)columns;
  const u32* at = words + (along_row ? (size_t)row * (((u32)columns * (u32)bits + 31) / 32) : (size_t)column) + (bit >> 5) * step;
  u32 low = *at >> shift, high = shift + (u32)bits > 32 ? at[step] << (32 - shift) : 0;
  return (int)((low | high) & mask);
}

EM_DEV float from_e4m3(u32 code) {
  u32 sign = (code & 0x80) << 24, magnitude = code & 0x7f;
  if (magnitude == 0x7f) return em_float(0x7fc00000u | sign);
  float v = magnitude < 8 ? (float)magnitude * 0.001953125f : em_float((magnitude << 20) + (120u << 23));
  return em_float(em_bits(v) | sign);
}

// 2^(code - 127); the least is subnormal
EM_DEV float from_e8m0(u32 code) { return em_float(code == 255 ? 0x7fc00000u : code == 0 ? 0x00400000u : code << 23); }

EM_DEV float number_of(const Unpacking& u, int code) {
  switch (u.meaning) {
    case 0: return (float)code;
    case 1: return (float)(code < 128 ? code : code - 256);
    case 2: return from_e4m3((u32)code);
    case 3: return em_from_half((u16)(code << 8));
    default: return u.table[code];
  }
}

EM_DEV float scale_of(const Unpacking& u, size_t index) {
  switch (u.scale_type) {
    case 0: return ((const float*)u.scales)[index];
    case 1: return em_from_half(((const u16*)u.scales)[index]);
    case 2: return em_from_bf16(((const u16*)u.scales)[index]);
    case 3: return from_e4m3(((const u8*)u.scales)[index]);
    case 4: return from_e8m0(((const u8*)u.scales)[index]);
    default: return u.nested_table[((const u8*)u.scales)[index]] * u.nested_scales[index / (size_t)u.nested_run] + u.offset;
  }
}

EM_DEV float zero_of(const Unpacking& u, int row, int column) {
  if (!u.zeros) return (float)u.zero_offset;
  int zero = number(u.zeros, u.zero_bits, u.zero_order, u.zero_columns, row, column);
  if (u.zeros_are_signed) return (float)((zero < 128 ? zero : zero - 256) + u.zero_offset);
  return (float)((zero + u.zero_offset) & ((1 << u.zero_bits) - 1));
}

// y[n] = row start + n
EM_KERNEL(256) unpack(const Unpacking* unpacking, int start, float* y, int rows, int columns) {
  int at = (int)(blockIdx.x * blockDim.x + threadIdx.x);
  if (at >= columns) return;
  Unpacking u = *unpacking;
  int column = u.column_order ? u.column_order[at] : at;
  int x = u.column_groups ? u.column_groups[column] : column / u.block_columns;
  for (int n = (int)blockIdx.y; n < rows; n += (int)gridDim.y) {
    int row = u.row_order ? u.row_order[start + n] : start + n;
    int block = u.row_groups ? u.row_groups[row] : row / u.block_rows;
    size_t scale = u.run ? ((size_t)row * u.columns + column) / (size_t)u.run : (size_t)block * u.columns_of_blocks + x;
    float code = number_of(u, number(u.codes, u.code_bits, u.code_order, u.columns, row, column));
    y[(size_t)n * columns + at] = (code - zero_of(u, block, x)) * (scale_of(u, scale) / u.divisor) * u.factor;
  }
}
EM_EXPORT(unpack)
