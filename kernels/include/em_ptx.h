// All inline assembly: PTX for clang and NVRTC, one wrapper an instruction. Addresses of shared memory are 32-bit.
#pragma once

// Of a kernel's parameter, to be written in the kernel itself. clang 19 has no __grid_constant__ and would copy the parameter to
// local memory: it takes the address by the parameter's PTX name.
#if defined(__clang__)
#define EM_PARAMETER_ADDRESS(kernel, index, parameter)                                                                     \
  ({                                                                                                                       \
    const void* em_address;                                                                                                \
    asm("{ .reg .b64 t; mov.b64 t, " #kernel "_param_" #index "; cvta.param.u64 %0, t; }" : "=l"(em_address));             \
    (void)sizeof(parameter);                                                                                               \
    em_address;                                                                                                            \
  })
#else
#define EM_PARAMETER_ADDRESS(kernel, index, parameter) ((const void*)&(parameter))
#endif

EM_DEV u32 em_lane() { u32 r; asm("mov.u32 %0, %%laneid;" : "=r"(r)); return r; }

// v, known to the compiler from here on only: what depends on it is not made before a loop and kept in registers.
EM_DEV u32 em_from_here(u32 v) { asm volatile("" : "+r"(v)); return v; }

// v of lane i of the `Width` lanes, a power of two, that this one is among.
template <int Width> EM_DEV u32 em_shuffle_within(u32 v, int i) {
  u32 r;
  asm volatile("shfl.sync.idx.b32 %0, %1, %2, %3, -1;" : "=r"(r) : "r"(v), "r"(i), "n"((32 - Width) << 8 | 31));
  return r;
}

// ---- approximations of the special function unit (errors: PTX manual)
EM_DEV float em_ex2(float x) { float r; asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
EM_DEV float em_lg2(float x) { float r; asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
EM_DEV float em_rcp(float x) { float r; asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
EM_DEV float em_rsqrt(float x) { float r; asm("rsqrt.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }
EM_DEV float em_tanh_approx(float x) { float r; asm("tanh.approx.f32 %0, %1;" : "=f"(r) : "f"(x)); return r; }

// Two bf16, `low` in the low half; PTX puts its first source in the high half.
EM_DEV u32 em_pack_bf16(float low, float high) { u32 r; asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(r) : "f"(high), "f"(low)); return r; }

// ---- sm_80: asynchronous copies, matrix fragments, tensor cores
EM_DEV void em_copy_async4(void* shared, const void* global) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(em_shared_address(shared)), "l"(global) : "memory");
}
EM_DEV void em_copy_async16(void* shared, const void* global) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(em_shared_address(shared)), "l"(global) : "memory");
}
// Where not valid, 16 zero bytes; the global address is not read then.
EM_DEV void em_copy_async16_or_zero(void* shared, const void* global, bool valid) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(em_shared_address(shared)), "l"(global), "r"(valid ? 16 : 0) : "memory");
}
// The first `bytes` of 16 (0 .. 16), zeros behind them.
EM_DEV void em_copy_async16_first(void* shared, const void* global, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(em_shared_address(shared)), "l"(global), "r"(bytes) : "memory");
}
EM_DEV void em_copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int Keep> EM_DEV void em_copy_wait() { asm volatile("cp.async.wait_group %0;" ::"n"(Keep) : "memory"); }
EM_DEV void em_ldmatrix_x2(u32 (&r)[2], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];" : "=r"(r[0]), "=r"(r[1]) : "r"(em_shared_address(row)) : "memory");
}
EM_DEV void em_ldmatrix_x4(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(em_shared_address(row)) : "memory");
}
EM_DEV void em_ldmatrix_x4_transposed(u32 (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3]) : "r"(em_shared_address(row)) : "memory");
}
EM_DEV void em_mma_bf16(float (&d)[4], const u32 (&a)[4], u32 b0, u32 b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

#if EM_HAS_WGMMA
// ---- sm_90: two bf16 at a time, each result rounded once
EM_DEV u32 em_add_bf16x2(u32 a, u32 b) { u32 r; asm("add.rn.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
EM_DEV u32 em_mul_bf16x2(u32 a, u32 b) { u32 r; asm("mul.rn.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
EM_DEV u32 em_fma_bf16x2(u32 a, u32 b, u32 c) { u32 r; asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c)); return r; }
EM_DEV u32 em_max_bf16x2(u32 a, u32 b) { u32 r; asm("max.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b)); return r; }
// 0xffff in each half where a's is positive, else 0.
EM_DEV u32 em_positive_bf16x2(u32 a) { u32 r; asm("set.gt.u32.bf16x2 %0, %1, %2;" : "=r"(r) : "r"(a), "r"(0)); return r; }

// ---- sm_90a: barriers in shared memory
EM_DEV void em_barrier_init(u64* b, u32 count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(em_shared_address(b)), "r"(count) : "memory");
}
EM_DEV void em_barrier_init_fence() { asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory"); }
EM_DEV void em_barrier_arrive(u64* b) { asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(em_shared_address(b)) : "memory"); }
EM_DEV void em_barrier_arrive_expecting(u64* b, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(em_shared_address(b)), "r"(bytes) : "memory");
}
EM_DEV bool em_barrier_try_wait(u64* b, u32 parity) {
  u32 done;
  asm volatile("{ .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2; selp.u32 %0, 1, 0, p; }"
               : "=r"(done) : "r"(em_shared_address(b)), "r"(parity) : "memory");
  return done;
}
// Arrives once this thread's asynchronous copies up to here have landed.
EM_DEV void em_copy_arrive(u64* b) { asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(em_shared_address(b)) : "memory"); }

// ---- tensor copies (TMA); the fence orders ordinary writes to shared memory before a tensor store reads them
EM_DEV void em_proxy_fence() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
EM_DEV void em_tensor_load(void* shared, const void* map, int x, int y, u64* b) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];"
               ::"r"(em_shared_address(shared)), "l"(map), "r"(x), "r"(y), "r"(em_shared_address(b)) : "memory");
}
EM_DEV void em_tensor_load(void* shared, const void* map, int x, int y, int z, u64* b) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], [%5];"
               ::"r"(em_shared_address(shared)), "l"(map), "r"(x), "r"(y), "r"(z), "r"(em_shared_address(b)) : "memory");
}
EM_DEV void em_tensor_store(const void* map, const void* shared, int x, int y, int z) {
  asm volatile("cp.async.bulk.tensor.3d.global.shared::cta.bulk_group [%0, {%1, %2, %3}], [%4];"
               ::"l"(map), "r"(x), "r"(y), "r"(z), "r"(em_shared_address(shared)) : "memory");
}
EM_DEV void em_tensor_store_commit() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
// Until all but the last Keep of this thread's groups of stores have read their shared memory.
template <int Keep> EM_DEV void em_tensor_store_wait_read() { asm volatile("cp.async.bulk.wait_group.read %0;" ::"n"(Keep) : "memory"); }
EM_DEV void em_stmatrix_x4(void* row, const u32 (&r)[4]) {
  asm volatile("stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1,%2,%3,%4};"
               ::"r"(em_shared_address(row)), "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]) : "memory");
}

// ---- products of a warpgroup; registers move from the warps that load to the warps that multiply
template <int Registers> EM_DEV void em_registers_more() { asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(Registers)); }
template <int Registers> EM_DEV void em_registers_fewer() { asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(Registers)); }
EM_DEV void em_wgmma_fence() { asm volatile("wgmma.fence.sync.aligned;" ::: "memory"); }
EM_DEV void em_wgmma_commit() { asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory"); }
template <int Keep> EM_DEV void em_wgmma_wait() { asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(Keep) : "memory"); }

