using System.Globalization;
using Emergence.Measurement.Settings;
using Emergence.Messages;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>What <c>measure --dry-run</c> says of the device's memory.</summary>
internal static class MemoryReport
{
    /// <summary>Part by part; the last row is what the device has.</summary>
    public static Table Table(MemoryPlan memory, MeasurementPlan plan)
    {
        var table = new Table(TableColumn.Text("memory"), TableColumn.Number("bytes", 0), TableColumn.Text("of"));
        table.Add("weights", (double)memory.Weights, memory.Blocks is { } blocks ? Streamed(blocks)
            : $"{plan.Config.Parameters:N0} as stored");
        if (memory.Unpacked > 0)
            table.Add("unpacked", (double)memory.Unpacked, memory.Unpacked >= memory.UnpackedBlock
                ? "packed matrices of a block in single precision"
                : $"packed matrices in single precision, of {memory.UnpackedBlock:N0} of a block: the last ones take turns");
        table.Add("boundaries", (double)memory.Boundaries, memory.ScratchBytes == 0 ? "two of both passes"
            : $"what is in memory of two of both passes, {memory.ScratchBytes:N0} bytes in scratch files");
        table.Add("forward pass", (double)memory.Forward, $"inside of a block, tiles of {memory.TileRows:N0} rows");
        if (memory.States > 0)
            table.Add("states", (double)memory.States, $"of a recurrence, in {memory.Places:N0} places along the paths of prefixes");
        if (memory.Noise > 0)
            table.Add("noise", (double)memory.Noise,
                $"draws of {RunWords.Plural(plan.Grid.Seeds.Count, "seed")}, and a side read through them");
        if (memory.Critic > 0)
        {
            table.Add("critic inputs", (double)memory.Inputs, $"{memory.Critics} trainings side by side");
            table.Add("critics", (double)(memory.Critics * memory.Critic),
                $"{memory.Critics} of at most {memory.Critic:N0}, with their workspaces");
            table.Add("kept free", (double)memory.Reserved, "for the ops beside trainings");
        }

        if (memory.Host > 0)
        {
            table.Add("classes", (double)memory.Host, "distinct rows of two boundaries, what whitens them, and the program's own growth");
            table.Add("held", (double)memory.Held, "by the program before it begins");
        }

        table.Add("free", (double)memory.Free, plan.Device.MemoryLimit is { } limit
            ? $"of --memory {ByteSize.Write(limit)} on device {plan.Device.Name}"
            : $"on device {plan.Device.Name} ({plan.Device.Path})");
        return table;

        string Streamed(int inFlight) => inFlight switch
        {
            0 => $"streamed, one matrix at a time, read again for every tile of rows{Experts()}; norms, rows of tokens that occur",
            1 => $"streamed, one block at a time{Experts()}; norms, rows of tokens that occur",
            _ => $"streamed, one block and the next one{Experts()}; norms, rows of tokens that occur",
        };

        string Experts() => memory.Experts is { } experts ? $", of {experts.All} experts of a layer at most {experts.Needed}" : "";
    }

    /// <summary>What bounds a streamed block on a device with memory of its own, beside the disk.</summary>
    public static string Bound(CostTimes times) => string.Create(
        CultureInfo.InvariantCulture,
        $"a block takes {times.OfRows:0.0000} s for its rows and {times.OfLink:0.0000} s from the host's memory to the device's, beside "
        + $"the block before it: {(times.OfLink > times.OfRows ? "the link" : "arithmetic")} is the bound, unless the disk is slower");

    /// <summary>Where the weights are and what is read from the disk.</summary>
    public static string Placement(MemoryPlan memory) =>
        $"weights {(memory.Blocks == null ? "resident" : "streamed")}: {memory.Reason}; {ByteSize.Rounded(memory.DiskBytes)} are read from "
        + $"the disk{(memory.Blocks == null ? "" : ", and the rest of the files unless their SHA-256 is known")}";
}
