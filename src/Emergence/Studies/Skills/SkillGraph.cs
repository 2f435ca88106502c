using Emergence.Devices.Randomness;

namespace Emergence.Studies.Skills;

/// <summary>The most a search found.</summary>
/// <param name="Share">Largest share of the edges of failed texts that meet in the chosen skills.</param>
/// <param name="Beta">That share over alpha.</param>
/// <param name="QuantileBeta">
/// The failed texts as the theorem counts them: all skills but a share alpha have at most this times theta of their own
/// edges in them.
/// </param>
/// <param name="Rounds">Improvements until nothing changed, over all starts.</param>
internal readonly record struct WorstTexts(double Share, double Beta, double QuantileBeta, int Rounds);

/// <summary>Texts, each with k skills drawn uniformly and independently: the graph of Arora and Goyal (2023).</summary>
internal sealed class SkillGraph
{
    public const int MostSkills = ushort.MaxValue;
    public const int MostPerText = byte.MaxValue;

    private const int MostRounds = 60;

    private readonly int _perText;
    private readonly int _skills;
    private readonly ushort[] _edges; // (texts, k)
    private readonly int[] _degrees; // (skills)

    public SkillGraph(int texts, int skills, int perText, ulong seed)
    {
        if (texts < 1 || perText is < 1 or > MostPerText || skills is < 2 or > MostSkills)
            throw new ArgumentException(
                $"expected texts, 2 to {MostSkills} skills and 1 to {MostPerText} of them a text, found {texts}, {skills} and {perText}");
        (Texts, _skills, _perText) = (texts, skills, perText);
        var random = new RandomSequence(seed, (uint)perText, RandomStream.Tasks);
        _edges = new ushort[checked(texts * perText)];
        _degrees = new int[skills];
        for (var i = 0; i < _edges.Length; i++)
        {
            _edges[i] = (ushort)random.NextInt(skills);
            _degrees[_edges[i]]++;
        }
    }

    public int Texts { get; }

    /// <summary>
    /// The worst failed texts and skills that a local search finds: for given skills the texts that use them most, for given
    /// texts the skills that they use most, in turn, neither of which can lower their edges. The true worst case is at least this
    /// bad, so that the check against a bound is one-sided.
    /// </summary>
    /// <param name="theta">Share of texts that fail.</param>
    /// <param name="alpha">Share of skills.</param>
    /// <param name="starts">The first starts at the skills of most edges, the others at random skills.</param>
    /// <param name="seed">Draws the starts.</param>
    /// <param name="cancellation">Ends the search between two rounds.</param>
    public WorstTexts Worst(double theta, double alpha, int starts, ulong seed, CancellationToken cancellation = default)
    {
        var (failed, chosen) = (Math.Max(1, (int)(theta * Texts)), Math.Max(1, (int)(alpha * _skills)));
        var random = new RandomSequence(seed, (uint)_perText, RandomStream.Resampling);
        WorstTexts worst = default;
        var rounds = 0;
        for (var start = 0; start < starts; start++)
        {
            var order = Enumerable.Range(0, _skills).ToArray();
            random.Shuffle<int>(order);
            if (start == 0)
                order = [.. order.OrderByDescending(skill => _degrees[skill])];
            var found = Climb(order[..chosen], failed, ref rounds, cancellation);
            worst = found.Share > worst.Share ? found : worst;
        }

        return worst with { Rounds = rounds };
    }

    private WorstTexts Climb(int[] skills, int failed, ref int rounds, CancellationToken cancellation)
    {
        var (inside, uses, best) = (new bool[_skills], new int[_skills], -1L);
        foreach (var skill in skills)
            inside[skill] = true;
        _degrees.CopyTo(uses, 0);
        for (var round = 0; round < MostRounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            var texts = MostUsing(inside, uses, failed);
            CountUses(texts, uses);
            var top = Enumerable.Range(0, _skills).OrderByDescending(skill => uses[skill]).Take(skills.Length).ToArray();
            Array.Clear(inside);
            foreach (var skill in top)
                inside[skill] = true;
            var edges = top.Sum(skill => (long)uses[skill]);
            if (edges <= best)
                break;
            (best, rounds) = (edges, rounds + 1);
        }

        var share = best / ((double)failed * _perText);
        return new(share, share / skills.Length * _skills, QuantileBeta(uses, skills.Length, failed), 0);
    }

    /// <summary>The texts with most edges to the chosen skills; of equal ones those whose skills the last failed texts use most.</summary>
    private int[] MostUsing(bool[] inside, int[] uses, int count)
    {
        var (hits, histogram) = (new byte[Texts], new int[_perText + 1]);
        for (var text = 0; text < Texts; text++)
        {
            var n = 0;
            foreach (var skill in _edges.AsSpan(text * _perText, _perText))
                n += inside[skill] ? 1 : 0;
            hits[text] = (byte)n;
            histogram[n]++;
        }

        var (threshold, above) = (_perText, 0);
        while (above + histogram[threshold] < count)
            above += histogram[threshold--];
        var chosen = new int[count];
        var (ties, keys, at) = (new int[histogram[threshold]], new int[histogram[threshold]], (Chosen: 0, Tie: 0));
        for (var text = 0; text < Texts; text++)
        {
            if (hits[text] > threshold)
                chosen[at.Chosen++] = text;
            if (hits[text] != threshold)
                continue;
            foreach (var skill in _edges.AsSpan(text * _perText, _perText))
                keys[at.Tie] -= uses[skill];
            ties[at.Tie++] = text;
        }

        Array.Sort(keys, ties);
        ties.AsSpan(0, count - above).CopyTo(chosen.AsSpan(above));
        return chosen;
    }

    private void CountUses(int[] texts, int[] uses)
    {
        Array.Clear(uses);
        foreach (var text in texts)
        {
            foreach (var skill in _edges.AsSpan(text * _perText, _perText))
                uses[skill]++;
        }
    }

    private double QuantileBeta(int[] uses, int chosen, int failed)
    {
        var shares = new double[_skills];
        for (var skill = 0; skill < _skills; skill++)
            shares[skill] = _degrees[skill] == 0 ? 0 : (double)uses[skill] / _degrees[skill];
        Array.Sort(shares);
        return shares[_skills - Math.Min(_skills, chosen + 1)] / ((double)failed / Texts);
    }
}
