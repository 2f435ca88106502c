// Mathematics from fused multiply-adds, the same source and the same bits on every target. em_exp, em_log, em_tanh, em_erf
// keep 1-2 units in the last place (measured by the tests; the bounds stand there); the *_fast forms use one approximating
// instruction each and err by about 2^-21 relative.
#pragma once

// ---- conversions. Element types as in DType: 0 float, 1 double, 2 half, 3 bf16, 4 int.
EM_DEV float em_bf16_low(u32 pair) { return em_float(pair << 16); }
EM_DEV float em_bf16_high(u32 pair) { return em_float(pair & 0xffff0000u); }
EM_DEV float em_from_bf16(u16 v) { return em_float((u32)v << 16); }
EM_DEV u16 em_to_bf16(float v) { return (u16)em_pack_bf16(v, 0.0f); }
EM_DEV float em_from_half(u16 v) {
  u32 magnitude = (u32)(v & 0x7fff) << 13, sign = (u32)(v & 0x8000) << 16;
  float scaled = em_float(magnitude) * 5.192296858534828e33f;      // 2^112 moves the exponent's bias, also of subnormals
  return em_float(sign | ((v & 0x7c00) == 0x7c00 ? magnitude | 0x7f800000u : em_bits(scaled)));
}
EM_DEV float em_load(const void* p, size_t i, int type) {
  if (type == 0) return ((const float*)p)[i];
  if (type == 3) return em_from_bf16(((const u16*)p)[i]);
  if (type == 2) return em_from_half(((const u16*)p)[i]);
  return (float)((const double*)p)[i];
}

// ---- exponential: x = k ln 2 + r, Taylor to r^7 (remainder 5e-9), then 2^k in two factors so that subnormals come out
EM_DEV float em_exp(float x) {
  x = x > 90.0f ? 90.0f : x < -105.0f ? -105.0f : x;
  float k = em_round(x * 1.44269504f);
  float r = em_fma(k, -0.693359375f, x);
  r = em_fma(k, 2.12194440e-4f, r);
  float p = 1.98412698e-4f;
  p = em_fma(p, r, 1.38888889e-3f);
  p = em_fma(p, r, 8.33333333e-3f);
  p = em_fma(p, r, 4.16666667e-2f);
  p = em_fma(p, r, 1.66666667e-1f);
  p = em_fma(p, r, 0.5f);
  p = em_fma(p, r, 1.0f);
  p = em_fma(p, r, 1.0f);
  int exponent = (int)k, half = exponent >> 1;
  return p * em_float((u32)(half + 127) << 23) * em_float((u32)(exponent - half + 127) << 23);
}

// In double, for sums that must not lose what single precision rounds away. x in -700 .. 700, below: 0.
EM_DEV double em_exp(double x) {
  if (x < -700.0) return 0.0;
  double k = em_round(x * 1.4426950408889634);
  double r = em_fma(k, -6.93147180369123816490e-01, x);
  r = em_fma(k, -1.90821492927058770002e-10, r);
  double p = 1.0 / 6227020800.0;
  p = em_fma(p, r, 1.0 / 479001600.0);
  p = em_fma(p, r, 1.0 / 39916800.0);
  p = em_fma(p, r, 1.0 / 3628800.0);
  p = em_fma(p, r, 1.0 / 362880.0);
  p = em_fma(p, r, 1.0 / 40320.0);
  p = em_fma(p, r, 1.0 / 5040.0);
  p = em_fma(p, r, 1.0 / 720.0);
  p = em_fma(p, r, 1.0 / 120.0);
  p = em_fma(p, r, 1.0 / 24.0);
  p = em_fma(p, r, 1.0 / 6.0);
  p = em_fma(p, r, 0.5);
  p = em_fma(p, r, 1.0);
  p = em_fma(p, r, 1.0);
  return p * em_double((u64)((long long)k + 1023) << 52);
}

