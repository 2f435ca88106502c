using Emergence.Devices.Randomness;
using Emergence.Information.Exact;
using Emergence.Information.Noise;

namespace Emergence.Tests.Information.Noise;

/// <summary>Which changes of the states that a model does not mean change the value in which units, and which do not.</summary>
public sealed class NoiseScaleTests
{
    private const int Classes = 60, Columns = 16;

    /// <summary>Columns of very different sizes, as a residual stream has.</summary>
    private static readonly float[] s_rows = Rows();

    [Theory]
    [InlineData(NoiseScale.Isotropic, true)]
    [InlineData(NoiseScale.Column, false)]
    [InlineData(NoiseScale.Normed, true)]
    public void A_rotation_of_the_basis_changes_nothing_but_by_column(NoiseScale scale, bool isInvariant) =>
        Compare(scale, s_rows, Rotate(s_rows), isInvariant, sameDraws: false);

    [Theory]
    [InlineData(NoiseScale.Isotropic)]
    [InlineData(NoiseScale.Column)]
    [InlineData(NoiseScale.Normed)]
    public void A_larger_stream_changes_nothing(NoiseScale scale) =>
        Compare(scale, s_rows, Array.ConvertAll(s_rows, value => 64 * value), isInvariant: true, sameDraws: true);

    [Theory]
    [InlineData(NoiseScale.Isotropic, false)]
    [InlineData(NoiseScale.Column, false)]
    [InlineData(NoiseScale.Normed, true)]
    public void A_size_for_each_state_changes_nothing_only_where_states_are_normed(NoiseScale scale, bool isInvariant) =>
        Compare(scale, s_rows, [.. s_rows.Select((value, i) => value * (1 + i / Columns % 4))], isInvariant, sameDraws: true);

    /// <summary>A column a hundred times as large as the others together, in which states hardly differ for their size.</summary>
    [Theory]
    [InlineData(NoiseScale.Isotropic, false)]
    [InlineData(NoiseScale.Column, true)]
    [InlineData(NoiseScale.Normed, false)]
    public void A_huge_column_rules_all_but_the_noise_by_column(NoiseScale scale, bool isStable)
    {
        var random = new RandomSequence(9, 9, RandomStream.Samplers);
        var huge = Enumerable.Range(0, Classes).Select(_ => (float)(2e4 + 2e3 * random.NextNormal())).ToArray();
        float[] with = [.. s_rows.Chunk(Columns).Zip(huge).SelectMany(entry => entry.First.Append(entry.Second))];
        var (plain, changed) = (Bits(scale, s_rows, Columns), Bits(scale, with, Columns + 1));

        // One more column of seventeen that counts as any other is worth a little.
        if (isStable)
            Assert.InRange(changed - plain, -0.05, 0.35);
        else
            Assert.True(plain - changed > 0.5, $"{plain} and {changed}");
    }

    [Fact]
    public void Words_of_scales_are_read_back_and_others_refused()
    {
        Assert.All(NoiseScales.Names, name => Assert.Equal(name, NoiseScales.Parse(name).Word()));
        Assert.Equal("unknown noise 'white': choose isotropic, column, normed",
            Assert.Throws<EmergenceException>(() => NoiseScales.Parse("white")).Message);
    }

    private static void Compare(NoiseScale scale, float[] before, float[] after, bool isInvariant, bool sameDraws)
    {
        var (first, second) = (Bits(scale, before, Columns), Bits(scale, after, Columns));

        // Under a rotation the same draws are others; 2,048 pairs have an error of about 0.01.
        if (isInvariant)
            Assert.Equal(first, second, sameDraws ? 1e-4 : 0.05);
        else
            Assert.True(Math.Abs(first - second) > 0.08, $"{first} and {second}");
    }

    private static double Bits(NoiseScale scale, float[] rows, int columns)
    {
        var side = new RowClasses(rows, columns, [.. Enumerable.Repeat(1.0, rows.Length / columns)]);

        // Classes are sorted by their bytes: draws go by the units, which keep their order.
        var draws = new NoiseDraws(4, 0, columns, 2048);
        var drawn = Array.ConvertAll(draws.Places(Classes), unit => side.ClassOfUnit[unit]);
        using var device = Cells.Open("cpu");
        using var mixture = new NoiseMixture(device, draws, scale);
        return mixture.Read(side, drawn, [1]).Values[0].Bits;
    }

    private static float[] Rows()
    {
        var rows = Cells.Vectors(Classes, Columns, 62);
        return [.. rows.Select((value, i) => value * MathF.Pow(2, -(i % Columns) / 3f))];
    }

    /// <summary>By a random orthogonal matrix (Gram and Schmidt).</summary>
    private static float[] Rotate(float[] rows)
    {
        var basis = Cells.Vectors(Columns, Columns, 63).Select(value => (double)value).Chunk(Columns).ToArray();
        for (var i = 0; i < Columns; i++)
        {
            for (var j = 0; j < i; j++)
            {
                var along = basis[i].Zip(basis[j], (a, b) => a * b).Sum();
                for (var k = 0; k < Columns; k++)
                    basis[i][k] -= along * basis[j][k];
            }

            var length = Math.Sqrt(basis[i].Sum(value => value * value));
            basis[i] = [.. basis[i].Select(value => value / length)];
        }

        return [.. rows.Chunk(Columns).SelectMany(row => basis.Select(axis => (float)axis.Zip(row, (a, b) => a * b).Sum()))];
    }
}
