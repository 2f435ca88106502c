using System.Globalization;
using Emergence.Devices;
using Emergence.Devices.Critics;
using Emergence.Devices.Cuda;
using Emergence.Devices.Tensors;
using Emergence.Files.Safetensors;
using Emergence.Tests.Devices.Cuda;

namespace Emergence.Tests.Devices;

/// <summary>
/// The critic's ops over the golden pairs: scores within 1e-6, values within 2e-6 bits, the gradients of the first step
/// within 1e-5 of each tensor's norm and the way the weights went within 1e-3 of its length, where the device computes in
/// single precision; 1e-12 bits and 1e-9 in double. The last bias has the true gradient 0 and is left out.
/// </summary>
public class CriticGoldenTests
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var name in TestDevices.Names.Select(row => row.Data))
            {
                foreach (var file in new[] { "small", "asymmetric", "smine_allpairs", "smine_sampled", "smine_colliding", "smine_wide" })
                    cases.Add(name, file);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Golden_steps(string name, string file) => Check(TestDevices.Get(name), file);

    /// <summary>As a Hopper GPU computes them: products of bf16 parts where they fill its tiles.</summary>
    [Fact]
    public void Golden_steps_by_warpgroups()
    {
        using var device = new CudaDevice(EmulatorFixture.Kernels, warpgroups: true);
        var launched = device.Trace(() => Check(device, "smine_wide")).Select(launch => launch.Kernel).ToHashSet();
        Assert.Superset(new HashSet<string> { "product_sm90_nt_128", "product_sm90_nn_128", "product_sm90_tn_128" }, launched);
    }

    private static void Check(Device device, string file)
    {
        var (exact, golden) = (device.ComputeType == DType.Float64, SafetensorsFile.Open(TestData.Golden($"mine/{file}.safetensors")));
        using var _ = golden;
        var pairs = file.StartsWith("smine", StringComparison.Ordinal) ? GoldenPairs.OnSupport(golden) : GoldenPairs.Published(golden);
        var shape = new CriticShape(pairs.X[0].Length, pairs.Y[0].Length, [.. golden.Metadata["widths"].Split(',').Select(w => int.Parse(w, CultureInfo.InvariantCulture))]);
        using var run = new CriticRun(device, shape, pairs.X, pairs.Y, pairs.Joint, pairs.Marginal);
        var initial = Parameters(golden, shape, "init", golden.ReadSingles);
        device.Upload(initial, run.Parameters);

        var expected = golden.ReadDoubles("info_bits");
        for (var step = 0; step < expected.Length; step++)
        {
            var value = run.Step(pairs.Pairs(step));
            Assert.Equal(expected[step], value.Bits, exact ? 1e-12 : 2e-6);
            if (step == 0)
            {
                Assert.Equal(pairs.Scores, run.Read(run.Workspace.Scores), (t, found) => Math.Abs(t - found) <= (exact ? 1e-12 : 1e-6));
                Compare(shape, Parameters(golden, shape, "step0.grad", golden.ReadDoubles), run.Read(run.Gradient), exact ? 1e-9 : 1e-5);
            }

            device.Adam(run.Parameters, run.Gradient, run.First, run.Second, pairs.Rates[step], step + 1);
        }

        var final = Parameters(golden, shape, "final", golden.ReadDoubles);
        var found = run.Read(run.Parameters);
        Compare(shape, [.. final.Zip(initial, (w, w0) => w - w0)], [.. found.Zip(initial, (w, w0) => w - w0)], exact ? 1e-9 : 1e-3);
    }

    private static T[] Parameters<T>(SafetensorsFile golden, CriticShape shape, string prefix, Func<string, T[]> read) =>
        [.. Enumerable.Range(0, shape.Layers).SelectMany(layer => read($"{prefix}.{layer}.weight").Concat(read($"{prefix}.{layer}.bias")))];

    private static void Compare(CriticShape shape, double[] expected, double[] found, double tolerance)
    {
        var start = 0;
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            foreach (var count in new[] { shape.Widths[layer] * shape.InputColumns(layer), shape.Widths[layer] })
            {
                var (want, have) = (expected.AsSpan(start, count).ToArray(), found.AsSpan(start, count).ToArray());
                start += count;
                if (start == shape.ParameterCount)
                    return;
                var error = Math.Sqrt(want.Zip(have, (p, q) => (p - q) * (p - q)).Sum());
                var norm = Math.Sqrt(want.Sum(p => p * p));
                Assert.True(error <= tolerance * norm, $"layer {layer}, {count} values: error {error} of {norm}");
            }
        }
    }

    private sealed record GoldenPairs(double[][] X, double[][] Y, double[] Joint, double[] Marginal, Func<int, (int[] A, int[] B)> Pairs, double[] Rates, double[] Scores)
    {
        public static GoldenPairs Published(SafetensorsFile golden)
        {
            var n = (int)golden.Tensors["x"].Shape[0];
            var permutations = golden.ReadInt32("perms");
            int[] rows = [.. Enumerable.Range(0, n)];
            double[] half = [.. Enumerable.Repeat(1.0 / n, n)], none = new double[n];
            return new(
                Rows(golden, "x", [.. golden.ReadSingles("x").Select(v => (double)v)]),
                Rows(golden, "y", [.. golden.ReadSingles("y").Select(v => (double)v)]),
                [.. half, .. none],
                [.. none, .. half],
                step => ([.. rows, .. rows], [.. rows, .. permutations.AsSpan(step * n, n)]),
                golden.ReadDoubles("learning_rate"),
                [.. golden.ReadDoubles("step0.t_joint"), .. golden.ReadDoubles("step0.t_marginal")]);
        }

        public static GoldenPairs OnSupport(SafetensorsFile golden)
        {
            var (support, off, shape) = (golden.ReadInt32("support"), golden.ReadInt32("off_pairs"), golden.Tensors["off_pairs"].Shape);
            var (draws, count) = ((int)shape[0], (int)shape[1]);
            var (joint, product, w) = (golden.ReadDoubles("support_p"), golden.ReadDoubles("support_uv"), golden.ReadDoubles("w"));
            var (u, v) = (Margin(golden.ReadInt32("class_x"), w), Margin(golden.ReadInt32("class_y"), w));
            var rest = 1 - product.Sum();
            double[] weights = draws > 1 ? [.. Enumerable.Repeat(rest / count, count)] : [.. Enumerable.Range(0, count).Select(i => u[off[2 * i]] * v[off[2 * i + 1]])];
            return new(
                Classes(golden, "x"),
                Classes(golden, "y"),
                [.. joint, .. new double[count]],
                [.. product, .. weights],
                step =>
                {
                    int[] all = [.. support, .. off.AsSpan(step % draws * count * 2, count * 2)];
                    return ([.. all.Where((_, i) => i % 2 == 0)], [.. all.Where((_, i) => i % 2 == 1)]);
                },
                [.. golden.ReadDoubles("info_bits").Select(_ => 1e-3)],
                [.. golden.ReadDoubles("step0.t_support"), .. golden.ReadDoubles("step0.t_off")]);
        }

        private static double[][] Rows(SafetensorsFile golden, string name, double[] values) => [.. values.Chunk((int)golden.Tensors[name].Shape[1])];

        /// <summary>The row of the first unit of every class.</summary>
        private static double[][] Classes(SafetensorsFile golden, string side)
        {
            var (rows, classes) = (Rows(golden, $"{side}_standardised", golden.ReadDoubles($"{side}_standardised")), golden.ReadInt32($"class_{side}"));
            return [.. Enumerable.Range(0, classes.Max() + 1).Select(c => rows[Array.IndexOf(classes, c)])];
        }

        private static double[] Margin(int[] classes, double[] weights)
        {
            var margin = new double[classes.Max() + 1];
            for (var i = 0; i < classes.Length; i++)
                margin[classes[i]] += weights[i];
            return margin;
        }
    }
}
