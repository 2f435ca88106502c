namespace Emergence.Models;

/// <summary>What a run asks of weights that are streamed.</summary>
/// <param name="Tokens">Distinct ones.</param>
/// <param name="Rows">Rows of all passes together, each of which is sent to a few experts; null: so many that all experts are
/// needed.</param>
/// <param name="Head">Scores are read, for which the head is in memory.</param>
internal readonly record struct WeightDemand(long Tokens = 0, long? Rows = null, bool Head = false);

/// <summary>Bytes of a block's weights.</summary>
/// <param name="Always">Bytes of the weights that all rows pass.</param>
/// <param name="Experts">E.</param>
/// <param name="Chosen">k, the experts that a row passes.</param>
/// <param name="Expert">Bytes of one expert.</param>
internal readonly record struct BlockSize(long Always, int Experts = 0, int Chosen = 0, long Expert = 0)
{
    public long Total => Always + OfExperts(null);

    /// <summary>The most experts that so many rows are sent to; null: all.</summary>
    public int NeededExperts(long? rows) => (int)Math.Min(Experts, rows is { } some ? Math.Min(some, Experts) * Chosen : Experts);

    /// <summary>Bytes of these experts.</summary>
    public long OfExperts(long? rows) => NeededExperts(rows) * Expert;
}

/// <summary>Bytes of a model's weights as they are stored, and what streaming them takes.</summary>
/// <param name="Kept">What stays whatever is streamed: norms and what belongs to no block.</param>
/// <param name="TableRow">One token's rows of the tables of which only needed rows are read.</param>
/// <param name="Blocks">Sizes of each block.</param>
/// <param name="Tables">Bytes of the whole tables.</param>
/// <param name="Head">Bytes of what the head has of its own.</param>
/// <param name="TiedHead">Bytes of the embedding, if that is the head; else 0.</param>
/// <param name="Unpacked">The largest packed matrix that is used at once, in single precision; 0 if all are plain.</param>
/// <param name="UnpackedBlock">All packed matrices of the largest block, in single precision.</param>
/// <param name="LargestMatrix">The largest plain matrix of a block that is used at once.</param>
/// <param name="LargestPacked">The largest packed one, as it is stored.</param>
/// <param name="Vectors">Bytes of the norms, biases and the like of a block in single precision.</param>
internal sealed record WeightSizes(
    long Kept, long TableRow, IReadOnlyList<BlockSize> Blocks, long Tables, long Head, long TiedHead, long Unpacked, long UnpackedBlock,
    long LargestMatrix, long LargestPacked, long Vectors)
{
    /// <summary>All weights with one packed matrix unpacked: what a resident model takes.</summary>
    public long Resident => Kept + Tables + Blocks.Sum(block => block.Total) + Head + Unpacked;

    /// <summary>Bytes for unpacked matrices if so many are free beside the largest one.</summary>
    public long UnpackedWithin(long spare) => Unpacked + Math.Clamp(UnpackedBlock - Unpacked, 0, Math.Max(0, spare));

    /// <summary>The most experts of a layer that so many rows are sent to, and how many it has; null if no layer has any.</summary>
    public (int Needed, int All)? Experts(long? rows) => Blocks.Any(block => block.Experts > 0)
        ? Blocks.Select(block => (block.NeededExperts(rows), block.Experts)).Max() : null;

    /// <summary>Bytes read from the disk by one pass of a run through so many blocks, without the head.</summary>
    public long ReadOnce(WeightDemand demand, int blocks) => Kept + demand.Tokens * TableRow
        + Blocks.Take(blocks).Sum(block => block.Always + block.OfExperts(demand.Rows));

    /// <summary>What a streamed model takes of a device.</summary>
    /// <param name="blocks">In flight; 0: matrices one after the other.</param>
    /// <param name="demand">What is asked of it.</param>
    public long Streamed(int blocks, WeightDemand demand) =>
        Kept + demand.Tokens * TableRow + (demand.Head ? Head + TiedHead : 0) + Unpacked + Vectors + (blocks == 0
            ? LargestMatrix + LargestPacked
            : blocks * Blocks.Max(block => block.Always) + Blocks.Max(block => block.OfExperts(demand.Rows)));

    /// <summary>As the files have them.</summary>
    public static WeightSizes Of(ModelShape shape, WeightFiles files) => Of(
        shape,
        WeightPlan.Units(shape, files.Has),
        weight => files.Entries(weight).Sum(entry => entry.ByteLength),
        weight => files.FindPacked(weight) != null);

    /// <summary>As the config says.</summary>
    public static WeightSizes Of(ModelConfig config)
    {
        var form = config.StoredForm;
        var size = config.StoredType is "bfloat16" or "float16" ? 2 : config.StoredType == "float64" ? 8 : 4;
        return Of(config.Shape, WeightPlan.Units(config.Shape), Bytes, IsPacked);

        long Bytes(ExpectedWeight weight) => IsPacked(weight) ? (long)(Count(weight) * form!.BitsPerWeight / 8) : Count(weight) * size;

        bool IsPacked(ExpectedWeight weight) => form != null && weight is { Layer: not null, IsHead: false };
    }

    private static WeightSizes Of(
        ModelShape shape, WeightUnits units, Func<ExpectedWeight, long> bytes, Func<ExpectedWeight, bool> isPacked)
    {
        var layers = units.Blocks.SelectMany(block => block).Where(weight => weight.Layer != null).ToArray();
        return new(
            units.First.Except(units.Tables).Concat(units.Last).Sum(bytes),
            units.Tables.Sum(table => bytes(table) / table.Rows),
            [.. units.Blocks.Select((block, layer) => SizeOf(block, shape.Blocks[layer].Experts, bytes))],
            units.Tables.Sum(bytes),
            units.Head.Sum(bytes),
            units.HasHead && !units.Head.Any(weight => weight.Layer != null) ? bytes(units.Tables[0]) : 0,
            layers.Concat(units.Head.Where(weight => weight.Layer != null)).Where(isPacked)
                .Select(weight => sizeof(float) * weight.Layer!.PartSize).DefaultIfEmpty(0).Max(),
            units.Blocks.Max(block => block.Where(isPacked)
                .Sum(weight => weight.Layer!.Parts * UnpackedMatrices.BytesFor(weight.Layer.PartSize))),
            Largest(weight => !isPacked(weight)),
            Largest(isPacked),
            units.Blocks.Max(block => block.Where(weight => weight.Layer == null).Sum(weight => sizeof(float) * Count(weight))));

        long Largest(Func<ExpectedWeight, bool> which) =>
            layers.Where(which).Select(weight => bytes(weight) / weight.Layer!.Parts).DefaultIfEmpty(0).Max();
    }

    private static BlockSize SizeOf(IReadOnlyList<ExpectedWeight> block, ExpertsPart? experts, Func<ExpectedWeight, long> bytes)
    {
        var always = block.Where(weight => !weight.IsOfExperts).Sum(bytes);
        return experts == null ? new(always)
            : new(always, experts.Count, experts.Chosen, block.Where(weight => weight.IsOfExperts).Sum(bytes) / experts.Count);
    }

    private static long Count(ExpectedWeight weight) => (long)weight.Rows * weight.Columns;
}
