namespace Emergence.Tokenizers;

/// <summary>
/// A set of texts, each with a number, that is walked character by character: edges lie in one open-addressed table, so that
/// 256,000 pieces take some 20 MB.
/// </summary>
internal sealed class TokenTrie(TokenizerFile file, string what)
{
    public const int Root = 0;

    // Characters of all texts together, less shared beginnings: some 150 MB here; published vocabularies stay below a million.
    private const int MaximumNodes = 4_000_000;

    private const ulong Mixer = 0x9E3779B97F4A7C15;

    // Key 0 is free: edges are counted from node 1.
    private ulong[] _edges = new ulong[64];
    private int[] _targets = new int[64];
    private int[] _values = [-1, -1, -1, -1];
    private int _shift = 64 - 6;
    private int _nodes = 1;

    public bool IsEmpty => _nodes == 1;

    /// <summary>Adds a text; of two equal texts the first keeps its number, unless the later one is to replace it.</summary>
    public void Add(ReadOnlySpan<char> text, int value, bool replace = false)
    {
        var node = Root;
        foreach (var character in text)
            node = Step(node, character) is >= 0 and var next ? next : AddNode(node, character);
        if (_values[node] < 0 || replace)
            _values[node] = value;
    }

    /// <summary>The node one character further; -1 if no text goes on so.</summary>
    public int Step(int node, char character)
    {
        var edge = Edge(node, character);
        for (var slot = Slot(edge); _edges[slot] != 0; slot = (slot + 1) & (_edges.Length - 1))
        {
            if (_edges[slot] == edge)
                return _targets[slot];
        }

        return -1;
    }

    /// <summary>The number of the text that ends at a node; -1 if none does.</summary>
    public int Value(int node) => _values[node];

    /// <summary>Length and number of the longest text at the beginning of another; false if none is there.</summary>
    public bool TryMatch(ReadOnlySpan<char> text, out int length, out int value)
    {
        (length, value) = (0, -1);
        var node = Root;
        for (var i = 0; i < text.Length && (node = Step(node, text[i])) >= 0; i++)
        {
            if (_values[node] >= 0)
                (length, value) = (i + 1, _values[node]);
        }

        return value >= 0;
    }

    private int AddNode(int node, char character)
    {
        if (_nodes == MaximumNodes)
            throw file.Error($"has {what} of more than {MaximumNodes} characters together");
        if (_nodes == _values.Length)
        {
            Array.Resize(ref _values, 2 * _nodes);
            _values.AsSpan(_nodes).Fill(-1);
        }

        if (3 * _nodes > 2 * _edges.Length)
            Grow();
        Place(Edge(node, character), _nodes);
        return _nodes++;
    }

    private void Grow()
    {
        var (edges, targets) = (_edges, _targets);
        (_edges, _targets) = (new ulong[2 * edges.Length], new int[2 * edges.Length]);
        _shift--;
        for (var i = 0; i < edges.Length; i++)
        {
            if (edges[i] != 0)
                Place(edges[i], targets[i]);
        }
    }

    private void Place(ulong edge, int target)
    {
        var slot = Slot(edge);
        while (_edges[slot] != 0)
            slot = (slot + 1) & (_edges.Length - 1);
        (_edges[slot], _targets[slot]) = (edge, target);
    }

    private int Slot(ulong edge) => (int)(edge * Mixer >> _shift);

    private static ulong Edge(int node, char character) => ((ulong)(node + 1) << 16) | character;
}