// d is a (64, 2 * registers) tile; a and b are descriptors of tiles, K-major or, where transposed, MN-major; adds to d.
#define EM_LIST64 "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define EM_LIST96 EM_LIST64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79,%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define EM_LIST128 EM_LIST96 ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111,%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define EM_D8(i) "+f"(d[i]), "+f"(d[i + 1]), "+f"(d[i + 2]), "+f"(d[i + 3]), "+f"(d[i + 4]), "+f"(d[i + 5]), "+f"(d[i + 6]), "+f"(d[i + 7])
#define EM_D64 EM_D8(0), EM_D8(8), EM_D8(16), EM_D8(24), EM_D8(32), EM_D8(40), EM_D8(48), EM_D8(56)
#define EM_D96 EM_D64, EM_D8(64), EM_D8(72), EM_D8(80), EM_D8(88)
#define EM_D128 EM_D96, EM_D8(96), EM_D8(104), EM_D8(112), EM_D8(120)
template <int TransposedA, int TransposedB> EM_DEV void em_wgmma(float (&d)[64], u64 a, u64 b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {" EM_LIST64
               "}, %64, %65, 1, 1, 1, %66, %67;"
               : EM_D64
               : "l"(a), "l"(b), "n"(TransposedA), "n"(TransposedB));
}
template <int TransposedA, int TransposedB> EM_DEV void em_wgmma(float (&d)[96], u64 a, u64 b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 {" EM_LIST96
               "}, %96, %97, 1, 1, 1, %98, %99;"
               : EM_D96
               : "l"(a), "l"(b), "n"(TransposedA), "n"(TransposedB));
}
template <int TransposedA, int TransposedB> EM_DEV void em_wgmma(float (&d)[128], u64 a, u64 b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {" EM_LIST128
               "}, %128, %129, 1, 1, 1, %130, %131;"
               : EM_D128
               : "l"(a), "l"(b), "n"(TransposedA), "n"(TransposedB));
}
// The same with a in registers, as fragments: d (64, 192) = a (64, 16) b + d.
template <int TransposedB> EM_DEV void em_wgmma(float (&d)[96], const u32 (&a)[4], u64 b) {
  asm volatile("wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16 {" EM_LIST96
               "}, {%96, %97, %98, %99}, %100, 1, 1, 1, %101;"
               : EM_D96
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(TransposedB));
}
// After the wait: the compiler may not read d before.
template <int Half> EM_DEV void em_wgmma_results(float (&d)[Half]) {
#pragma unroll
  for (int i = 0; i < Half; ++i) asm volatile("" : "+f"(d[i])::"memory");
}

