using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Emergence.Datasets;

/// <summary>Sequences of equal length and equal weight, with the exact entropies of their tokens and prefixes.</summary>
public sealed class Dataset
{
    private readonly int[] _tokens;

    /// <param name="name">As tables show it, e.g. "country".</param>
    /// <param name="tokenizerIdentity">Names the tokenizer that made the ids.</param>
    /// <param name="length">T, tokens a sequence.</param>
    /// <param name="tokens">(N, T) ids, row by row.</param>
    public Dataset(string name, string tokenizerIdentity, int length, int[] tokens)
    {
        if (length < 1 || tokens.Length == 0 || tokens.Length % length != 0)
            throw new ArgumentException($"expected sequences of {length} tokens, found {tokens.Length} tokens");
        (Name, TokenizerIdentity, Length, _tokens) = (name, tokenizerIdentity, length, tokens);
        Count = tokens.Length / length;
        Labels = [.. Enumerable.Range(0, length).Select(t => $"t{t}")];
        (TokenBits, PrefixBits, DistinctPrefixes) = Entropies();
    }

    public string Name { get; }

    public string TokenizerIdentity { get; }

    /// <summary>T.</summary>
    public int Length { get; }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>True if every sequence there is appears once: such a set has no sampling error.</summary>
    public bool IsEnumeration { get; init; }

    /// <summary>Sequences there are to draw from.</summary>
    public double Available { get; init; }

    /// <summary>Tokens of a shot; 0 if sequences have no shots.</summary>
    public int ShotLength { get; init; }

    /// <summary>Put before every sequence; not a position.</summary>
    public int? BeginningOfSequence { get; init; }

    /// <summary>One short name per position, for tables and axes.</summary>
    public IReadOnlyList<string> Labels { get; init; }

    /// <summary>What the user should know about how the set came about.</summary>
    public IReadOnlyList<string> Notes { get; internal set; } = [];

    public double Log2N => Math.Log2(Count);

    /// <summary>H(token t), bits.</summary>
    public IReadOnlyList<double> TokenBits { get; }

    /// <summary>H(tokens 0 .. t), bits.</summary>
    public IReadOnlyList<double> PrefixBits { get; }

    /// <summary>Number of distinct prefixes of t + 1 tokens.</summary>
    public IReadOnlyList<int> DistinctPrefixes { get; }

    /// <summary>Tokens of sequence n.</summary>
    public ReadOnlySpan<int> this[int n] => _tokens.AsSpan(n * Length, Length);

    /// <summary>(N, T) ids, row by row.</summary>
    public ReadOnlySpan<int> Tokens => _tokens;

    /// <summary>SHA-256 of the sequences, what stands before them, whether they are all there are, and the tokenizer.</summary>
    public string Id
    {
        get
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            Span<byte> header = stackalloc byte[16];
            BinaryPrimitives.WriteInt32LittleEndian(header, Length);
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], Count);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], BeginningOfSequence ?? -1);
            BinaryPrimitives.WriteInt32LittleEndian(header[12..], IsEnumeration ? 1 : 0);
            hash.AppendData(header);
            hash.AppendData(MemoryMarshal.AsBytes(_tokens.AsSpan()));
            hash.AppendData(Encoding.UTF8.GetBytes(TokenizerIdentity));
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }

    /// <summary>Entropy in bits of a distribution given by counts that add up to <paramref name="total"/>.</summary>
    internal static double EntropyOfCounts(ReadOnlySpan<int> counts, long total)
    {
        var sum = 0.0;
        foreach (var count in counts)
            sum += count * Math.Log2(count);
        return Math.Log2(total) - sum / total;
    }

    /// <summary>One walk over the positions: the class of a prefix is the class of the one before it and the new token.</summary>
    private (double[] Token, double[] Prefix, int[] Distinct) Entropies()
    {
        var (token, prefix, distinct) = (new double[Length], new double[Length], new int[Length]);
        var classes = new int[Count];
        var tokens = new int[Count];
        for (var t = 0; t < Length; t++)
        {
            for (var n = 0; n < Count; n++)
                tokens[n] = _tokens[n * Length + t];
            token[t] = EntropyOfCounts(Refine(new int[Count], tokens), Count);
            var counts = Refine(classes, tokens);
            (prefix[t], distinct[t]) = (EntropyOfCounts(counts, Count), counts.Length);
        }

        return (token, prefix, distinct);
    }

    /// <summary>Splits classes by a second number, in place, and returns the count of each new class.</summary>
    private static int[] Refine(int[] classes, int[] by)
    {
        var known = new Dictionary<(int, int), int>();
        var counts = new List<int>();
        for (var n = 0; n < classes.Length; n++)
        {
            ref var id = ref CollectionsMarshal.GetValueRefOrAddDefault(known, (classes[n], by[n]), out var exists);
            if (!exists)
            {
                id = counts.Count;
                counts.Add(0);
            }

            classes[n] = id;
            counts[id]++;
        }

        return [.. counts];
    }
}
