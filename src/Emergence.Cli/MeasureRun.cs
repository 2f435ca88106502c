using System.Text.Json.Nodes;
using Emergence.Capture;
using Emergence.Devices;
using Emergence.Files;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Settings;
using Emergence.Measurement.Shards;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>What <c>measure</c> and <c>demo</c> do once they know the settings.</summary>
internal static class MeasureRun
{
    /// <summary>Measures, prints IE and returns the code of the run.</summary>
    /// <param name="settings">What to measure.</param>
    /// <param name="folder">RUN.</param>
    /// <param name="json">Print one JSON array.</param>
    /// <param name="noColor">Write the bar plain.</param>
    /// <param name="stopOn">A signal beside the usual ones that ends the work as SIGTERM does; none by default.</param>
    /// <param name="replaces">Told the manifest of another run in the folder: whether that run may be deleted to make room; none may by
    /// default.</param>
    /// <param name="language">The language of the page.</param>
    /// <param name="routing">Whether to count where the routers of a mixture of experts send the tokens.</param>
    public static ExitCode Execute(MeasurementSettings settings, string folder, bool json, bool noColor, string? stopOn = null,
        Func<JsonObject, bool>? replaces = null, PageLanguage? language = null, bool routing = false)
    {
        OutputPath.RequireFolder("--out", folder);
        using var interruption = new Interruption(resumes: true, stopOn);
        ModelFolder.Ensure(settings.Model, interruption.Token);
        using var plan = new MeasurementPlan(settings);
        if (routing)
            RoutingRun.RequireExperts(plan.Config);
        Announce(plan);
        if (settings.Shard is { } part)
            Console.Error.WriteLine($"shard {part}: {plan.Cells.Count} of {plan.Grid.Count} cells");
        if (plan.Cells.Count == 0)
            return ExitCode.Ok;
        using var progress = new Progress(plan.Cells.Count, noColor);
        var results = plan.Run(folder, progress.Skip, cell => progress.Advance(Name(cell)), boundary =>
            Console.Error.WriteLine($"self-check between boundaries {boundary} and {boundary + 1}"), interruption.Token, replaces,
            Console.Error.WriteLine);
        progress.Dispose();
        if (results.Damage != null)
            Console.Error.WriteLine($"{results.Damage}: what is behind that was measured again");
        if (settings.Shard is { } shard)
            return Finish(shard, plan, results);

        var routed = routing ? RoutingReport.Write(plan, results, folder, interruption.Token) : null;
        var report = RunReport.Write(results, folder, language);
        Print(results, json);
        if (routed != null)
            (json ? Console.Error : Console.Out).Write(routed.ToString());
        (json ? Console.Error : Console.Out).WriteLine($"report: {Path.GetFullPath(report)}");
        if (results.ExitCode != ExitCode.Ok)
            Console.Error.WriteLine(Complaint(results));
        return results.ExitCode;
    }

    /// <summary>A shard is done when its cells have values; what they are worth is judged when all are there, by <c>report</c>.</summary>
    private static ExitCode Finish(Shard shard, MeasurementPlan plan, RunResults results)
    {
        var own = plan.Cells.ToHashSet();
        var failed = results.Cells.Where(cell => own.Contains(cell.Cell) && cell.Information.Failure != null).ToList();
        Console.Out.WriteLine($"shard {shard}: {own.Count - failed.Count} of {own.Count} cells have values");
        if (failed.Count > 0)
            Console.Error.WriteLine($"{failed.Count} cells failed, the first: {failed[0].Information.Failure}");
        return failed.Count > 0 ? ExitCode.SomeCellsFailed : ExitCode.Ok;
    }

    /// <summary>Writes the page of a run from its journals alone and returns the code of the run; the page is there also if cells are
    /// missing.</summary>
    public static ExitCode Report(string folder, PageLanguage language)
    {
        var results = RunResults.Read(folder, out var damage);
        Console.Out.WriteLine($"report: {Path.GetFullPath(RunReport.Write(results, folder, language))}");
        if (damage != null)
            throw new EmergenceException($"{damage}; the page is of the {results.Cells.Count} cells that are intact");
        if (results.MissingCells > 0)
            throw new EmergenceException(
                $"{results.MissingCells} of {results.MissingCells + results.Cells.Count} cells are not measured yet: the page is of the "
                + $"others");
        if (results.ExitCode != ExitCode.Ok)
            Console.Error.WriteLine(Complaint(results));
        return results.ExitCode;
    }

