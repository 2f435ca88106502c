namespace Emergence.Models;

/// <summary>Rows of a joint projection in the order all queries, all keys, all values.</summary>
internal static class JointRows
{
    /// <summary>The stored row that each row is; null if they are stored in order.</summary>
    public static int[]? Order(AttentionPart attention) => attention.JointOrder switch
    {
        JointOrder.Groups when attention.KeyHeads > 1 => Groups(attention),
        JointOrder.Quarters => Quarters(attention),
        _ => null,
    };

    /// <summary>The stored row that each row is of a projection that holds each head's query and gate: queries, then gates.</summary>
    public static int[]? GateOrder(AttentionPart attention) => !attention.OutputGate ? null
        : [.. Enumerable.Range(0, 2 * attention.QueryWidth).Select(i =>
        {
            var (part, column) = (i / attention.QueryWidth, i % attention.QueryWidth);
            return (2 * (column / attention.HeadSize) + part) * attention.HeadSize + column % attention.HeadSize;
        })];

    private static int[] Groups(AttentionPart attention)
    {
        var (size, group) = (attention.HeadSize, attention.Heads / attention.KeyHeads);
        return [.. Heads(attention.Heads, h => h / group * (group + 2) + h % group),
            .. Heads(attention.KeyHeads, g => g * (group + 2) + group), .. Heads(attention.KeyHeads, g => g * (group + 2) + group + 1)];

        IEnumerable<int> Heads(int count, Func<int, int> slot) =>
            Enumerable.Range(0, count * size).Select(i => slot(i / size) * size + i % size);
    }

    private static int[] Quarters(AttentionPart attention)
    {
        const int Parts = 4;
        var local = attention.QueryWidth / Parts;

        // Within a part: queries, values, keys.
        return [.. new[] { 0, 2, 1 }.SelectMany(which =>
            Enumerable.Range(0, attention.QueryWidth).Select(i => (i / local * 3 + which) * local + i % local))];
    }
}
