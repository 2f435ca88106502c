using System.Runtime.InteropServices;
using Emergence.Devices.Critics;
using Emergence.Devices.Tensors;
using Emergence.Tests.Information;

namespace Emergence.Tests.Devices;

/// <summary>The plan of a training's memory beside what the C library and the kernel have given out: alone, since the count is that of
/// the process.</summary>
[Collection(nameof(CriticMemoryTests))]
[CollectionDefinition(nameof(CriticMemoryTests), DisableParallelization = true)]
public sealed partial class CriticMemoryTests
{
    /// <summary>The presets' widths, and shapes of two layers and of layers that grow.</summary>
    public static TheoryData<string, int, int, int, int[]> Cases
    {
        get
        {
            var data = new TheoryData<string, int, int, int, int[]>();
            foreach (var name in TestDevices.Names.Select(row => row.Data)
                .Where(name => name == "reference" || name.StartsWith("cpu/", StringComparison.Ordinal)))
            {
                // The reference is slow.
                var few = name == "reference" ? 20 : 100;
                foreach (var threads in name == "reference" ? (int[])[1] : [1, 3])
                {
                    data.Add(name, threads, 300, 3_000, [64, 32, 16, 1]);
                    data.Add(name, threads, few, 9 * few, [768, 384, 192, 96, 48, 24, 12, 6, 3, 1]);
                    data.Add(name, threads, 200, 9_000, [100, 1]);
                    data.Add(name, threads, 200, 1_000, [33, 65, 129, 1]);
                }
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_training_takes_what_its_plan_says(string name, int threads, int rows, int drawn, int[] widths)
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("the C library tells what it gave out on Linux only");
        const int Columns = 48;
        var shape = new CriticShape(Columns, Columns, widths);
        using var device = TestDevices.Create(name, threads);
        using var x = device.Allocate(rows, Columns);
        using var y = device.Allocate(rows, Columns);
        device.Upload(Cells.Vectors(rows, Columns, 5), x);
        device.Upload(Cells.Vectors(rows, Columns, 6), y);

        // The first one also makes what threads keep for all trainings.
        Train();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var (own, partners) = (Enumerable.Range(0, rows).ToArray(), Enumerable.Range(0, drawn).Select(pair => pair % rows).ToArray());
        var planned = CriticTraining.EstimateBytes(device, shape, rows, rows, own, own, new ShuffledPairs(partners, partners));
        // What a thread works in is there only once it came in time to share a loop. The run time itself takes and frees memory now and
        // then, each time another amount: a wrong plan is as wrong in every training.
        var (least, most) = (threads == 1 ? planned - planned / 50 : 0, planned + 100_000);
        var trainings = Enumerable.Range(0, 20).Select(_ => -LiveBytes() + Train());
        Assert.Contains(trainings, taken => taken >= least && taken <= most);

        long Train()
        {
            var support = Enumerable.Range(0, rows).ToArray();
            var drawnRows = Enumerable.Range(0, drawn).Select(pair => pair % rows).ToArray();
            var weights = Enumerable.Repeat(1.0 / (rows + drawn), rows + drawn).ToArray();
            using var training = new CriticTraining(device, shape, x, y, support, support, weights, weights,
                new ShuffledPairs(drawnRows, drawnRows), Cells.Vectors(shape.ParameterCount, 1, 7)) { Rate = _ => 1e-3 };
            device.Train([training], 1);
            return LiveBytes();
        }
    }

    private static long LiveBytes()
    {
        var info = MallInfo();
        return (long)(info.InUse + info.Mapped) + HostPages.MappedBytes;
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial Allocations MallInfo();

    /// <summary>struct mallinfo2 of glibc.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Allocations
    {
        private readonly nuint _arena, _freeChunks, _fastChunks, _mappedChunks;
        public readonly nuint Mapped;
        private readonly nuint _highest, _fastBytes;
        public readonly nuint InUse;
        private readonly nuint _free, _top;
    }
}
