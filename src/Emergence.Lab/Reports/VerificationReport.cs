using Emergence.Lab.Verification;
using Emergence.Tables;

namespace Emergence.Lab.Reports;

/// <summary>What <c>verify</c> prints: one row for an op and a shape. Errors span ten orders of magnitude.</summary>
internal static class VerificationReport
{
    public static Table Table(IEnumerable<OpResult> results)
    {
        var table = new Table(
            TableColumn.Text("op"), TableColumn.Text("shape"), TableColumn.Integer("elements"), TableColumn.Magnitude("max_error"), TableColumn.Magnitude("mean_error"), TableColumn.Magnitude("bound"), TableColumn.Number("of_bound", 4), TableColumn.Text("verdict"), TableColumn.Text("note"));
        foreach (var result in results)
            table.Add(result.Op, result.Shape, result.Elements, result.MaxError, result.MeanError, result.Bound, result.OfBound, result.Failure == null ? "ok" : "WRONG", result.Failure);
        return table;
    }

    /// <summary>A wrong result is a regression.</summary>
    public static ExitCode ExitCode(IEnumerable<OpResult> results) => results.Any(result => result.Failure != null) ? Emergence.Devices.ExitCode.Regression : Emergence.Devices.ExitCode.Ok;
}
