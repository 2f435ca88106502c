using Emergence.Information.Exact;

namespace Emergence.Measurement.Results;

/// <summary>A token of a sequence and the experts it was sent to.</summary>
/// <param name="Token">Its id.</param>
/// <param name="Position">From 0.</param>
/// <param name="Experts">Each another one.</param>
internal readonly record struct RoutedToken(int Token, int Position, IReadOnlyList<int> Experts);

/// <summary>
/// What one layer's routing does on a data set, all of it counted: every token of every sequence counts alike, and so does
/// each of the experts it is sent to.
/// </summary>
/// <param name="Layer">From 0.</param>
/// <param name="Shares">(E): part of what is sent that each expert gets.</param>
/// <param name="EntropyBits">H(expert), at most log2 E.</param>
/// <param name="TokenBits">I(expert; token).</param>
/// <param name="PositionBits">I(expert; position).</param>
public sealed record LayerRouting(int Layer, IReadOnlyList<double> Shares, double EntropyBits, double TokenBits, double PositionBits)
{
    /// <summary>log2 E: the entropy of experts that are used alike.</summary>
    public double MostBits => Math.Log2(Shares.Count);

    /// <summary>Experts that no row was sent to.</summary>
    public int Idle => Shares.Count(share => share == 0);

    internal static LayerRouting Of(int layer, int experts, IEnumerable<RoutedToken> units)
    {
        var (counts, tokens, positions) = (new double[experts], new Pairs(), new Pairs());
        foreach (var unit in units)
        {
            foreach (var expert in unit.Experts)
            {
                counts[expert]++;
                tokens.Add(expert, unit.Token);
                positions.Add(expert, unit.Position);
            }
        }

        var total = counts.Sum();
        return new(layer, [.. counts.Select(count => count / total)], Entropy.Bits([.. counts.Where(count => count > 0)], total),
            tokens.Bits(), positions.Bits());
    }

    /// <summary>How often an expert and something else came together.</summary>
    private sealed class Pairs
    {
        private readonly Dictionary<(int Expert, int Other), double> _counts = [];

        public void Add(int expert, int other) => _counts[(expert, other)] = _counts.GetValueOrDefault((expert, other)) + 1;

        /// <summary>I = H(expert) + H(other) - H(both), of the counts themselves.</summary>
        public double Bits()
        {
            var total = _counts.Values.Sum();
            return Math.Max(0, Of(pair => pair.Expert) + Of(pair => pair.Other) - Entropy.Bits([.. _counts.Values], total));

            double Of(Func<(int Expert, int Other), int> side) =>
                Entropy.Bits([.. _counts.GroupBy(entry => side(entry.Key)).Select(group => group.Sum(entry => entry.Value))], total);
        }
    }
}