    /// <summary>What would be done, how long it takes at most and what memory of the device it needs; fails if that is not
    /// there.</summary>
    /// <param name="settings">What would be measured.</param>
    /// <param name="folder">RUN.</param>
    /// <param name="json">Print one JSON array.</param>
    /// <param name="shards">Largest number of shards whose speed-up is printed; 0: none is.</param>
    /// <param name="job">Instead of tables the file of a job, from what a shard asks for; none by default.</param>
    /// <param name="routing">The run would count where the routers of a mixture of experts send the tokens.</param>
    public static ExitCode DryRun(MeasurementSettings settings, string folder, bool json, int shards = 0,
        Func<JobTask, string>? job = null, bool routing = false)
    {
        OutputPath.RequireFolder("--out", folder);
        ModelFolder.Ensure(settings.Model, CancellationToken.None);
        using var plan = new MeasurementPlan(settings);
        if (routing)
            RoutingRun.RequireExperts(plan.Config);
        Announce(plan);
        var estimate = CostEstimate.Of(plan);
        var table = new Table(TableColumn.Integer("cells"), TableColumn.Number("seconds", 0), TableColumn.Number("seconds_at_most", 0),
            TableColumn.Number("memory_bytes", 0), TableColumn.Integer("sequences"), TableColumn.Integer("prefixes"),
            TableColumn.Number("disk_bytes", 0));
        table.Add(plan.Grid.Count, TableCell.Known(estimate.LikelySeconds), TableCell.Known(estimate.Seconds),
            (double)estimate.Memory.Needed, plan.Data.Count, estimate.Prefixes, (double)estimate.Memory.DiskBytes);
        Console.Error.WriteLine(MemoryReport.Placement(estimate.Memory));
        if (estimate.Times is { OfLink: > 0 } times)
            Console.Error.WriteLine(MemoryReport.Bound(times));
        var shared = shards > 0 ? ShardEstimate.Of(plan, estimate, shards) : [];
        if (job != null && estimate.Memory.Fits)
        {
            var threads = settings.DeviceOptions.Threads;
            Console.Out.Write(job(new(shared[^1].Shards, threads > 0 ? threads : HostThreads.Allocated, estimate.Memory.Needed,
                shared[^1].Seconds, plan.Device.Traits.Scale == DeviceScale.Gpu)));
            return ExitCode.Ok;
        }

        Console.Out.Write(Table.Write([table, MemoryReport.Table(estimate.Memory, plan), .. shards > 0 ? [Shards(shared)] : (Table[])[]],
            json ? TableFormat.Json : TableFormat.Text));
        if (!estimate.Memory.Fits)
            throw new EmergenceException(estimate.Memory.Shortage(plan.Device.Name));
        ScratchFile.Require(settings.ModelOptions.Scratch ?? folder, estimate.Memory.ScratchBytes);
        if (!json)
            Console.Out.WriteLine(InWords(estimate));
        return ExitCode.Ok;
    }

    private static string InWords(CostEstimate estimate)
    {
        const string AtMost = "trainings that reach the exact value or level end before their step limit";
        return (estimate.LikelySeconds, estimate.Seconds) switch
        {
            (_, null) => "not timed: the emulator is for a few small cells",
            (null, { } most) => $"at most {Progress.Duration(most)}: {AtMost}",
            ({ } likely, { } most) when likely < most =>
                $"about {Progress.Duration(likely)}, at most {Progress.Duration(most)}: {AtMost}",
            (_, { } all) => $"about {Progress.Duration(all)}",
        };
    }

    private static Table Shards(IReadOnlyList<ShardEstimate> shared)
    {
        var table = new Table(TableColumn.Integer("shards"), TableColumn.Integer("cells_of_largest"),
            TableColumn.Number("seconds_of_slowest", 0), TableColumn.Number("speed_up", 2));
        foreach (var row in shared)
            table.Add(row.Shards, row.Cells, row.Seconds, row.SpeedUp);
        return table;
    }

    internal static void Announce(MeasurementPlan plan)
    {
        Console.Error.WriteLine($"model {plan.Folder}: {plan.Config.Summary}");
        Console.Error.WriteLine($"device {plan.Device.Name}: {plan.Device.Description}");
        Console.Error.WriteLine(
            $"data {plan.Data.Name}: {plan.Data.Count} sequences of {plan.Data.Length} tokens, "
            + $"{(plan.Data.IsEnumeration ? "all there are" : "a sample")}, H {plan.Data.PrefixBits[^1]:0.000} bits");
        foreach (var note in plan.Data.Notes)
            Console.Error.WriteLine(note);
        Console.Error.WriteLine($"settings: {SettingTable.Record(plan).ToJsonString()}");
    }

    private static void Print(RunResults results, bool json)
    {
        var (noise, tables) = (new NoiseResults(results), new RunTables(results));
        var ofNoise = new NoiseTables(noise);
        if (!json && noise.HasEmergence)
            Console.Out.WriteLine(new NoiseWords(noise, results).Summary + "\n");
        Console.Out.Write(Table.Write([.. noise.HasEmergence ? [ofNoise.Means, ofNoise.Layers] : (Table[])[], .. tables.OfEmergence],
            json ? TableFormat.Json : TableFormat.Text));
        if (results.Emergence.Count == 0)
            Console.Error.WriteLine(
                "no IE: after T tokens it takes the macro cell of position T-1 and the micro cells of positions 0 to T-1; 'show' prints "
                + "the cells there are");
        if (results.SelfCheck.Count > 0)
            (json ? Console.Error : Console.Out)
                .WriteLine($"self-check: {results.SelfCheck.Count(check => check.Holds)} of {results.SelfCheck.Count} relations hold");
    }

    internal static string Name(CellResult result)
    {
        var (cell, information) = (result.Cell, result.Information);
        var value = information.Verdict == Verdict.Failed ? "failed" : $"{information.MiBits:0.000} of {information.ExactBits:0.000} bits";
        return $"{cell.Kind.Word()} {cell.Boundary}-{cell.Boundary + 1} t{cell.Position}: {value}";
    }

    internal static string Complaint(RunResults results)
    {
        var failed = results.Cells.Where(cell => cell.Information.Verdict == Verdict.Failed).ToList();
        return failed.Count > 0
            ? $"{failed.Count} of {results.Cells.Count} cells failed, the first: {failed[0].Information.Failure}"
            : $"{results.Cells.Count(cell => cell.Information.EndedEarly)} of {results.Cells.Count} cells ended at the step limit: their "
                + $"values are what was reached by then";
    }
}
