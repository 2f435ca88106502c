using Emergence.Information;
using Emergence.Information.Exact;
using Emergence.Tables;

namespace Emergence.Cli;

/// <summary>Bits of every row: which rows carry the information. The mean of a column is the estimate, up to its bias.</summary>
internal static class LocalValues
{
    public static Table Of(JointClasses joint, int window, IReadOnlyList<string> estimators)
    {
        var columns = estimators.Select(name => (Name: name, Bits: RowInformation.Of(name, joint, window)))
            .Where(column => column.Bits != null).ToList();
        if (columns.Count == 0)
            throw new EmergenceException(
                $"--local: expected an estimator of {string.Join(", ", RowInformation.Estimators)} that works on these rows",
                ExitCode.Usage);
        var table = new Table([TableColumn.Integer("row"), .. columns.Select(column => TableColumn.Number(column.Name, 6))]);
        for (var row = 0; row < columns[0].Bits!.Length; row++)
            table.Add([(long)row, .. columns.Select(column => TableCell.Known(column.Bits![row]))]);
        return table;
    }
}
