// Changes from one fiber to another: saves the registers that a call preserves, 14 instructions. Elsewhere ucontext, which
// asks the kernel for the signal mask and is 10 times slower.
#pragma once
#include "emulator.h"

namespace emulator {
constexpr size_t StackBytes = 64 * 1024;
}

#if defined(__x86_64__) && !defined(EMULATOR_UCONTEXT)
extern "C" void emulator_switch(void** from, void* to);
asm(R"(
.text
.globl emulator_switch
.hidden emulator_switch
.type emulator_switch,@function
emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulator_switch,.-emulator_switch
)");

namespace emulator {

inline void switch_to(void** from, void* to) { emulator_switch(from, to); }

inline void* prepare(void*, char* stack, void (*entry)()) {
  void** top = (void**)(stack + StackBytes - 8);      // a function starts with its stack 8 bytes off a multiple of 16
  *top = nullptr;
  *--top = (void*)entry;
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  return top;
}

}  // namespace emulator
#else
#include <ucontext.h>

namespace emulator {

inline void switch_to(void** from, void* to) {
  if (!*from) *from = new ucontext_t;
  swapcontext((ucontext_t*)*from, (ucontext_t*)to);
}

inline void* prepare(void* old, char* stack, void (*entry)()) {
  ucontext_t* context = old ? (ucontext_t*)old : new ucontext_t;
  getcontext(context);
  context->uc_stack = {stack, 0, StackBytes};
  context->uc_link = nullptr;
  makecontext(context, entry, 0);
  return context;
}

}  // namespace emulator
#endif
