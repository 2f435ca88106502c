using Emergence.Devices.Sampling;
using Emergence.Information;

namespace Emergence.Tests.Information;

/// <summary>
/// A toy of a language model: 25 entities, never twice in a sequence, E ~ N(0, 1), A_i and B ~ N(0, 1/64);
/// x at slot t is tanh(sum over i up to t of A_i E[token_i]), y = x + tanh(B x), columns standardised. 2,000 sequences
/// are drawn with replacement. The exact values are those of counting, 4.64 bits and about 9 bits.
/// </summary>
public class ToyModelTests
{
    private const int Width = 64, Entities = 25, Sequences = 2_000;

    [Fact]
    public void The_published_protocol_reads_too_much_and_s_mine_does_not()
    {
        using var device = Cells.Open("cpu");
        var preset = CriticPreset.Small with { StepLimit = 1_500 };
        var (first, second) = (Slot(1), Slot(2));
        var results = Cells.Estimate(
            device,
            4,
            Cells.Request("s-mine", first, preset),
            Cells.Request("paper", first, preset),
            Cells.Request("s-mine", second, preset),
            Cells.Request("paper", second, preset));

        Assert.InRange(first.Bits, 4.6, Math.Log2(25));
        Assert.InRange(second.Bits, 8.9, Math.Log2(600));
        foreach (var (s, paper) in new[] { (results[0], results[1]), (results[2], results[3]) })
        {
            Assert.InRange(s.MiBits, s.ExactBits - 0.02, s.ExactBits + 1e-4);
            Assert.Equal(0, s.StepsAboveCeiling);
            Assert.True(paper.MiBits > paper.ExactBits + 0.05, $"{paper.MiBits} against {paper.ExactBits}");
            Assert.Equal(Verdict.Unreliable, paper.Verdict);
        }

        Assert.InRange(results[1].Mu, 70, 90); // 2,000 / 25, a little more for an uneven draw
        Assert.InRange(results[3].Mu, 3.3, 5);
        Assert.True(results[3].MiBits > results[3].ExactBits + 0.5, "a shuffle without any coincidence is not bounded");
    }

    /// <summary>x and y of every sequence at the slot (1 is the first), classes and weights as counted.</summary>
    private static JointClasses Slot(int slots)
    {
        var random = new RandomSequence(5, 0, RandomStream.Samplers);
        float[] Matrix(int rows, double deviation) => [.. Enumerable.Range(0, rows * Width).Select(_ => (float)(deviation * random.NextNormal()))];
        var (entities, mixing) = (Matrix(Entities, 1), Matrix(Width, 0.125));
        var positions = Enumerable.Range(0, 2).Select(_ => Matrix(Width, 0.125)).ToArray();

        var (x, y) = (new List<float>(), new List<float>());
        for (var sequence = 0; sequence < Sequences; sequence++)
        {
            var tokens = Enumerable.Range(0, Entities).ToArray();
            random.Shuffle(tokens.AsSpan());
            var sum = new double[Width];
            for (var i = 0; i < slots; i++)
                Accumulate(positions[i], entities.AsSpan(tokens[i] * Width, Width), sum);
            float[] left = [.. sum.Select(value => (float)Math.Tanh(value))];
            var mixed = new double[Width];
            Accumulate(mixing, left, mixed);
            x.AddRange(left);
            y.AddRange(left.Zip(mixed, (value, more) => value + (float)Math.Tanh(more)));
        }

        return new(Standardised([.. x]), Standardised([.. y]), isEnumeration: false);
    }

    private static void Accumulate(float[] matrix, ReadOnlySpan<float> vector, double[] sum)
    {
        for (var row = 0; row < Width; row++)
        {
            for (var column = 0; column < Width; column++)
                sum[row] += matrix[row * Width + column] * vector[column];
        }
    }

    /// <summary>Equal rows stay equal, because every row is treated alike.</summary>
    private static RowClasses Standardised(float[] rows)
    {
        for (var column = 0; column < Width; column++)
        {
            var values = Enumerable.Range(0, Sequences).Select(row => (double)rows[row * Width + column]).ToArray();
            var mean = values.Average();
            var deviation = Math.Sqrt(values.Average(value => (value - mean) * (value - mean)));
            for (var row = 0; row < Sequences; row++)
                rows[row * Width + column] = (float)((values[row] - mean) / deviation);
        }

        return new(rows, Width, [.. Enumerable.Repeat(1.0, Sequences)]);
    }
}