// Meets the other 127 threads of the warpgroup; id: 1 .. 15, one for each warpgroup.
EM_DEV void em_warpgroup_sync(int id) { asm volatile("bar.sync %0, 128;" ::"r"(id) : "memory"); }

// ---- clusters: blocks that reach each other's shared memory
EM_DEV u32 em_cluster_rank() { u32 r; asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(r)); return r; }
EM_DEV u32 em_cluster_size() { u32 r; asm("mov.u32 %0, %%cluster_nctarank;" : "=r"(r)); return r; }
EM_DEV void em_cluster_arrive() { asm volatile("barrier.cluster.arrive;" ::: "memory"); }
EM_DEV void em_cluster_wait() { asm volatile("barrier.cluster.wait;" ::: "memory"); }
EM_DEV void em_cluster_sync() { em_cluster_arrive(), em_cluster_wait(); }
// Arrives at the same barrier in the block of that rank. What is released was read, not written: no fence beyond the block's,
// which would wait for every store of the thread.
EM_DEV void em_barrier_arrive_in(u64* b, int rank) {
  asm volatile("{ .reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1; mbarrier.arrive.shared::cluster.b64 _, [remote]; }"
               ::"r"(em_shared_address(b)), "r"(rank) : "memory");
}
// Loads into the same place of every block of the cluster, and reports to the same barrier of each.
EM_DEV void em_tensor_load_multicast(void* shared, const void* map, int x, int y, int z, u64* b, int blocks) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1, {%2, %3, %4}], [%5], %6;"
               ::"r"(em_shared_address(shared)), "l"(map), "r"(x), "r"(y), "r"(z), "r"(em_shared_address(b)), "h"((u16)((1 << blocks) - 1)) : "memory");
}
#endif
