using Emergence.Files;
using Emergence.Information;
using Emergence.Measurement.Grid;
using Emergence.Measurement.Results;
using Emergence.Measurement.Run;
using Emergence.Measurement.Settings;
using Emergence.Reports;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>What <c>measure</c> and <c>demo</c> do once they know the settings.</summary>
internal static class MeasureRun
{
    /// <summary>Measures, prints IE and returns the code of the run.</summary>
    public static ExitCode Execute(MeasurementSettings settings, string folder, bool json, bool noColor)
    {
        OutputPath.RequireFolder("--out", folder);
        using var interruption = new Interruption(resumes: true);
        using var plan = new MeasurementPlan(settings);
        Announce(plan);
        using var progress = new Progress(plan.Grid.Count, noColor);
        var results = plan.Run(folder, progress.Skip, cell => progress.Advance(Name(cell)), boundary => Console.Error.WriteLine($"self-check between boundaries {boundary} and {boundary + 1}"), interruption.Token);
        progress.Dispose();

        var report = RunReport.Write(results, folder);
        Print(results, json);
        (json ? Console.Error : Console.Out).WriteLine($"report: {Path.GetFullPath(report)}");
        if (results.ExitCode != ExitCode.Ok)
            Console.Error.WriteLine(Complaint(results));
        return results.ExitCode;
    }

    /// <summary>What would be done, how long it takes at most and what memory of the device it needs; fails where that is not there.</summary>
    public static ExitCode DryRun(MeasurementSettings settings, string folder, bool json)
    {
        OutputPath.RequireFolder("--out", folder);
        using var plan = new MeasurementPlan(settings);
        Announce(plan);
        var estimate = CostEstimate.Of(plan);
        var table = new Table(TableColumn.Integer("cells"), TableColumn.Number("seconds_at_most", 0), TableColumn.Number("memory_bytes", 0), TableColumn.Integer("sequences"), TableColumn.Integer("prefixes"));
        table.Add(plan.Grid.Count, estimate.Seconds is { } most ? most : TableCell.Empty, (double)estimate.Memory.Needed, plan.Data.Count, estimate.Prefixes);
        Console.Out.Write(Table.Write([table, MemoryReport.Table(estimate.Memory, plan)], json ? TableFormat.Json : TableFormat.Text));
        if (!estimate.Memory.Fits)
            throw new EmergenceException(MemoryReport.Shortage(estimate.Memory, plan.Device.Name));
        if (!json)
            Console.Out.WriteLine(estimate.Seconds is { } seconds ? $"at most {Progress.Duration(seconds)}: trainings that reach the exact value or level end earlier" : "not timed: the emulator is for a few small cells");
        return ExitCode.Ok;
    }

    internal static void Announce(MeasurementPlan plan)
    {
        Console.Error.WriteLine($"model {plan.Folder}: {plan.Config.Summary}");
        Console.Error.WriteLine($"device {plan.Device.Name}: {plan.Device.Description}");
        Console.Error.WriteLine($"data {plan.Data.Name}: {plan.Data.Count} sequences of {plan.Data.Length} tokens, {(plan.Data.IsEnumeration ? "all there are" : "a sample")}, H {plan.Data.PrefixBits[^1]:0.000} bits");
        foreach (var note in plan.Data.Notes)
            Console.Error.WriteLine(note);
        Console.Error.WriteLine($"settings: {RunManifest.Settings(plan).ToJsonString()}");
    }

    private static void Print(RunResults results, bool json)
    {
        var tables = new RunTables(results);
        Console.Out.Write(Table.Write(tables.OfEmergence, json ? TableFormat.Json : TableFormat.Text));
        if (results.Emergence.Count == 0)
            Console.Error.WriteLine("no IE: after T tokens it takes the macro cell of position T-1 and the micro cells of positions 0 to T-1; 'show' prints the cells there are");
        if (results.SelfCheck.Count > 0)
            (json ? Console.Error : Console.Out).WriteLine($"self-check: {results.SelfCheck.Count(line => line.Check.Holds)} of {results.SelfCheck.Count} relations hold");
    }

    internal static string Name(CellResult cell) =>
        $"{cell.Cell.Kind.ToString().ToLowerInvariant()} {cell.Cell.Boundary}-{cell.Cell.Boundary + 1} t{cell.Cell.Position}: {(cell.Information.Verdict == Verdict.Failed ? "failed" : $"{cell.Information.MiBits:0.000} of {cell.Information.ExactBits:0.000} bits")}";

    internal static string Complaint(RunResults results)
    {
        var failed = results.Cells.Where(cell => cell.Information.Verdict == Verdict.Failed).ToList();
        return failed.Count > 0
            ? $"{failed.Count} of {results.Cells.Count} cells failed, the first: {failed[0].Information.Failure}"
            : $"{results.Cells.Count(cell => cell.Information.EndedEarly)} of {results.Cells.Count} cells ended at the step limit: their values are what was reached by then";
    }
}
