// The entry points of libcuda about devices, contexts, modules and launches: same names, same signatures.
#include "driver.h"
#include "hopper.h"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace emulator;

namespace {

// A module is the name of a kernel file behind this text; kernels of other files are not found in it.
const char ImageStart[] = "// emulated ";

struct Module { std::string file; };
struct Function { const Kernel* kernel; u32 dynamic_limit = 48 * 1024; };

int fault;                              // of the kernel that comes when fault_in has counted down, 0: none
u64 fault_in;

std::string base_name(const char* path) {
  std::string name = path;
  return name.substr(name.rfind('/') + 1);
}

const char* result_name(int result) {
  switch (result) {
    case Success: return "CUDA_SUCCESS";
    case InvalidValue: return "CUDA_ERROR_INVALID_VALUE";
    case OutOfMemory: return "CUDA_ERROR_OUT_OF_MEMORY";
    case EccUncorrectable: return "CUDA_ERROR_ECC_UNCORRECTABLE";
    case InvalidImage: return "CUDA_ERROR_INVALID_IMAGE";
    case InvalidPtx: return "CUDA_ERROR_INVALID_PTX";
    case InvalidHandle: return "CUDA_ERROR_INVALID_HANDLE";
    case NotFound: return "CUDA_ERROR_NOT_FOUND";
    case NotReady: return "CUDA_ERROR_NOT_READY";
    case IllegalAddress: return "CUDA_ERROR_ILLEGAL_ADDRESS";
    case LaunchFailed: return "CUDA_ERROR_LAUNCH_FAILED";
    case CaptureUnsupported: return "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
    case CaptureInvalid: return "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED";
    case InvalidClusterSize: return "CUDA_ERROR_INVALID_CLUSTER_SIZE";
    default: return "CUDA_ERROR_UNKNOWN";
  }
}

const int MaxDevices = 64;
int contexts[MaxDevices];               // the address of a device's own is its primary context
thread_local void* entered = &contexts[0];

// As many GPUs as the environment asks for; they share the emulator's memory and streams.
int device_count() {
  const char* asked = getenv("EMERGENCE_EMULATOR_GPUS");
  int count = asked ? atoi(asked) : 1;
  return count < 1 ? 1 : count > MaxDevices ? MaxDevices : count;
}

int attribute(int which) {
  switch (which) {
    case 1: return 1024;                // threads a block
    case 8: return 48 * 1024;           // shared memory a block
    case 10: return 32;                 // lanes of a warp
    case 13: return 1000000;            // clock, kHz
    case 16: return 4;                  // multiprocessors
    case 36: return 1000000;            // memory clock, kHz
    case 37: return 64;                 // memory bus, bits
    case 38: return 1 << 20;            // second-level cache, bytes
    case 39: return 2048;               // threads a multiprocessor
    case 75: return 9;                  // compute capability
    case 76: return 0;
    case 81: return 228 * 1024;         // shared memory a multiprocessor
    case 82: return 65536;              // registers a multiprocessor
    case 97: return (int)MaxShared;     // shared memory a block can ask for
    default: return 0;
  }
}

}  // namespace

// The given number of kernels run, then the next ends in a fault: for tests of what a host does then.
extern "C" __attribute__((visibility("default"))) void emulatorFail(int result, u64 kernels) { fault = result, fault_in = kernels; }

API cuInit(u32) { return Success; }
API cuDriverGetVersion(int* version) { *version = 12030; return Success; }
API cuDeviceGetCount(int* count) { *count = device_count(); return Success; }
API cuDeviceGet(int* device, int ordinal) { *device = ordinal; return ordinal >= 0 && ordinal < device_count() ? Success : 101; }
API cuDeviceGetName(char* name, int length, int) { snprintf(name, (size_t)length, "emulated GPU"); return Success; }
API cuDeviceGetAttribute(int* value, int which, int) { *value = attribute(which); return Success; }
API cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = total_memory(); return Success; }
API cuDevicePrimaryCtxRetain(void** context, int device) { *context = &contexts[device]; return Success; }
API cuDevicePrimaryCtxRelease_v2(int) { return Success; }
API cuCtxSetCurrent(void* context) { entered = context; return Success; }
API cuCtxGetCurrent(void** context) { *context = entered; return Success; }

API cuDevicePrimaryCtxReset_v2(int) {
  std::lock_guard<std::recursive_mutex> guard(driver_lock);
  sticky = Success;
  forget_work();
  forget_memory();
  return Success;
}

API cuGetErrorName(int result, const char** name) { *name = result_name(result); return Success; }

// The emulator's own finding where there is one: more than a driver says.
API cuGetErrorString(int result, const char** text) {
  bool own = result == LaunchFailed || result == IllegalAddress || result == InvalidValue || result == InvalidClusterSize;
  *text = own && *last_error() ? last_error() : result_name(result);
  return Success;
}

API cuModuleLoadDataEx(Module** module, const char* image, u32 count, const int* options, void** values) {
  ENTER;
  std::string text = image, file = text.rfind(ImageStart, 0) == 0 ? text.substr(sizeof ImageStart - 1) : "";
  for (const Kernel* k = kernels; k; k = k->next)
    if (base_name(k->file) == file) { *module = new Module{file}; return Success; }
  for (u32 i = 0; i + 1 < count; ++i)   // CU_JIT_ERROR_LOG_BUFFER, followed by its size
    if (options[i] == 5) snprintf((char*)values[i], (size_t)values[i + 1], "line 1: the emulator was built without this file");
  return InvalidPtx;
}

