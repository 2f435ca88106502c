// Memory of the emulated device: NaN until written, red zones on both sides, and a size that a test can set.
#include "driver.h"
#include <cstdlib>
#include <map>
#include <memory>

namespace emulator {

constexpr size_t Zone = 256;
static std::map<u8*, size_t> allocations, pinned;
static u64 total_bytes = 64ull << 30, used_bytes;

u64 total_memory() { return total_bytes; }

bool is_pinned(const void* p) {
  auto after = pinned.upper_bound((u8*)p);
  return after != pinned.begin() && (--after, (u8*)p < after->first + after->second);
}

static void paint(u8* at) {
  for (size_t i = 0; i < Zone; i += 4) memcpy(at + i, &Red, 4);
}

static long damage(const u8* at) {
  for (size_t i = 0; i < Zone; ++i)
    if (at[i] != ((const u8*)&Red)[i & 3]) return (long)i;
  return -1;
}

int check_red_zones(const char* kernel) {
  for (auto& [start, bytes] : allocations) {
    long before = damage(start - Zone), after = damage(start + bytes);
    if (before < 0 && after < 0) continue;
    set_error("%s: wrote %ld bytes %s an allocation of %zu bytes", kernel, before >= 0 ? (long)Zone - before : after, before >= 0 ? "before" : "behind", bytes);
    return IllegalAddress;
  }
  return Success;
}

static void release(std::map<u8*, size_t>::iterator it) {
  memset(it->first, 0xff, it->second);
  used_bytes -= it->second;
  free(it->first - Zone);
  allocations.erase(it);
}

void forget_memory() {
  while (!allocations.empty()) release(allocations.begin());
}

// The range [at, at + bytes) lies in one allocation.
static bool is_device(u64 at, size_t bytes) {
  auto after = allocations.upper_bound((u8*)at);
  return bytes == 0 || (after != allocations.begin() && (--after, (u8*)at + bytes <= after->first + after->second));
}

static int outside(const char* what, size_t bytes) {
  set_error("%s of %zu bytes outside of an allocation", what, bytes);
  return InvalidValue;
}

// Source bytes of a copy from the host: pageable memory is staged at the call and freed with the copy, pinned memory read when the copy runs.
static std::shared_ptr<const u8> stage(const void* source, size_t bytes) {
  if (is_pinned(source)) return {std::shared_ptr<void>(), (const u8*)source};
  std::shared_ptr<u8> copy(new u8[bytes], std::default_delete<u8[]>());
  memcpy(copy.get(), source, bytes);
  return copy;
}

}  // namespace emulator

using namespace emulator;

extern "C" __attribute__((visibility("default"))) void emulatorSetMemory(u64 bytes) { total_bytes = bytes; }

API cuMemGetInfo_v2(size_t* free_bytes, size_t* total) {
  ENTER;
  *total = total_bytes;
  *free_bytes = total_bytes > used_bytes ? total_bytes - used_bytes : 0;
  return Success;
}

API cuMemAlloc_v2(u64* pointer, size_t bytes) {
  ENTER;
  if (!bytes) return InvalidValue;
  size_t padded = (bytes + 255) & ~(size_t)255;
  u8* memory = used_bytes + bytes > total_bytes ? nullptr : (u8*)aligned_alloc(256, padded + 2 * Zone);
  if (!memory) return OutOfMemory;
  paint(memory);
  memset(memory + Zone, 0xff, bytes);
  paint(memory + Zone + bytes);
  allocations[memory + Zone] = bytes;
  used_bytes += bytes;
  *pointer = (u64)(memory + Zone);
  return Success;
}

API cuMemFree_v2(u64 pointer) {
  ENTER;
  int result = drain(nullptr);
  auto it = allocations.find((u8*)pointer);
  if (it == allocations.end()) return InvalidValue;
  release(it);
  return result;
}

API cuMemHostAlloc(void** pointer, size_t bytes, u32) {
  ENTER;
  *pointer = aligned_alloc(4096, (bytes + 4095) & ~(size_t)4095);
  if (!*pointer) return OutOfMemory;
  pinned[(u8*)*pointer] = bytes;
  return Success;
}

