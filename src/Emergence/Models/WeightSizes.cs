using Emergence.Devices;

namespace Emergence.Models;

/// <summary>Bytes of a model's weights as they are stored, and what streaming them takes.</summary>
/// <param name="Kept">What stays whatever is streamed: norms and what belongs to no block.</param>
/// <param name="TableRow">One token's rows of the tables of which only needed rows are read.</param>
/// <param name="Blocks">Of each block.</param>
/// <param name="Tables">Of the whole tables.</param>
/// <param name="Head">Of what the head has of its own.</param>
/// <param name="Unpacked">The largest packed matrix that is used at once, in single precision; 0 where all are plain.</param>
/// <param name="LargestMatrix">The largest plain matrix of a block that is used at once.</param>
internal sealed record WeightSizes(
    long Kept, long TableRow, IReadOnlyList<long> Blocks, long Tables, long Head, long Unpacked, long LargestMatrix)
{
    /// <summary>All weights with one packed matrix unpacked: what a resident model takes.</summary>
    public long Resident => Kept + Tables + Blocks.Sum() + Head + Unpacked;

    /// <summary>Bytes read from the disk by one pass of so many distinct tokens through so many blocks, without the head.</summary>
    public long ReadOnce(long tokens, int blocks) => Kept + tokens * TableRow + Blocks.Take(blocks).Sum();

    /// <summary>What a streamed model takes of a device.</summary>
    /// <param name="device">On one that is not the host the block that is read ahead lies in the host's memory.</param>
    /// <param name="blocks">In flight; 0: matrices one after the other.</param>
    /// <param name="tokens">Distinct ones.</param>
    public long Streamed(Device device, int blocks, long tokens) =>
        Kept + tokens * TableRow + Unpacked + (blocks == 0 ? LargestMatrix : (device is HostDevice ? blocks : 1) * Blocks.Max());

    /// <summary>As the files have them.</summary>
    public static WeightSizes Of(ModelShape shape, WeightFiles files) => Of(
        WeightPlan.Units(shape, files.Has),
        weight => files.Entries(weight).Sum(entry => entry.ByteLength),
        weight => files.FindPacked(weight) != null);

    /// <summary>As the config says.</summary>
    public static WeightSizes Of(ModelConfig config)
    {
        var form = config.StoredForm;
        var size = config.StoredType is "bfloat16" or "float16" ? 2 : config.StoredType == "float64" ? 8 : 4;
        return Of(WeightPlan.Units(config.Shape), Bytes, IsPacked);

        long Bytes(ExpectedWeight weight) => IsPacked(weight) ? (long)(Count(weight) * form!.BitsPerWeight / 8) : Count(weight) * size;

        bool IsPacked(ExpectedWeight weight) => form != null && weight is { Layer: not null, IsHead: false };
    }

    private static WeightSizes Of(WeightUnits units, Func<ExpectedWeight, long> bytes, Func<ExpectedWeight, bool> isPacked)
    {
        var layers = units.Blocks.SelectMany(block => block).Where(weight => weight.Layer != null).ToArray();
        return new(
            units.First.Except(units.Tables).Concat(units.Last).Sum(bytes),
            units.Tables.Sum(table => bytes(table) / table.Rows),
            [.. units.Blocks.Select(block => block.Sum(bytes))],
            units.Tables.Sum(bytes),
            units.Head.Sum(bytes),
            layers.Concat(units.Head.Where(weight => weight.Layer != null)).Where(isPacked)
                .Select(weight => sizeof(float) * weight.Layer!.PartSize).DefaultIfEmpty(0).Max(),
            layers.Where(weight => !isPacked(weight)).Select(weight => bytes(weight) / weight.Layer!.Parts).DefaultIfEmpty(0).Max());
    }

    private static long Count(ExpectedWeight weight) => (long)weight.Rows * weight.Columns;
}
