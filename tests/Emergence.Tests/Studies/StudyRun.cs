using Emergence.Studies;
using Emergence.Tables;

namespace Emergence.Tests.Studies;

/// <summary>A study in a folder of its own, on the device of the host.</summary>
internal static class StudyRun
{
    public static StudyResult Of(Study study, IReadOnlyList<string> models, params (string Name, string Value)[] values) =>
        In(TestData.TemporaryFolder(), study, models, values);

    public static StudyResult In(string folder, Study study, IReadOnlyList<string> models, params (string Name, string Value)[] values)
    {
        using var context = Context(folder, study, models, values);
        return context.Run().Result;
    }

    public static StudyContext Context(string folder, Study study, IReadOnlyList<string> models,
        params (string Name, string Value)[] values) =>
        new(study, Settings(models, values), folder, new StudyProgress(), CancellationToken.None);

    /// <summary>A number of a table by the names of its columns.</summary>
    public static double Number(StudyResult result, string table, string column, params (string Column, string Value)[] where)
    {
        var rows = result.Tables.Single(named => named.Name == table).Table;
        var names = rows.Columns.Select(entry => entry.Name).ToList();
        var row = rows.Rows.Single(cells => where.All(pair => Shown(cells, names.IndexOf(pair.Column)) == pair.Value));
        return row[names.IndexOf(column)].Value;

        string Shown(IReadOnlyList<TableCell> cells, int at) => cells[at].Show(rows.Columns[at] with { Digits = 3 });
    }

    private static StudySettings Settings(IReadOnlyList<string> models, (string Name, string Value)[] values) => new()
    {
        Models = models,
        Device = "cpu",
        Values = values.GroupBy(pair => pair.Name)
            .ToDictionary(group => group.Key, group => (IReadOnlyList<string>)[.. group.Select(pair => pair.Value)]),
    };
}