API cuModuleGetFunction(Function** function, Module* module, const char* name) {
  ENTER;
  for (const Kernel* k = kernels; k; k = k->next)
    if (!strcmp(k->name, name) && base_name(k->file) == module->file) { *function = new Function{k}; return Success; }
  return NotFound;
}

API cuFuncSetAttribute(Function* function, int which, int value) {
  ENTER;
  if (which != 8) return Success;
  if (value < 0 || (u32)value > MaxShared) return InvalidValue;
  function->dynamic_limit = (u32)value;
  return Success;
}

API cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function*, int threads, size_t shared_bytes) {
  ENTER;
  int by_threads = 2048 / threads, by_shared = shared_bytes ? (int)(228 * 1024 / (shared_bytes + 1024)) : 32;
  *blocks = by_threads < by_shared ? by_threads : by_shared;
  return Success;
}

// The host ends the list of parameters with null, which tells a kernel and a call that do not fit.
static int launch_later(Function* function, Index grid, Index dimensions, Index cluster, u32 shared_bytes, Stream* stream, void** parameters) {
  const Kernel* kernel = function->kernel;
  int given = 0;
  while (parameters[given]) ++given;
  if (given != kernel->parameters) {
    set_error("%s: takes %d parameters, was given %d", kernel->name, kernel->parameters, given);
    return InvalidValue;
  }
  if (shared_bytes > function->dynamic_limit) {
    set_error("%s: %u bytes of shared memory, %u allowed by cuFuncSetAttribute", kernel->name, shared_bytes, function->dynamic_limit);
    return InvalidValue;
  }
  const Index &g = grid, &b = dimensions, &c = cluster;
  if (!g.x || !g.y || !g.z || g.y > 65535 || g.z > 65535 || !b.x || !b.y || !b.z || b.x * b.y * b.z > MaxThreads) {
    set_error("%s: grid %u,%u,%u of blocks %u,%u,%u cannot be launched", kernel->name, g.x, g.y, g.z, b.x, b.y, b.z);
    return InvalidValue;
  }
  if (!c.x || !c.y || !c.z || c.x * c.y * c.z > MaxBlocks || g.x % c.x || g.y % c.y || g.z % c.z) {
    set_error("%s: grid %u,%u,%u cannot be made of clusters %u,%u,%u", kernel->name, g.x, g.y, g.z, c.x, c.y, c.z);
    return InvalidClusterSize;
  }
  struct alignas(64) Slot { u8 bytes[128]; };
  std::vector<Slot> slots((size_t)given);
  for (int i = 0; i < given; ++i) {
    if (kernel->sizes[i] > sizeof(Slot)) return InvalidValue;
    memcpy(slots[(size_t)i].bytes, parameters[i], kernel->sizes[i]);
  }
  return submit(stream, [=]() mutable {
    if (fault && !fault_in--) {
      set_error("%s: a fault that was asked for", kernel->name);
      return fault;
    }
    std::vector<void*> arguments;
    for (Slot& slot : slots) arguments.push_back(slot.bytes);
    int result = launch(*kernel, grid, dimensions, cluster, shared_bytes, arguments.data());
    return result ? result : check_red_zones(kernel->name);
  }, true);
}

API cuLaunchKernel(Function* function, u32 gx, u32 gy, u32 gz, u32 bx, u32 by, u32 bz, u32 shared_bytes, Stream* stream, void** parameters, void**) {
  ENTER;
  return launch_later(function, {gx, gy, gz}, {bx, by, bz}, {}, shared_bytes, stream, parameters);
}

// CUlaunchConfig; of its attributes the dimensions of a cluster.
struct LaunchAttribute { int kind, padding; u32 cluster[3]; u8 rest[52]; };
struct LaunchConfiguration { u32 gx, gy, gz, bx, by, bz, shared_bytes; Stream* stream; const LaunchAttribute* attributes; u32 count; };
API cuLaunchKernelEx(const LaunchConfiguration* c, Function* function, void** parameters, void**) {
  ENTER;
  Index cluster;
  for (u32 i = 0; i < c->count; ++i) {
    const LaunchAttribute& a = c->attributes[i];
    if (a.kind != 4) return InvalidValue;
    cluster = {a.cluster[0], a.cluster[1], a.cluster[2]};
  }
  return launch_later(function, {c->gx, c->gy, c->gz}, {c->bx, c->by, c->bz}, cluster, c->shared_bytes, c->stream, parameters);
}

API cuTensorMapEncodeTiled(void* map, int type, u32 rank, void* base, const u64* size, const u64* strides, const u32* box, const u32* steps,
                           int interleave, int swizzle, int, int) {
  static const u32 element[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2};           // CUtensorMapDataType
  bool known = rank >= 2 && rank <= 3 && type >= 0 && type <= 9 && !interleave && (swizzle == 0 || swizzle == 2 || swizzle == 3);
  if (!known || (size_t)map & 63 || (size_t)base & 15) return InvalidValue;
  TensorMap m{MapMagic, (u8*)base, {1, 1, 1}, {0, 0}, {1, 1, 1}, rank, element[type], (u32)swizzle};
  for (u32 d = 0; d < rank; ++d) {
    m.size[d] = size[d], m.box[d] = box[d];
    if (!size[d] || !box[d] || box[d] > 256 || steps[d] != 1 || (d && strides[d - 1] & 15)) return InvalidValue;
    if (d) m.stride[d - 1] = strides[d - 1];
  }
  u32 row = m.box[0] * m.element;
  if (row & 15 || (swizzle && row != 16u << swizzle)) return InvalidValue;
  memset(map, 0, 128);
  memcpy(map, &m, sizeof m);
  return Success;
}