// ---- logarithm: x = m 2^k, m in sqrt(1/2) .. sqrt(2), s = f / (2 + f), log m = f - (f^2/2 - s (f^2/2 + R(s^2)))
EM_DEV float em_log(float x) {
  if (!(x > 0.0f) || x > 3.402823466e38f) return x == 0.0f ? em_float(0xff800000u) : x < 0.0f ? em_float(0x7fc00000u) : x;
  int shift = 0;
  if (x < 1.17549435e-38f) { x *= 8388608.0f; shift = 23; }
  u32 bits = em_bits(x) - 0x3f3504f3u;                             // the bits of sqrt(1/2)
  float k = (float)((int)bits >> 23) - (float)shift;
  float f = em_float((bits & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  float s = f / (2.0f + f), z = s * s, h = 0.5f * f * f;
  float p = em_fma(0.233329128f, z, 0.2855073084f);
  p = em_fma(p, z, 0.4000012263f);
  p = em_fma(p, z, 0.6666666655f) * z;
  return em_fma(k, 0.693359375f, f - (h - em_fma(k, -2.12194440e-4f, s * (h + p))));
}

// ---- hyperbolic tangent: odd polynomial below 0.55 (remainder 4e-9), else 1 - 2 / (e^2x + 1)
EM_DEV float em_tanh(float x) {
  float t = em_abs(x), s = x * x;
  if (t < 0.55f) {
    float p = em_fma(-0.006608371257f, s, 0.02130840129f);
    p = em_fma(p, s, -0.05390926785f);
    p = em_fma(p, s, 0.1333311291f);
    p = em_fma(p, s, -0.33333332f);
    return em_fma(p * s, x, x);
  }
  return em_copysign(1.0f - 2.0f / (em_exp(2.0f * t) + 1.0f), x);
}

// ---- error function: odd polynomial below 0.85, else by e^(t^2) erfc(t) = P((t - 2) / (t + 2)) / (1 + 2 t), P fitted on
// 0.8 .. 11 (to 5e-9)
EM_DEV float em_scaled_erfc(float t) {
  float q = (t - 2.0f) / (t + 2.0f);
  float p = em_fma(-1.524609087e-3f, q, 1.121059871e-3f);
  p = em_fma(p, q, 8.764436311e-3f);
  p = em_fma(p, q, -8.01793355e-3f);
  p = em_fma(p, q, -5.422501141e-2f);
  p = em_fma(p, q, 1.640507917e-1f);
  p = em_fma(p, q, -1.660302321e-1f);
  p = em_fma(p, q, -9.276382855e-2f);
  p = em_fma(p, q, 1.276978381f);
  return p / em_fma(2.0f, t, 1.0f);
}
// e^(-scale x^2) with what the rounding of x^2 lost
EM_DEV float em_gauss(float x, float scale) {
  float s = x * x, lost = em_fma(x, x, -s);
  return em_exp(-scale * s) * em_fma(-scale, lost, 1.0f);
}
EM_DEV float em_erf(float x) {
  float t = em_abs(x), s = x * x;
  if (t < 0.85f) {
    float p = em_fma(8.847265288e-5f, s, -8.246746971e-4f);
    p = em_fma(p, s, 5.209504533e-3f);
    p = em_fma(p, s, -2.686256163e-2f);
    p = em_fma(p, s, 1.128374854e-1f);
    p = em_fma(p, s, -3.761263696e-1f);
    p = em_fma(p, s, 1.28379167e-1f);
    return em_fma(p, x, x);
  }
  t = t > 15.0f ? 15.0f : t;
  return em_copysign(1.0f - em_gauss(t, 1.0f) * em_scaled_erfc(t), x);
}

EM_DEV float em_exp_fast(float x) { return em_ex2(x * 1.44269504f); }
EM_DEV float em_log_fast(float x) { return em_lg2(x) * 0.693147181f; }
EM_DEV float em_tanh_fast(float x) {
  float e = em_exp_fast(-2.0f * em_abs(x));
  return em_copysign((1.0f - e) * em_rcp(1.0f + e), x);
}

// ---- the activations of the Activation enumeration
EM_DEV float em_leaky_relu(float x) { return x > 0.0f ? x : 0.01f * x; }
// x (1 + erf(x / sqrt 2)) / 2, which cancels far below 0: there x erfc(-x / sqrt 2) / 2.
EM_DEV float em_gelu_erf(float x) {
  if (x > -1.25f || x != x) return 0.5f * x * (1.0f + em_erf(x * 0.707106781f));
  float t = x < -20.0f ? 20.0f : -x;
  return 0.5f * x * em_gauss(t, 0.5f) * em_scaled_erfc(t * 0.707106781f);
}
// x (1 + tanh u) / 2 = x / (1 + e^(-2u))
EM_DEV float em_gelu_tanh(float x) { return x / (1.0f + em_exp(-1.595769122f * em_fma(0.044715f * x * x, x, x))); }
EM_DEV float em_silu(float x) { return x / (1.0f + em_exp(-x)); }
EM_DEV float em_activate(float x, int activation) {
  switch (activation) {
    case 1: return x > 0.0f ? x : x != x ? x : 0.0f;
    case 2: return em_leaky_relu(x);
    case 3: return em_gelu_erf(x);
    case 4: return em_gelu_tanh(x);
    case 5: return em_silu(x);
    case 6: return x > 0.0f ? x * x : x != x ? x : 0.0f;
    case 7: return x / (1.0f + em_exp(-1.702f * x));
    case 8: return em_tanh(x);
    case 9: return 1.0f / (1.0f + em_exp(-x));
    default: return x;
  }
}
