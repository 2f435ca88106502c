using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Emergence.Tokenizers.Normalizers;

/// <summary>
/// The "precompiled_charsmap" of SentencePiece: a double-array trie (Darts) over UTF-8 whose leaves point into a list of texts
/// that end in a zero byte. Its length in bytes comes first.
/// </summary>
internal sealed class CharacterMap
{
    /// <summary>Nothing in the map goes on so.</summary>
    public const int NoWay = -2;

    /// <summary>Keys go on so, but none ends here.</summary>
    public const int NoLeaf = -1;

    private readonly TokenizerFile _file;
    private readonly uint[] _units;
    private readonly byte[] _texts;
    private readonly ConcurrentDictionary<int, string> _known = [];

    public CharacterMap(TokenizerFile file, ReadOnlySpan<byte> bytes)
    {
        _file = file;
        var length = bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (length == 0 || length % 4 != 0 || length > bytes.Length - 4)
            throw file.Error($"the precompiled character map claims {length} bytes for its trie, and has {Math.Max(0, bytes.Length - 4)}");
        _units = new uint[length / 4];
        for (var i = 0; i < _units.Length; i++)
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + 4 * i)..]);
        _texts = bytes[(4 + (int)length)..].ToArray();
        if (!Utf8.IsValid(_texts))
            throw file.Error("the precompiled character map has texts that are not valid UTF-8");
    }

    public static CharacterMap FromJson(JsonField field)
    {
        var bytes = new byte[field.Text().Length];
        return Convert.TryFromBase64String(field.Text(), bytes, out var count)
            ? new(field.File, bytes.AsSpan(0, count))
            : throw field.Error("base64");
    }

    /// <summary>Where a walk begins.</summary>
    public uint Root => Offset(_units[0]);

    /// <summary>Goes on by one byte; the number of the text for what was walked, or <see cref="NoLeaf"/> or <see cref="NoWay"/>.</summary>
    public int Step(ref uint node, byte value)
    {
        var unit = Unit(node ^ value);
        if (value == 0 || (unit & 0x800000FF) != value)
            return NoWay;
        node ^= value ^ Offset(unit);
        return (unit >> 8 & 1) == 0 ? NoLeaf : (int)(Unit(node) & 0x7FFFFFFF);
    }

    /// <summary>The text that a leaf points to.</summary>
    public string Text(int leaf) => _known.GetOrAdd(leaf, static (start, map) =>
    {
        if (start >= map._texts.Length)
            throw map.Outside();
        var rest = map._texts.AsSpan(start);
        var end = rest.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? rest : rest[..end]);
    }, this);

    /// <summary>
    /// As the tokenizers library does: of a cluster of at most five bytes (one letter with its marks) and of every character
    /// of other clusters, the shortest beginning that is in the map stands for the whole.
    /// </summary>
    public TracedText Normalize(TracedText text)
    {
        var rewrite = new TextRewrite(text);
        for (int start = 0, length; start < text.Length; start += length)
        {
            length = StringInfo.GetNextTextElementLength(text.Span[start..]);
            var cluster = text.Span.Slice(start, length);
            if (TryPut(rewrite, cluster, start, mostBytes: 5))
                continue;
            var index = start;
            foreach (var rune in cluster.EnumerateRunes())
            {
                if (!TryPut(rewrite, text.Span.Slice(index, rune.Utf16SequenceLength), index, mostBytes: 4))
                    rewrite.Put(rune, index);
                index += rune.Utf16SequenceLength;
            }
        }

        return rewrite.Done();
    }

    /// <summary>Puts a text for some characters: the first for the first, and what is over for the last.</summary>
    public static void Put(TextRewrite rewrite, ReadOnlySpan<char> text, ReadOnlySpan<char> replaced, int index)
    {
        var last = index + replaced.Length - 1;
        foreach (var rune in text.EnumerateRunes())
        {
            rewrite.Put(rune, index);
            index = Math.Min(last, index + (char.IsHighSurrogate(replaced[index - last + replaced.Length - 1]) ? 2 : 1));
        }
    }

    private bool TryPut(TextRewrite rewrite, ReadOnlySpan<char> part, int index, int mostBytes)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (!Encoding.UTF8.TryGetBytes(part, bytes, out var count) || count > mostBytes)
            return false;
        var node = Root;
        foreach (var value in bytes[..count])
        {
            var leaf = Step(ref node, value);
            if (leaf == NoWay)
                return false;
            if (leaf == NoLeaf)
                continue;
            Put(rewrite, Text(leaf), part, index);
            return true;
        }

        return false;
    }

    private uint Unit(uint index) => index < (uint)_units.Length ? _units[index] : throw Outside();

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);

    private EmergenceException Outside() => _file.Error("the precompiled character map points outside itself");
}
