namespace Emergence.Tokenizers;

/// <summary>A set of texts, each with a number, that finds the longest one beginning at a place.</summary>
internal sealed class TokenTrie(TokenizerFile file)
{
    // Characters of all texts together: some 50 MB here; published tokenizers stay below a tenth of it.
    private const int MaximumNodes = 1_000_000;

    private readonly Dictionary<long, int> _next = [];
    private readonly List<int> _value = [-1];

    public bool IsEmpty => _next.Count == 0;

    /// <summary>Adds a text; of two equal texts the first keeps its number.</summary>
    public void Add(string text, int value)
    {
        var node = 0;
        foreach (var character in text)
        {
            var key = Edge(node, character);
            if (!_next.TryGetValue(key, out node))
            {
                node = _value.Count;
                if (node > MaximumNodes)
                    throw file.Error($"has added tokens of more than {MaximumNodes} characters together");
                _value.Add(-1);
                _next.Add(key, node);
            }
        }

        if (_value[node] < 0)
            _value[node] = value;
    }

    /// <summary>Length and number of the longest text that begins at <paramref name="start"/>; false where none does.</summary>
    public bool TryMatch(string text, int start, out int length, out int value)
    {
        (length, value) = (0, -1);
        var node = 0;
        for (var i = start; i < text.Length && _next.TryGetValue(Edge(node, text[i]), out node); i++)
        {
            if (_value[node] >= 0)
                (length, value) = (i + 1 - start, _value[node]);
        }

        return value >= 0;
    }

    private static long Edge(int node, char character) => ((long)node << 16) | character;
}
