using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Emergence.Devices;

namespace Emergence.Benchmarks;

/// <summary>What a figure must be read with.</summary>
internal static class Machine
{
    private const int Chains = 10, Loops = 2_000_000;

    public static void Print(Device device)
    {
        Console.WriteLine($"device: {device.Description} ({device.Path})");
        Console.WriteLine($"flags: {Flags()}");
        Console.WriteLine($"runtime: .NET {Environment.Version}, {Environment.ProcessorCount} processors");
        Console.WriteLine($"FMA probe, one thread, 256 bits: {Probe():0.0} GFLOP/s of processor time");
    }

    /// <summary>GFLOP/s of ten independent chains of fused multiply-adds: what the core gives at this moment.</summary>
    public static double Probe()
    {
        ProbeLoop();
        var seconds = Rounds.Median(Enumerable.Range(0, 5).Select(_ => Rounds.Time(() => ProbeLoop()).Processor));
        return 2.0 * 8 * Chains * Loops / seconds / 1e9;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static float ProbeLoop()
    {
        var (x, y) = (Vector256.Create(0.999f), Vector256.Create(1e-3f));
        Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y;
        for (var n = 0; n < Loops; n++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j);
    }

    private static string Flags()
    {
        const string Source = "/proc/cpuinfo";
        var line = File.Exists(Source) ? File.ReadLines(Source).FirstOrDefault(l => l.StartsWith("flags", StringComparison.Ordinal)) : null;
        var wanted = (line ?? "").Split(' ')
            .Where(f => f.StartsWith("avx", StringComparison.Ordinal) || f is "fma" or "f16c" or "amx_tile");
        return string.Join(' ', wanted);
    }
}
