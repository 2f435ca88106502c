using System.Text;
using Emergence.Capture;
using Emergence.Information;
using Emergence.Lab.Reports;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Shards;

namespace Emergence.Tests.Measurement;

/// <summary>
/// What is written of cells, relations and shards, against lines that an earlier program wrote: folders of runs outlast programs.
/// </summary>
public sealed class RecordLineTests
{
    private static readonly MutualInformation s_plain = new()
    {
        Estimator = "exact",
        Seed = 1,
        MiBits = 2.5,
        ExactBits = 2.5,
        HPrefixBits = 3.25,
        Log2N = 10.965784284662087,
        IsEnumeration = true,
        K = 11,
        KX = 7,
        KY = 9,
        Mu = 0.1 + 0.2,
    };

    private static readonly CellResult[] s_cells =
    [
        new(new(CaptureKind.Macro, 0, 0, "exact", 1), s_plain, 0),
        new(new(CaptureKind.Micro, 29, 24, "s-mine", ulong.MaxValue), s_plain with
        {
            Estimator = "s-mine",
            Seed = ulong.MaxValue,
            MiBits = double.NaN,
            ExactStandardErrorBits = double.Epsilon,
            YBits = double.PositiveInfinity,
            IsEnumeration = false,
            CollisionsX = 3,
            CollisionsY = 4,
            Steps = 37,
            StoppedBy = StopReason.Failed,
            MaxBits = double.NegativeInfinity,
            LastMeanBits = -0.0,
            HeldOutBits = 1e300,
            StepsAboveCeiling = 2,
            MaxScore = float.MaxValue,
            NonFinite = 1L << 40,
            MultiplyAdds = 123456789012345.0,
            IsOfSource = true,
            ResolvableBits = 5.5,
            Doubt = "rows <repeat> & \"depend\" on each other's order: caf\u00E9, \U0001D70E = 1/2",
            Failure = "failed at step 37,\nlast finite 9.20",
        }, 0.012345678901234567),
        new(new(CaptureKind.Macro, 3, 2, "published-mine", 7), s_plain with
        {
            Estimator = "published-mine",
            Seed = 7,
            StoppedBy = StopReason.Limit,
            Steps = 10_000,
            MaxBits = 12.345,
            Protocol = new()
            {
                SliceStart = 64,
                SliceColumns = 64,
                Columns = 576,
                SliceBits = double.PositiveInfinity,
                FittedFrom = 5_000,
                Bins = [new(0, 12, 0, 13.5, double.PositiveInfinity), new(29.75, 4_988, -4.894817763307945, 9.125, 9.5)],
                MaxStep = 9_999,
                MaxStepCoincidences = 21,
                OverflowSteps = 0,
                FirstOverflow = -1,
            },
        }, double.NaN),
        new(new(CaptureKind.Micro, 1, 0, "s-mine", 2), s_plain with
        {
            Estimator = "s-mine",
            Seed = 2,
            StoppedBy = StopReason.Ceiling,
            YBits = 3,
            Canonical = new(2.25, 1, 64, 0.9999999, 0, 1e9, new(570, 6, 2), new(64, 0, 0)),
        }, 0),
        new(new(CaptureKind.Macro, 2, 1, "noisy-channel", 3), s_plain with
        {
            Estimator = "noisy-channel",
            Seed = 3,
            StoppedBy = StopReason.Level,
            Sigma = 1,
            SamplingErrorBits = 0.25,
            Noise =
            [
                new(0.5, 2.75, 0.001, 1e-16) { EmergenceErrorBits = 0.002, SamplingErrorBits = 0.125 },
                new(1, 2.5, double.NaN, 0) { SamplingErrorBits = double.PositiveInfinity },
            ],
        }, 1.5),
        new(new(CaptureKind.Micro, 2, 1, "noisy-channel", 4), s_plain with { Estimator = "noisy-channel", Seed = 4, Sigma = 0 }, 1.5),
    ];

    private static readonly ConsistencyCheck[] s_relations =
    [
        new("data processing", "I(x; y) <= H(x) < \u221E", 2.5, double.PositiveInfinity, 0.05, true) { Position = 1 },
        new("identity", "I(x; x) = H(x)", double.NaN, 3.25, 0, false, "failed at step 0") { Boundary = 29, Position = 24 },
    ];

    [Fact]
    public void Cells_are_written_as_they_always_were()
    {
        var expected = File.ReadAllLines(TestData.Golden("journal/cells.jsonl"));
        Assert.Equal(expected, s_cells.Select(cell => Encoding.UTF8.GetString(CellLine.Write(Key(cell), cell))));
    }

    [Fact]
    public void Cells_that_an_earlier_program_wrote_are_read()
    {
        var read = File.ReadAllLines(TestData.Golden("journal/cells.jsonl")).Select(line => CellLine.Read(Encoding.UTF8.GetBytes(line)));
        foreach (var (expected, (key, found)) in s_cells.Zip(read))
        {
            Assert.Equal((Key(expected), expected.Cell, expected.SamplingError), (key, found.Cell, found.SamplingError));
            Assert.Equivalent(expected.Information, found.Information, strict: true);
        }
    }

    [Fact]
    public void Relations_are_written_and_read_as_they_always_were()
    {
        var expected = File.ReadAllBytes(TestData.Golden("journal/self_check.json"));
        Assert.Equal(Encoding.UTF8.GetString(expected), Encoding.UTF8.GetString(SelfCheck.Write(s_relations)));
        Assert.Equal(s_relations, SelfCheck.Read(expected));
    }

    [Fact]
    public void Numbers_of_studies_are_written_and_read_as_they_always_were()
    {
        var line = new NamedNumbers("a \"b\"", [1, double.NaN, 1e-7]);
        var expected = """{"key":"a \u0022b\u0022","values":[1,"NaN",1E-07]}"""u8.ToArray();
        Assert.Equal(expected, RecordJson.Write(line, RecordJson.Default.NamedNumbers));
        Assert.Equal(line.Values, RecordJson.Read(expected, RecordJson.Default.NamedNumbers).Values);
    }

    [Fact]
    public void A_file_of_a_benchmark_is_written_and_read_as_it_always_was()
    {
        var expected = TestData.Golden("journal/bench.json");
        Assert.Equal(File.ReadAllText(expected), BenchFile.Read(expected).ToJson());
    }

    [Fact]
    public void A_line_that_lacks_a_number_is_refused()
    {
        var line = File.ReadLines(TestData.Golden("journal/cells.jsonl")).First();
        var without = Encoding.UTF8.GetBytes(line.Replace("\"steps\":0,", "", StringComparison.Ordinal));
        Assert.Contains("of another", Assert.Throws<EmergenceException>(() => CellLine.Read(without)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_line_of_a_shard_is_written_and_read_as_it_always_was()
    {
        var (header, expected) = (new ShardHeader("ab12", new Shard(2, 3), 1, "caf\u00E9-7", 4711), TestData.Golden("journal/shard.json"));
        Assert.Equal(File.ReadAllText(expected).TrimEnd(), Encoding.UTF8.GetString(header.ToJson()));
        Assert.Equal(header, ShardHeader.Read(File.ReadAllBytes(expected)));
        Assert.Null(ShardHeader.Read(Encoding.UTF8.GetBytes(File.ReadLines(TestData.Golden("journal/cells.jsonl")).First())));
    }

    private static string Key(CellResult cell) => $"{cell.Cell.Kind}/{cell.Cell.Boundary} \u00E9";
}
