// Parts of the emulated driver that its files share.
#pragma once
#include "emulator.h"
#include <functional>
#include <mutex>

#define API extern "C" __attribute__((visibility("default"))) int

namespace emulator {

enum Result { Success = 0, InvalidValue = 1, OutOfMemory = 2, NotReady = 600, EccUncorrectable = 214, IllegalAddress = 700, LaunchFailed = 719, NotFound = 500,
              InvalidImage = 200, InvalidHandle = 400, InvalidPtx = 218, CaptureInvalid = 901, CaptureUnsupported = 900, InvalidClusterSize = 912 };

extern std::recursive_mutex driver_lock;
extern int sticky;                      // the fault that ends the context; every later call returns it

using Work = std::function<int()>;

// streams.cpp: work of a stream runs when something waits for it, as late as the program allows; what is no kernel as early, if a test
// says so.
struct Stream;
int submit(Stream* stream, Work work, bool is_kernel = false);
int drain(Stream* stream);              // null: everything
void drain_blocking();                  // streams that the default stream waits for
void forget_work();                     // of all streams, captures and graphs

// memory.cpp
int check_red_zones(const char* kernel);
bool is_pinned(const void* p);
void forget_memory();
u64 total_memory();

}  // namespace emulator

// Every entry point: one at a time, and none after a fault.
#define ENTER                                                            \
  std::lock_guard<std::recursive_mutex> guard(emulator::driver_lock);    \
  if (emulator::sticky) return emulator::sticky