API cuMemFreeHost(void* pointer) {
  ENTER;
  int result = drain(nullptr);
  if (!pinned.erase((u8*)pointer)) return InvalidValue;
  free(pointer);
  return result;
}

API cuMemcpyHtoDAsync_v2(u64 target, const void* source, size_t bytes, Stream* stream) {
  ENTER;
  if (!is_device(target, bytes)) return outside("copy to the device", bytes);
  return submit(stream, [=, from = stage(source, bytes)] { memcpy((void*)target, from.get(), bytes); return Success; });
}

API cuMemcpyDtoHAsync_v2(void* target, u64 source, size_t bytes, Stream* stream) {
  ENTER;
  if (!is_device(source, bytes)) return outside("copy from the device", bytes);
  int result = submit(stream, [=] { memcpy(target, (void*)source, bytes); return Success; });
  return result || is_pinned(target) ? result : drain(stream);
}

API cuMemcpyDtoDAsync_v2(u64 target, u64 source, size_t bytes, Stream* stream) {
  ENTER;
  if (!is_device(target, bytes) || !is_device(source, bytes)) return outside("copy on the device", bytes);
  return submit(stream, [=] { memmove((void*)target, (void*)source, bytes); return Success; });
}

API cuMemcpyHtoD_v2(u64 target, const void* source, size_t bytes) {
  return cuMemcpyHtoDAsync_v2(target, source, bytes, nullptr);
}

API cuMemcpyDtoH_v2(void* target, u64 source, size_t bytes) {
  return cuMemcpyDtoHAsync_v2(target, source, bytes, nullptr);
}

// CUDA_MEMCPY2D
struct Copy2D {
  size_t source_x, source_y;
  int source_type;
  const void* source_host;
  u64 source_device;
  void* source_array;
  size_t source_pitch, target_x, target_y;
  int target_type;
  void* target_host;
  u64 target_device;
  void* target_array;
  size_t target_pitch, width, height;
};

API cuMemcpy2DAsync_v2(const Copy2D* arguments, Stream* stream) {
  ENTER;
  Copy2D c = *arguments;
  bool from_host = c.source_type == 1, to_host = c.target_type == 1;
  if (c.width > c.source_pitch || c.width > c.target_pitch) return InvalidValue;
  const u8* source = (from_host ? (const u8*)c.source_host : (const u8*)c.source_device) + c.source_y * c.source_pitch + c.source_x;
  u8* target = (to_host ? (u8*)c.target_host : (u8*)c.target_device) + c.target_y * c.target_pitch + c.target_x;
  size_t source_bytes = c.height ? (c.height - 1) * c.source_pitch + c.width : 0, target_bytes = c.height ? (c.height - 1) * c.target_pitch + c.width : 0;
  if ((!from_host && !is_device((u64)source, source_bytes)) || (!to_host && !is_device((u64)target, target_bytes))) return outside("copy", target_bytes);
  std::shared_ptr<const u8> from = from_host ? stage(source, source_bytes) : std::shared_ptr<const u8>(std::shared_ptr<void>(), source);
  int result = submit(stream, [=] {
    for (size_t row = 0; row < c.height; ++row) memcpy(target + row * c.target_pitch, from.get() + row * c.source_pitch, c.width);
    return Success;
  });
  return result || !to_host || is_pinned(target) ? result : drain(stream);
}

API cuMemsetD8Async(u64 target, u8 value, size_t bytes, Stream* stream) {
  ENTER;
  if (!is_device(target, bytes)) return outside("memset", bytes);
  return submit(stream, [=] { memset((void*)target, value, bytes); return Success; });
}

API cuMemsetD32Async(u64 target, u32 value, size_t count, Stream* stream) {
  ENTER;
  if (!is_device(target, count * 4)) return outside("memset", count * 4);
  return submit(stream, [=] { for (size_t i = 0; i < count; ++i) ((u32*)target)[i] = value; return Success; });
}
