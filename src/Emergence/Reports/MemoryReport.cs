using System.Globalization;
using Emergence.Measurement.Settings;
using Emergence.Tables;

namespace Emergence.Reports;

/// <summary>What <c>measure --dry-run</c> says of the device's memory.</summary>
internal static class MemoryReport
{
    /// <summary>Part by part; the last row is what the device has.</summary>
    public static Table Table(MemoryPlan memory, MeasurementPlan plan)
    {
        var table = new Table(TableColumn.Text("memory"), TableColumn.Number("bytes", 0), TableColumn.Text("of"));
        table.Add("weights", (double)memory.Weights, $"{plan.Config.Parameters:N0} as stored");
        table.Add("boundaries", (double)memory.Boundaries, "two of both passes");
        table.Add("forward pass", (double)memory.Forward, $"inside of a block, tiles of {memory.TileRows:N0} rows");
        if (memory.Critic > 0)
        {
            table.Add("critic inputs", (double)memory.Inputs, $"{memory.Critics} trainings side by side");
            table.Add("critics", (double)(memory.Critics * memory.Critic),
                $"{memory.Critics} of at most {memory.Critic:N0}, with their workspaces");
            table.Add("kept free", (double)memory.Reserved, "for the ops beside trainings");
        }

        table.Add("free", (double)memory.Free, $"on device {plan.Device.Name} ({plan.Device.Path})");
        return table;
    }

    /// <summary>One line for a plan that does not fit.</summary>
    public static string Shortage(MemoryPlan memory, string device) => string.Create(
        CultureInfo.InvariantCulture,
        $"does not fit into device {device}: needs {Size(memory.Needed)}, {Size(memory.Free)} free; take fewer sequences, a smaller "
            + $"preset or another device");

    private static string Size(long bytes) => bytes >= 1_000_000_000 ? $"{bytes / 1e9:0.0} GB" : $"{bytes / 1e6:0.0} MB";
}
